import { describe, expect, it } from 'vitest';
import { VARIABLES } from '../../src/clinical/variables.js';
import { Bed, LINE, WELL } from './trust-helpers.js';

describe('an arterial line', () => {
  it('that is flushed has no pulse: an artefact, and what comes after is used', () => {
    const bed = new Bed();
    bed.keep(0, 10, WELL);
    const flush = { sbpInvasive: 232, dbpInvasive: 224, mapInvasive: 228 };
    expect(bed.tell(10, flush)).toEqual({
      sbpInvasive: 'flush',
      dbpInvasive: 'flush',
      mapInvasive: 'flush',
    });
    expect(bed.tell(11, LINE)).toEqual({});
    expect(bed.trust.isClear).toBe(true);
  });

  it('that is flushed shows it by its mean alone, above 200', () => {
    const bed = new Bed();
    expect(bed.tell(0, { mapInvasive: 214 })).toEqual({ mapInvasive: 'flush' });
    expect(bed.tell(1, { mapInvasive: 199 })).toEqual({});
  });

  it('that is tested by a square wave has more of a pulse than a body', () => {
    const square = { sbpInvasive: 295, dbpInvasive: 60, mapInvasive: 214 };
    expect(Object.values(new Bed().tell(0, square))).toEqual(['flush', 'flush', 'flush']);
  });

  it('that is closed for a blood sample has nothing left of its pulse, and its mean is none', () => {
    const bed = new Bed();
    bed.keep(0, 10, { sbpInvasive: 74, dbpInvasive: 40, mapInvasive: 51 });
    const closed = bed.tell(10, { sbpInvasive: 96, dbpInvasive: 94, mapInvasive: 95 });
    expect(Object.keys(closed)).toEqual(['sbpInvasive', 'dbpInvasive', 'mapInvasive']);
  });

  it('that is low and well at once, with a pulse, is doubted until it has lasted, or a cuff says the same', () => {
    const low = { sbpInvasive: 74, dbpInvasive: 40, mapInvasive: 51 };
    const well = (more: number) => ({ sbpInvasive: 140 + more, dbpInvasive: 80, mapInvasive: 100 + more });
    const bed = new Bed();
    bed.keep(0, 10, low);
    expect(Object.values(bed.tell(10, well(0)))).toEqual(['jump', 'jump', 'jump']);
    bed.tell(11, well(1));
    bed.tell(12, well(0));
    expect(bed.tell(13, well(2))).toEqual({});
    const other = new Bed();
    other.keep(0, 10, low);
    expect(other.tell(10, { ...well(0), mapCuff: 96 })).toEqual({});
  });

  it('in kPa is what it was, divided by 7.5, and no arrest', () => {
    const bed = new Bed();
    bed.keep(0, 10, WELL);
    const kPa = { sbpInvasive: 15.9, dbpInvasive: 8.1, mapInvasive: 10.6 };
    expect(Object.values(bed.tell(10, { ...WELL, ...kPa }))).toEqual(Array(3).fill('maybe-unit'));
    expect(bed.isArrest).toBe(false);
  });

  it('whose tap is closed stands high without a pulse', () => {
    const bed = new Bed();
    expect(bed.tell(0, { sbpInvasive: 131, dbpInvasive: 128, mapInvasive: 130 })).toEqual({
      sbpInvasive: 'flush',
      dbpInvasive: 'flush',
      mapInvasive: 'flush',
    });
  });

  it('that is damped has lost its pulse and kept its mean, which is used', () => {
    const bed = new Bed();
    bed.keep(0, 10, LINE);
    const damped = { sbpInvasive: 86, dbpInvasive: 76, mapInvasive: 79 };
    expect(bed.tell(10, damped)).toEqual({ sbpInvasive: 'damped', dbpInvasive: 'damped' });
    expect(bed.tell(20, damped)).toEqual({ sbpInvasive: 'damped', dbpInvasive: 'damped' });
  });

  it('whose pulse narrows with its mean, as in tamponade, is believed', () => {
    const bed = new Bed();
    bed.keep(0, 10, LINE);
    expect(bed.tell(10, { sbpInvasive: 68, dbpInvasive: 52, mapInvasive: 58 })).toEqual({});
  });

  it('of a pump without a pulse is believed from the beginning', () => {
    expect(
      new Bed().keep(0, 90, { sbpInvasive: 78, dbpInvasive: 70, mapInvasive: 73 + 1 }),
    ).not.toMatchObject({
      sbpInvasive: 'damped',
    });
  });

  it('whose mean alone rises at once is doubted until it has lasted and varied', () => {
    const bed = new Bed();
    bed.keep(0, 5, { mapInvasive: 66 });
    for (let minute = 5; minute < 8; minute++) {
      expect(bed.tell(minute, { mapInvasive: 118 + (minute % 3) })).toEqual({ mapInvasive: 'jump' });
    }
    expect(bed.tell(8, { mapInvasive: 119 })).toEqual({});
    expect(bed.tell(9, { mapInvasive: 121 })).toEqual({});
  });

  it('whose mean comes back from a short dip is believed at once', () => {
    const bed = new Bed();
    bed.keep(0, 5, { mapInvasive: 66 });
    expect(bed.keep(5, 8, { mapInvasive: 39 })).toEqual({});
    expect(bed.tell(8, { mapInvasive: 72 })).toEqual({});
  });

  it('whose mean rises to one value that never varies is no body', () => {
    const bed = new Bed();
    bed.keep(0, 5, { mapInvasive: 66 });
    expect(bed.keep(5, 30, { mapInvasive: 123 })).toEqual({ mapInvasive: 'jump' });
    expect(bed.tell(30, { mapInvasive: 64 })).toEqual({});
  });

  it('has a systolic above a diastolic pressure', () => {
    const swapped = { sbpInvasive: 60, dbpInvasive: 120, mapInvasive: 80 };
    expect(new Bed().tell(0, swapped)).toMatchObject({
      sbpInvasive: 'inconsistent',
      dbpInvasive: 'inconsistent',
    });
  });

  it('that stands at one value for an hour is stuck, until it moves', () => {
    const bed = new Bed();
    expect(bed.keep(0, 60, { mapInvasive: 71 })).toEqual({});
    expect(bed.tell(60, { mapInvasive: 71 })).toEqual({ mapInvasive: 'stuck' });
    expect(bed.tell(61, { mapInvasive: 72 })).toEqual({});
  });
});

