import { describe, expect, it } from 'vitest';
import { VARIABLES } from '../../src/clinical/variables.js';
import { Bed, LINE, WELL } from './trust-helpers.js';

describe('a patient who is well', () => {
  it('has every value used, also what has never been told before', () => {
    const bed = new Bed();
    expect(bed.tell(0, { heartRate: 190, temperature: 41 })).toEqual({});
    expect(bed.tell(1, { sbpCuff: 240, dbpCuff: 130, mapCuff: 166, spo2: 71 })).toEqual({});
    expect(bed.trust.isClear).toBe(true);
  });
});

describe('signs that get worse at once', () => {
  // Faster than most bodies: that is no reason to hide it.
  it.each([
    ['mean pressure', { sbpInvasive: 62, dbpInvasive: 36, mapInvasive: 45 }],
    ['mean pressure alone', { mapInvasive: 38 }],
    ['a crisis', { sbpInvasive: 260, dbpInvasive: 140, mapInvasive: 180 }],
    ['slow heart', { heartRate: 30 }],
    ['fast heart', { heartRate: 210 }],
    ['saturation', { spo2: 62 }],
    ['breaths', { respRate: 45 }],
    ['breaths that cease', { respRate: 2 }],
    ['shock', { heartRate: 135, sbpInvasive: 70, dbpInvasive: 40, mapInvasive: 50, spo2: 84, respRate: 32 }],
  ])('are believed: %s', (_, values) => {
    const bed = new Bed();
    bed.keep(0, 10, WELL);
    expect(bed.tell(10, values)).toEqual({});
    expect(bed.tell(11, values)).toEqual({});
  });
});

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

describe('jumps', () => {
  it.each([
    ['heartRate', 80, 290],
    ['respRate', 16, 75],
    ['spo2', 97, 31],
  ])('of %s from %d to an implausible %d wait for a second value', (code, before, after) => {
    const bed = new Bed();
    bed.tell(0, { [code]: before });
    expect(bed.tell(1, { [code]: after })).toEqual({ [code]: 'jump' });
    expect(bed.tell(1.2, { [code]: after })).toEqual({ [code]: 'jump' });
    expect(bed.tell(2, { [code]: after })).toEqual({});
  });

  it.each([
    [40.6, 36.9],
    [37, 27.5],
  ])('of a temperature from %d to %d wait a quarter of an hour', (before, after) => {
    const bed = new Bed();
    bed.keep(0, 5, { temperature: before });
    expect(bed.keep(5, 20, { temperature: after })).toEqual({ temperature: 'jump' });
    expect(bed.tell(20, { temperature: after })).toEqual({});
  });

  it('of a temperature are told of a probe that slips on a monitor, not of what is charted now and then', () => {
    const bed = new Bed();
    bed.keep(0, 5, { temperature: 36.8 });
    expect(bed.keep(5, 19, { temperature: 30.2 })).toEqual({ temperature: 'jump' });
    expect(bed.tell(19, { temperature: 36.9 })).toEqual({});
    // It stays: then it is the body's.
    bed.keep(20, 35, { temperature: 31 });
    expect(bed.tell(35, { temperature: 31 })).toEqual({});
    expect(bed.tell(40, { temperature: 36.8 })).toEqual({});
    const charted = new Bed();
    charted.tell(0, { temperature: 36.8 });
    expect(charted.tell(5, { temperature: 31 })).toEqual({});
  });

  it('back to what was before an odd one are none', () => {
    const bed = new Bed();
    bed.keep(0, 10, { temperature: 37, spo2: 97 });
    expect(bed.keep(10, 12, { temperature: 30.2, spo2: 61 })).toEqual({ temperature: 'jump' });
    expect(bed.tell(12, { temperature: 37, spo2: 96 })).toEqual({});
  });

  it('of a low saturation that is well at once wait three minutes', () => {
    const bed = new Bed();
    bed.keep(0, 5, { spo2: 82 });
    expect(bed.keep(5, 8, { spo2: 97 })).toEqual({ spo2: 'jump' });
    expect(bed.tell(8, { spo2: 97 })).toEqual({});
  });

  it('between values that are charted far apart are none', () => {
    const bed = new Bed();
    bed.tell(0, { temperature: 40.6, mapInvasive: 50 });
    expect(bed.tell(60, { temperature: 36.9, mapInvasive: 95 })).toEqual({});
  });
});

describe('a monitor that stands still', () => {
  it('is told by all its signs at once, after half an hour', () => {
    const bed = new Bed();
    bed.keep(0, 30, WELL);
    expect(bed.tell(30, WELL)).toMatchObject({ heartRate: 'stuck', spo2: 'stuck', mapInvasive: 'stuck' });
    expect(bed.tell(31, { ...WELL, ...LINE, mapInvasive: 81, sbpInvasive: 122, spo2: 98 })).toEqual({});
  });

  it('is not told by a pacemaker, a ventilator and a saturation of 100 %', () => {
    const bed = new Bed();
    expect(bed.keep(0, 600, { heartRate: 80, respRate: 14, spo2: 100 })).toEqual({});
  });

  it('may be one heart rate, unless it is one that pacemakers have', () => {
    const bed = new Bed();
    expect(bed.keep(0, 120, { heartRate: 83 })).toEqual({});
    expect(bed.tell(120, { heartRate: 83 })).toEqual({ heartRate: 'stuck' });
    expect(bed.tell(121, { heartRate: 84 })).toEqual({});
  });

  it('may be one saturation below the top of its scale for four hours', () => {
    const bed = new Bed();
    expect(bed.keep(0, 240, { spo2: 93 })).toEqual({});
    expect(bed.tell(240, { spo2: 93 })).toEqual({ spo2: 'stuck' });
  });
});

