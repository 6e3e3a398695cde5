import { describe, expect, it } from 'vitest';
import { Bed, WELL } from './trust-helpers.js';

const SECOND = 1 / 60;
const GONE = { sbpInvasive: 24, dbpInvasive: 21, mapInvasive: 22 };

/** A monitor that tells something every 10 s, whose clock is set back at minute 75. */
function monitor(bed: Bed, back: number, from: number, to: number, values: Record<string, number>): void {
  for (let second = 60 * from; second < 60 * to; second += 10) {
    const minute = second * SECOND;
    bed.tell(minute - (minute < 75 ? 0 : back), {
      ...values,
      ...(values.spo2 > 0 ? { spo2: 96 + (second % 3) } : {}),
    });
  }
}

describe.each([2, 10, 60, 62])('a monitor whose clock is set back by %d minutes', (back) => {
  it('tells an arrest at its first value, of heart or pressure', () => {
    const { heartRate, respRate } = WELL;
    for (const gone of [{ heartRate: 0 }, { heartRate, respRate, ...GONE }]) {
      const bed = new Bed();
      monitor(bed, back, 60, 80, WELL);
      expect(bed.isArrest).toBe(false);
      monitor(bed, back, 80, 80 + 10 * SECOND, { ...gone, spo2: 0 });
      expect(bed.arrestSince).toBe(80 - back);
    }
  });

  it('tells one that began with it within half a minute', () => {
    const bed = new Bed();
    monitor(bed, back, 60, 75, WELL);
    monitor(bed, back, 75, 75.6, { ...WELL, ...GONE, heartRate: 0, spo2: 0 });
    expect(bed.arrestSince).toBe(75.5 - back);
  });

  it('tells one that began before it until a pulse is seen, and no longer', () => {
    const bed = new Bed();
    monitor(bed, back, 60, 74, WELL);
    monitor(bed, back, 74, 78, { ...WELL, ...GONE, heartRate: 0, spo2: 0 });
    expect(bed.isArrest).toBe(true);
    monitor(bed, back, 78, 79, WELL);
    expect(bed.isArrest).toBe(false);
    expect(bed.trust.isClear).toBe(true);
  });

  it('remembers what it learned through a restart on the way', () => {
    const bed = new Bed();
    monitor(bed, back, 60, 75.2, WELL);
    const again = new Bed();
    again.trust.restore(bed.trust.toArray());
    for (const each of [bed, again]) monitor(each, back, 75.2, 80.2, { ...WELL, heartRate: 0 });
    expect(again.trust.doubts).toEqual(bed.trust.doubts);
    expect(again.trust.doubts).not.toEqual([]);
  });
});

describe('values of the past', () => {
  it('are no clock set back where newer ones come between them', () => {
    const bed = new Bed();
    bed.keep(0, 30, WELL);
    for (let minute = 30; minute < 60; minute++) {
      bed.tell(minute, WELL);
      bed.tell(minute - 20, { heartRate: 0 }, true);
      expect([minute, bed.isArrest]).toEqual([minute, false]);
    }
  });

  it('are none where they are in no order', () => {
    const bed = new Bed();
    bed.keep(0, 60, WELL);
    for (const minute of [40, 20, 39, 19, 38, 18]) bed.tell(minute, { heartRate: 0 }, true);
    expect(bed.isArrest).toBe(false);
  });
});
