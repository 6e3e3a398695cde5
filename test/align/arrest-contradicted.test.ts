import { describe, expect, it } from 'vitest';
import { Bed, moves, WELL } from './trust-helpers.js';

function well(): Bed {
  const bed = new Bed();
  bed.keep(0, 10, WELL);
  return bed;
}

/** What a monitor that stands still tells, or that repeats its last reading, every so often from minute 10 on. */
function repeats(bed: Bed, values: Record<string, number>, everySeconds: number, minutes = 15): number[] {
  const contradictedAt: number[] = [];
  for (let second = 0; second < 60 * minutes; second += everySeconds) {
    bed.tell(10 + second / 60, values);
    if (!bed.isArrest) contradictedAt.push(second);
  }
  return contradictedAt;
}

describe('what shows no pulse contradicts no arrest', () => {
  it.each([
    ['a saturation that never moves', { spo2: 97 }],
    ['a cuff pressure that is told again and again', { sbpCuff: 118, dbpCuff: 64, mapCuff: 82 }],
    ['a mean pressure that never moves', { mapInvasive: 80 }],
  ])('%s', (_, frozen) => {
    for (const seconds of [1, 5, 60, 120]) {
      const bed = new Bed();
      bed.keep(0, 10, { ...WELL, ...frozen });
      expect([seconds, repeats(bed, { heartRate: 0, ...frozen }, seconds)]).toEqual([seconds, []]);
    }
  });

  it('a cuff pressure that is told again, however much later', () => {
    const cuff = { sbpCuff: 118, dbpCuff: 60, mapCuff: 80 };
    for (const every of [6, 10, 15]) {
      const bed = new Bed();
      bed.keep(0, 10, { heartRate: 80, respRate: 16, ...cuff });
      for (let minute = 10; minute < 60; minute++) {
        bed.tell(minute, { heartRate: 0, respRate: 0, ...(minute % every === 0 ? cuff : {}) });
        expect([every, minute, bed.arrestSince]).toEqual([every, minute, 10]);
      }
      bed.tell(60, { sbpCuff: 116, dbpCuff: 61, mapCuff: 79 });
      expect(bed.isArrest).toBe(false);
    }
  });

  it.each([96, 98])('a saturation of 97 that is frozen, and becomes %d once', (other) => {
    const bed = new Bed();
    bed.keep(0, 10, { heartRate: 80, spo2: 97 });
    for (let second = 0; second < 2400; second += 10) {
      bed.tell(10 + second / 60, { heartRate: 0, spo2: second < 300 ? 97 : other });
      expect([second, bed.arrestSince]).toEqual([second, 10]);
    }
  });

  it.each([8, 10, 14])('a pulse of %d mmHg on a line that was flat, however long', (pulse) => {
    const bed = well();
    bed.tell(10, { heartRate: 80, sbpInvasive: 44, dbpInvasive: 40, mapInvasive: 42 });
    for (let minute = 11; minute < 30; minute++) {
      bed.tell(minute, { heartRate: 80, sbpInvasive: 38 + pulse, dbpInvasive: 38, mapInvasive: 42 });
      expect([minute, bed.arrestSince]).toEqual([minute, 10]);
    }
    bed.tell(30, { heartRate: 80, sbpInvasive: 56, dbpInvasive: 38, mapInvasive: 44 });
    expect(bed.isArrest).toBe(false);
  });

  it('a saturation that falls', () => {
    const bed = new Bed();
    bed.keep(0, 10, { heartRate: 80, spo2: 97 });
    for (let second = 0; second < 60; second += 5) bed.tell(10 + second / 60, { heartRate: 0, spo2: 97 });
    for (let fallen = 3; fallen < 10; fallen++) {
      expect(bed.tell(10.7 + fallen / 10, { heartRate: 0, spo2: 97 - fallen })).toEqual({
        heartRate: 'maybe-arrest',
      });
      expect(bed.arrestSince).toBe(10);
    }
  });

  it('a saturation that moved, and falls after that', () => {
    const bed = new Bed();
    bed.keep(0, 10, { heartRate: 80, spo2: 97 });
    bed.tell(10, { heartRate: 0 });
    moves(bed, { heartRate: 0 });
    expect(bed.isArrest).toBe(false);
    bed.tell(12, { heartRate: 0, spo2: 94 });
    expect(bed.isArrest).toBe(true);
  });

  it('a saturation that falls, of a patient of whom nothing was known', () => {
    const bed = new Bed();
    for (const [minute, spo2] of [
      [0, 97],
      [1, 96],
      [2, 97],
      [3, 93],
    ]) {
      bed.tell(minute, { heartRate: 0, spo2 });
      expect([minute, bed.isArrest]).toEqual([minute, minute !== 2]);
    }
  });

  it('what was seen more than 20 minutes ago', () => {
    const bed = new Bed();
    bed.keep(0, 10, { heartRate: 80, spo2: 97 });
    bed.tell(10, { heartRate: 0, spo2: 97 });
    moves(bed, { heartRate: 0 });
    for (let minute = 12; minute <= 31; minute++) {
      bed.tell(minute, { heartRate: 0, spo2: 96 });
      expect([minute, bed.isArrest]).toEqual([minute, false]);
    }
    bed.tell(32, { heartRate: 0, spo2: 96 });
    expect(bed.isArrest).toBe(true);
    bed.tell(33, { heartRate: 0, spo2: 97 });
    expect(bed.isArrest).toBe(false);
  });
});
