import { describe, expect, it } from 'vitest';
import { Bed, WELL } from './trust-helpers.js';

function well(): Bed {
  const bed = new Bed();
  bed.keep(0, 10, WELL);
  return bed;
}

describe('a line that loses its pulse for a short while, again and again', () => {
  const PRESSED = { sbpInvasive: 28, dbpInvasive: 25, mapInvasive: 26 };
  const told = (minute: number, course: (second: number) => Record<string, number>, bed: Bed): number[] => {
    const seconds: number[] = [];
    for (let at = 0; at < 180; at += 10) {
      bed.tell(minute + at / 60, { ...WELL, spo2: 97 + (at % 20 ? 1 : 0), ...course(at) });
      if (bed.isArrest) seconds.push(at);
    }
    return seconds;
  };
  const cuff = (at: number) => (at < 40 ? PRESSED : {});

  it('is told the first time, and then waited for, while heart and saturation are well', () => {
    const bed = well();
    expect(told(10, cuff, bed)).toEqual([0, 10, 20, 30]);
    for (let minute = 25; minute < 600; minute += 15) expect(told(minute, cuff, bed)).toEqual([]);
    // For two hours it was not seen.
    expect(told(720, cuff, bed)).toEqual([0, 10, 20, 30]);
  });

  it.each([
    ['after a minute', {}, 60],
    ['with a heart that stops', { heartRate: 0 }, 0],
    ['with a saturation that is lost', { spo2: 0 }, 0],
    ['with a saturation that falls', { spo2: 93 }, 0],
  ])('is told %s', (_, beside, from) => {
    const bed = well();
    told(10, cuff, bed);
    const seconds = told(25, () => ({ ...PRESSED, ...beside }), bed);
    expect(seconds[0]).toBe(from);
  });

  it('is told at once where nothing is known of heart or saturation', () => {
    const bed = well();
    told(10, cuff, bed);
    bed.tell(30, PRESSED);
    expect(bed.arrestSince).toBe(30);
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