describe('values that belong elsewhere', () => {
  const OTHER = { heartRate: 112, respRate: 25, spo2: 92, temperature: 38.2, mapInvasive: 104 };

  it('of another patient jump all at once: doubted for ten minutes, then believed', () => {
    const bed = new Bed();
    bed.keep(0, 10, WELL);
    expect(Object.keys(bed.tell(10, OTHER)).sort()).toEqual(Object.keys(OTHER).sort());
    expect(bed.tell(12, { heartRate: 110 })).toEqual({ heartRate: 'other-patient' });
    expect(bed.tell(20, OTHER)).toEqual({});
  });

  it('of another patient end when they are the old ones again', () => {
    const bed = new Bed();
    bed.keep(0, 10, WELL);
    bed.tell(10, OTHER);
    expect(bed.tell(11, WELL)).toEqual({});
    expect(bed.trust.isClear).toBe(true);
  });

  it('are not those of a patient who collapses, unless the temperature jumps as well', () => {
    const bed = new Bed();
    bed.keep(0, 10, WELL);
    const collapse = { heartRate: 128, respRate: 34, spo2: 82, mapInvasive: 52 };
    expect(bed.tell(10, collapse)).toEqual({});
    const another = new Bed();
    another.keep(0, 10, WELL);
    expect(another.tell(10, { ...collapse, temperature: 38.9 })).toMatchObject({
      heartRate: 'other-patient',
    });
  });

  it('are not those of a patient who collapses with another temperature than hours ago', () => {
    const bed = new Bed();
    const { temperature: _, ...rest } = WELL;
    bed.tell(0, WELL);
    bed.keep(110, 120, rest);
    const collapse = { heartRate: 128, respRate: 34, spo2: 82, mapInvasive: 52, temperature: 38.9 };
    expect(bed.tell(120, collapse)).toEqual({});
  });

  it('of two signs of one patient that have changed places', () => {
    const bed = new Bed();
    bed.keep(0, 10, WELL);
    expect(bed.tell(10, { ...WELL, heartRate: 97, spo2: 80 })).toEqual({
      heartRate: 'swapped',
      spo2: 'swapped',
    });
    expect(bed.tell(11, WELL)).toEqual({});
  });

  it('of heart rate and breaths that have changed places, though they move meanwhile', () => {
    const bed = new Bed();
    bed.keep(0, 10, { ...WELL, heartRate: 72 });
    for (const [minute, heartRate, respRate] of [
      [10, 16, 73],
      [11, 17, 75],
      [12, 15, 71],
    ]) {
      expect(bed.tell(minute, { ...WELL, heartRate, respRate })).toHaveProperty('respRate', 'swapped');
      expect(bed.isArrest).toBe(false);
    }
  });

  it('of signs that have changed places for as long as what they were is known', () => {
    const bed = new Bed();
    bed.keep(0, 10, { heartRate: 76, respRate: 21 });
    for (let minute = 10; minute < 39; minute++) {
      const exchanged = { heartRate: 20 + (minute % 3), respRate: 75 + (minute % 4) };
      expect(bed.tell(minute, exchanged), `at ${minute}`).toEqual({
        heartRate: 'swapped',
        respRate: 'swapped',
      });
    }
    expect(bed.tell(39, { heartRate: 77, respRate: 20 })).toEqual({});
  });
});

describe('late values', () => {
  it('are judged by what needs no past, and change nothing that is known', () => {
    const bed = new Bed();
    bed.keep(0, 10, { mapInvasive: 66 });
    expect(bed.tell(3, { mapInvasive: 210 })).toEqual({ mapInvasive: 'flush' });
    expect(bed.tell(4, { mapInvasive: 118 })).toEqual({});
    expect(bed.trust.isClear).toBe(true);
    expect(bed.tell(10, { mapInvasive: 118 })).toEqual({ mapInvasive: 'jump' });
  });
});

it.each([0, -100])('a late %d of a probe that was off says nothing of now', (none) => {
  const bed = new Bed();
  bed.keep(0, 10, WELL);
  bed.tell(10, { heartRate: 0 });
  bed.tell(11, { spo2: 96 });
  expect(bed.isArrest).toBe(false);
  for (const sign of ['spo2', 'respRate', 'mapInvasive']) bed.tell(8, { [sign]: none });
  expect(bed.isArrest).toBe(false);
  expect(bed.trust.doubts.map(({ value }) => value)).toEqual([0]);
  bed.tell(12, WELL);
  bed.tell(8.5, { spo2: none, respRate: none, mapInvasive: none });
  expect(bed.trust.isClear).toBe(true);
});

it('of a late result of the laboratory nothing is remembered', () => {
  const bed = new Bed();
  expect(bed.tell(30, { glucose: 5.6 })).toEqual({ glucose: 'maybe-unit' });
  bed.tell(10, { glucose: 120 }, true);
  expect(bed.trust.doubts).toMatchObject([{ value: 5.6 }]);
});

describe('units', () => {
  it.each([
    ['glucose', 5.6, true],
    ['glucose', 12, false],
    ['creatinine', 88 / 2, true],
    ['creatinine', 14, false],
    ['pao2', 11.5, true],
    ['pao2', 22, false],
    ['paco2', 5.3, true],
    ['paco2', 12, false],
    ['calciumIonised', 4.6, true],
    ['calciumIonised', 2.9, false],
    ['respRate', 120, true],
    ['respRate', 72, false],
    ['mapCuff', 12.4, true],
    ['mapCuff', 34.5, false],
  ])('%s of %d looks like another unit: %s', (code, value, isDoubted) => {
    expect(new Bed().tell(0, { [code]: value })).toEqual(isDoubted ? { [code]: 'maybe-unit' } : {});
  });
});
