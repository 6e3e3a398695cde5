import { describe, expect, it } from 'vitest';
import { Bed, LINE, moves, WELL } from './trust-helpers.js';

const GONE = { sbpInvasive: 26, dbpInvasive: 21, mapInvasive: 23 };

function well(): Bed {
  const bed = new Bed();
  bed.keep(0, 10, WELL);
  return bed;
}

describe('a cardiac arrest', () => {
  it('with the heart rate at 0 and the pressure gone is believed at once, and told since the first value', () => {
    const bed = well();
    expect(bed.tell(10, { ...GONE, heartRate: 0, spo2: 96 })).toEqual({});
    expect(bed.arrestSince).toBe(10);
    expect(bed.tell(11, { ...GONE, heartRate: 0, spo2: 71 })).toEqual({});
    expect(bed.tell(12, { heartRate: 0, spo2: 0 })).toEqual({ spo2: 'no-reading' });
    expect(bed.arrestSince).toBe(10);
  });

  it('is told by the heart rate alone until something contradicts it, however long', () => {
    const bed = new Bed();
    bed.keep(0, 10, { heartRate: 80 });
    expect(bed.tell(10, { heartRate: 0 })).toEqual({ heartRate: 'maybe-arrest' });
    expect(bed.arrestSince).toBe(10);
    bed.keep(11, 60, { heartRate: 0 });
    expect(bed.arrestSince).toBe(10);
    expect(bed.tell(60, { heartRate: 76 })).toEqual({});
    expect(bed.isArrest).toBe(false);
  });

  it('is told at the first value, also of a patient of whom nothing else is known', () => {
    const bed = new Bed();
    bed.tell(0, { heartRate: 0 });
    expect(bed.arrestSince).toBe(0);
  });

  it('without a pulse but with a rhythm is told by the pressure', () => {
    const bed = well();
    expect(bed.tell(10, { ...WELL, ...GONE })).toEqual({
      sbpInvasive: 'maybe-arrest',
      dbpInvasive: 'maybe-arrest',
      mapInvasive: 'maybe-arrest',
    });
    expect(bed.arrestSince).toBe(10);
    // The saturation falls: it is one, and the pressure is used.
    expect(bed.tell(11, { ...WELL, ...GONE, spo2: 83 })).toEqual({});
    expect(bed.arrestSince).toBe(10);
  });

  it.each([31, 38, 45, 52, 60])(
    'with a rhythm and a flat line at %d mmHg is told at once, however long, and is no damping',
    (mean) => {
      const bed = well();
      const flat = { sbpInvasive: mean + 2, dbpInvasive: mean - 2, mapInvasive: mean };
      expect(bed.tell(10, { ...WELL, ...flat })).toEqual({
        sbpInvasive: 'maybe-arrest',
        dbpInvasive: 'maybe-arrest',
        mapInvasive: 'maybe-arrest',
      });
      expect(bed.arrestSince).toBe(10);
      for (let minute = 11; minute < 60; minute++) {
        bed.tell(minute, { heartRate: 80 + (minute % 3), ...flat });
        // A mean alone beside it is of no pulse either.
        bed.tell(minute + 0.5, { mapInvasive: mean });
      }
      // The monitor finds neither systolic nor diastolic any more.
      bed.keep(60, 80, { heartRate: 80, mapInvasive: mean });
      expect(bed.arrestSince).toBe(10);
      bed.tell(80, { ...WELL, sbpInvasive: 92, dbpInvasive: 50, mapInvasive: 64 });
      expect(bed.isArrest).toBe(false);
    },
  );

  it('with a flat line is contradicted as any other: the line is damped, and its mean is used when that has lasted', () => {
    const bed = well();
    const flat = { sbpInvasive: 50, dbpInvasive: 46, mapInvasive: 48 };
    bed.tell(10, { ...flat, spo2: 97 });
    expect(bed.isArrest).toBe(true);
    bed.tell(11, { ...flat, spo2: 98 });
    for (let minute = 12; minute < 25; minute++) {
      expect(bed.tell(minute, { ...flat, spo2: 97 + (minute % 2) })).toMatchObject({ mapInvasive: 'damped' });
      expect(bed.isArrest).toBe(false);
    }
    expect(bed.tell(26, { ...flat, spo2: 98 })).toEqual({});
  });

  it('with a rhythm and a pulse that fades within minutes is told when the line is flat', () => {
    const bed = well();
    const fading: [number, number, number][] = [
      [96, 58, 70],
      [74, 50, 58],
      [60, 46, 51],
      [52, 44, 47],
    ];
    fading.forEach(([sbpInvasive, dbpInvasive, mapInvasive], index) => {
      expect(bed.tell(10 + index, { heartRate: 62, sbpInvasive, dbpInvasive, mapInvasive })).toEqual({});
    });
    bed.tell(14, { heartRate: 55, sbpInvasive: 47, dbpInvasive: 43, mapInvasive: 44 });
    expect(bed.arrestSince).toBe(14);
  });

  it('goes on where a tap is closed on the way: a flat line of 80 has no pulse', () => {
    const bed = well();
    bed.tell(10, { ...GONE, heartRate: 80 });
    bed.tell(11, { heartRate: 80, sbpInvasive: 82, dbpInvasive: 78, mapInvasive: 80 });
    expect(bed.arrestSince).toBe(10);
    bed.tell(12, { heartRate: 80, ...LINE });
    expect(bed.isArrest).toBe(false);
  });

  it.each([36, 60, 66, 80, 110])('is not contradicted by a flat line at %d mmHg', (mean) => {
    const bed = well();
    for (let second = 0; second < 300; second += 10) {
      bed.tell(10 + second / 60, {
        heartRate: 0,
        sbpInvasive: mean + 2,
        dbpInvasive: mean - 2,
        mapInvasive: mean,
      });
      expect(bed.arrestSince).toBe(10);
    }
  });

  it('in fibrillation is told whatever rate the monitor counts', () => {
    const bed = well();
    bed.tell(10, { ...GONE, heartRate: 240 });
    expect(bed.arrestSince).toBe(10);
  });

  it('whose saturation is lost is contradicted by nothing seen before', () => {
    const bed = well();
    bed.tell(10, { heartRate: 0, spo2: 97 });
    moves(bed, { heartRate: 0 });
    expect(bed.isArrest).toBe(false);
    bed.tell(12, { heartRate: 0, spo2: 0 });
    expect(bed.isArrest).toBe(true);
  });

  it('is not contradicted by values from before it, nor by a saturation that is still an average of before', () => {
    const bed = well();
    bed.tell(10, { heartRate: 0 });
    bed.tell(10.25, { spo2: 96 });
    bed.tell(10.4, { sbpCuff: 118, dbpCuff: 64, mapCuff: 82 });
    expect(bed.arrestSince).toBe(10);
  });

  it('with a mean pressure alone of 25 is told, and the value is used', () => {
    const bed = new Bed();
    bed.keep(0, 10, { mapInvasive: 70 });
    expect(bed.tell(10, { mapInvasive: 25 })).toEqual({});
    expect(bed.arrestSince).toBe(10);
    expect(bed.tell(11, { mapInvasive: 14 })).toEqual({ mapInvasive: 'maybe-arrest' });
    bed.tell(12, { mapInvasive: 62 });
    expect(bed.isArrest).toBe(false);
  });
});