describe('line and cuff', () => {
  const cuff = (mapCuff: number) => ({ sbpCuff: mapCuff + 40, dbpCuff: mapCuff - 20, mapCuff });
  const line = (mapInvasive: number) => ({
    sbpInvasive: mapInvasive + 40,
    dbpInvasive: mapInvasive - 20,
    mapInvasive,
  });

  it('that contradict each other: the cuff is doubted, since the line is the better method', () => {
    const bed = new Bed();
    bed.tell(0, { ...line(80), ...cuff(78) });
    expect(bed.tell(10, { ...line(82), ...cuff(130) })).toEqual({
      sbpCuff: 'contradicted',
      dbpCuff: 'contradicted',
      mapCuff: 'contradicted',
    });
    expect(bed.tell(11, line(80))).toEqual({});
    expect(bed.tell(20, cuff(83))).toEqual({});
  });

  it('are told with what the other one says', () => {
    const bed = new Bed();
    bed.tell(0, { ...line(100), ...cuff(51), spo2: 0 });
    expect(
      bed.trust.doubts.map(({ variable, value, against }) => [VARIABLES[variable].id, value, against]),
    ).toEqual([
      ['sbpCuff', 91, 140],
      ['dbpCuff', 31, 80],
      ['mapCuff', 51, 100],
      ['spo2', 0, Number.NaN],
    ]);
  });

  it('that contradict each other after the line rose: a pressure too high hides a low one, so the line is doubted', () => {
    const bed = new Bed();
    const doubted = {
      sbpInvasive: 'contradicted',
      dbpInvasive: 'contradicted',
      mapInvasive: 'contradicted',
    };
    bed.tell(0, { ...line(70), ...cuff(72) });
    bed.keep(1, 10, line(128));
    expect(bed.tell(10, { ...line(128), ...cuff(70) })).toEqual(doubted);
    expect(bed.tell(20, line(127))).toEqual(doubted);
    expect(bed.tell(25, { ...line(74), ...cuff(71) })).toEqual({});
    expect(bed.tell(26, line(75))).toEqual({});
  });

  it('never hide a low pressure of the line whose pulse is another: that is the patient', () => {
    const bed = new Bed();
    const shock = { sbpInvasive: 60, dbpInvasive: 36, mapInvasive: 44 };
    bed.tell(0, { ...line(80), ...cuff(78) });
    bed.keep(1, 10, shock);
    expect(bed.tell(10, { ...shock, ...cuff(90) })).not.toHaveProperty('mapInvasive');
    expect(bed.tell(11, shock)).toEqual({});
  });

  it('that contradict each other after the line fell with its pulse as before: the transducer hangs elsewhere', () => {
    const bed = new Bed();
    bed.tell(0, { ...line(85), ...cuff(85) });
    expect(bed.tell(1, { ...line(43), ...cuff(85) })).toHaveProperty('mapInvasive', 'contradicted');
    expect(bed.tell(2, line(43))).toHaveProperty('mapInvasive', 'contradicted');
    expect(bed.tell(3, { ...line(84), ...cuff(86) })).toEqual({});
  });

  it('that fall together are believed', () => {
    const bed = new Bed();
    bed.tell(0, { ...line(85), ...cuff(85) });
    expect(bed.tell(1, { ...line(43), ...cuff(52) })).toEqual({});
  });

  it('are believed again after half an hour without a further contradiction', () => {
    const bed = new Bed();
    bed.tell(0, { ...line(70), ...cuff(72) });
    bed.tell(10, { ...line(128), ...cuff(70) });
    expect(bed.tell(39, line(126))).toHaveProperty('mapInvasive');
    expect(bed.tell(41, line(126))).toEqual({});
  });
});
