import { describe, expect, it } from 'vitest';
import { Bed, WELL } from './trust-helpers.js';

function well(): Bed {
  const bed = new Bed();
  bed.keep(0, 10, WELL);
  return bed;
}

describe('a line that loses its pulse for a short while, again and again', () => {
  const PRESSED = { sbpInvasive: 28, dbpInvasive: 25, mapInvasive: 26 };

  it('is told every time, at once: nothing tells an arrest from blood that is drawn', () => {
    const bed = well();
    for (let minute = 25; minute < 600; minute += 15) {
      bed.tell(minute, { ...WELL, spo2: 97 + (minute % 2), ...PRESSED });
      expect(bed.arrestSince).toBe(minute);
      bed.tell(minute + 1, WELL);
      expect(bed.isArrest).toBe(false);
    }
  });
});

describe('a heart rate around 20 without a line', () => {
  it('is one possible arrest until it is 25', () => {
    const bed = new Bed();
    bed.keep(0, 10, { heartRate: 80, spo2: 97 });
    for (let minute = 10; minute < 40; minute++) {
      const heartRate = 18 + ((minute * 3) % 5);
      const reasons = bed.tell(minute, { heartRate });
      expect(reasons).toEqual(heartRate < 20 ? { heartRate: 'maybe-arrest' } : {});
      expect([minute, bed.arrestSince]).toEqual([minute, 10]);
    }
    bed.tell(40, { heartRate: 25 });
    expect(bed.isArrest).toBe(false);
    bed.tell(41, { heartRate: 21 });
    expect(bed.isArrest).toBe(false);
  });
});