describe('a few heart beats a minute', () => {
  const rates = [1, 4, 9, 12, 19];

  it('are used where the line shows a pulse in the same moment', () => {
    for (const heartRate of rates) {
      const bed = well();
      for (let minute = 10; minute < 40; minute++) {
        const sbpInvasive = 104 + (minute % 5);
        expect(bed.tell(minute, { heartRate, ...LINE, sbpInvasive })).toEqual({});
        expect(bed.isArrest).toBe(false);
      }
    }
  });

  it('are used once the line has shown a pulse since, where it is told apart', () => {
    for (const heartRate of rates) {
      const bed = well();
      expect(bed.tell(10, { heartRate })).toEqual({ heartRate: 'maybe-arrest' });
      bed.tell(10.1, LINE);
      for (let minute = 11; minute < 20; minute++) {
        expect(bed.tell(minute, { heartRate })).toEqual({});
        bed.tell(minute + 0.5, LINE);
      }
      // The line is silent, and only a saturation says that the heart beats.
      for (const minute of [21, 22, 23]) bed.tell(minute, { spo2: 96 + (minute % 2) });
      expect(bed.tell(24, { heartRate })).toEqual({ heartRate: 'lead-off' });
    }
  });

  it('are doubted where nothing else is known, and may be an arrest where the saturation falls', () => {
    for (const heartRate of rates) {
      const bed = new Bed();
      bed.keep(0, 10, { heartRate: 80, spo2: 97 });
      expect(bed.tell(10, { heartRate, spo2: 97 })).toEqual({ heartRate: 'maybe-arrest' });
      for (let minute = 11; minute < 50; minute++) {
        const told = { heartRate, spo2: 96 + (minute % 2) };
        expect(bed.tell(minute, told)).toEqual({ heartRate: 'maybe-arrest' });
        // A saturation moves beside a lead that is off, and beside a heart that beats so slowly.
        expect([heartRate, minute, bed.arrestSince]).toEqual([heartRate, minute, 10]);
      }
      expect(bed.tell(50, { heartRate, spo2: 93 })).toEqual({ heartRate: 'maybe-arrest' });
      expect(bed.isArrest).toBe(true);
      // Further, it is one.
      expect(bed.tell(51, { heartRate, spo2: 84 })).toEqual({});
      expect(bed.isArrest).toBe(true);
    }
  });

  it('are no heart rate of 0: that has no pulse', () => {
    const bed = well();
    expect(bed.tell(10, { ...LINE, heartRate: 0 })).toEqual({ heartRate: 'lead-off' });
    expect(bed.tell(10.5, { heartRate: 0 })).toEqual({ heartRate: 'lead-off' });
  });
});

