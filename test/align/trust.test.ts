import { describe, expect, it } from 'vitest';
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
  bed.tell(11.5, { spo2: 97 });
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