describe('a lead or line that is off', () => {
  it('is told from an arrest for as long as the line shows a pulse, though the saturation falls slowly', () => {
    const bed = well();
    for (let minute = 10; minute < 70; minute++) {
      const spo2 = Math.round(97 - (minute - 10) / 4);
      expect(bed.tell(minute, { ...LINE, heartRate: 0, spo2 })).toMatchObject({ heartRate: 'lead-off' });
      bed.tell(minute + 0.5, { spo2 });
      expect([minute, bed.isArrest]).toEqual([minute, false]);
    }
  });

  it('is told at once from an arrest where the line shows a pulse in the same moment', () => {
    const bed = well();
    expect(bed.tell(10, { ...LINE, heartRate: 0 })).toEqual({ heartRate: 'lead-off' });
    expect(bed.isArrest).toBe(false);
  });

  it.each([
    ['a cuff that is read half a minute later', 10.5, { sbpCuff: 112, dbpCuff: 61, mapCuff: 78 }],
    ['a mean pressure that stays for half a minute', 10.5, { mapInvasive: 74 }],
  ])('is told by %s', (_, minute, sign) => {
    const bed = well();
    expect(bed.tell(10, { heartRate: 0 })).toEqual({ heartRate: 'maybe-arrest' });
    bed.tell(minute, sign);
    expect(bed.isArrest).toBe(false);
    expect(bed.tell(12, { heartRate: 0 })).toEqual({ heartRate: 'lead-off' });
  });

  it('is told by a saturation that moves both ways after a minute', () => {
    const bed = well();
    expect(bed.tell(10, { heartRate: 0 })).toEqual({ heartRate: 'maybe-arrest' });
    moves(bed);
    expect(bed.isArrest).toBe(false);
    expect(bed.tell(12, { heartRate: 0 })).toEqual({ heartRate: 'lead-off' });
  });

  it('is an open line where the saturation stays', () => {
    const bed = well();
    bed.tell(10, { ...GONE, spo2: 97 });
    expect(bed.isArrest).toBe(true);
    expect(moves(bed, GONE)).toMatchObject({ mapInvasive: 'line-open' });
    expect(bed.isArrest).toBe(false);
  });

  it('is no arrest where the line is damped and the mean is kept, at any pressure', () => {
    for (const mean of [50, 58, 64, 66, 72, 80, 95]) {
      const bed = new Bed();
      const line = { sbpInvasive: mean + 30, dbpInvasive: mean - 15, mapInvasive: mean };
      bed.keep(0, 10, { ...WELL, ...line });
      for (let minute = 10; minute < 40; minute++) {
        const now = mean + ((minute * 7) % 5) - 2;
        const damped = { sbpInvasive: now + 3, dbpInvasive: now - 3, mapInvasive: now };
        const reasons = bed.tell(minute, { ...WELL, ...damped });
        expect([mean, minute, bed.isArrest, reasons]).toEqual([
          mean,
          minute,
          false,
          { sbpInvasive: 'damped', dbpInvasive: 'damped' },
        ]);
      }
    }
  });

  it('is no arrest where a pump has no pulse: also after the line was open', () => {
    const bed = new Bed();
    const pump = (mean: number) => ({
      ...WELL,
      sbpInvasive: mean + 3,
      dbpInvasive: mean - 3,
      mapInvasive: mean,
    });
    for (let minute = 0; minute < 20; minute++) bed.tell(minute, pump(78 - minute));
    expect(bed.isArrest).toBe(false);
    bed.tell(20, pump(4));
    expect(bed.isArrest).toBe(true);
    bed.tell(21, pump(58));
    expect(bed.isArrest).toBe(false);
  });

  it('is no arrest where the monitor says that it reads no pressure and the heart beats', () => {
    const bed = well();
    expect(bed.tell(10, { heartRate: 80, sbpInvasive: 0, dbpInvasive: 0, mapInvasive: 0, spo2: 97 })).toEqual(
      {
        sbpInvasive: 'no-reading',
        dbpInvasive: 'no-reading',
        mapInvasive: 'no-reading',
      },
    );
    expect(bed.isArrest).toBe(false);
  });

  it('leaves nothing to watch where everything reads 0 at once, and is told as what it may be', () => {
    const bed = well();
    const off = { heartRate: 0, respRate: 0, spo2: 0, sbpInvasive: 0, dbpInvasive: 0, mapInvasive: 0 };
    bed.keep(10, 24, off);
    expect(bed.isArrest).toBe(true);
    expect(bed.trust.isUnwatched(bed.trust.doubts[0].at)).toBe(true);
  });
});

describe('the watch for an arrest', () => {
  it('goes on from what was remembered', () => {
    const bed = well();
    bed.tell(10, { heartRate: 0 });
    const again = new Bed();
    again.trust.restore(bed.trust.toArray());
    expect(again.arrestSince).toBe(10);
    expect(again.trust.doubts).toEqual(bed.trust.doubts);
    moves(again);
    expect(again.isArrest).toBe(false);
  });
});
