import { describe, expect, it } from 'vitest';
import { Bed, WELL } from './trust-helpers.js';

const CUFF = { sbpCuff: 118, dbpCuff: 60, mapCuff: 80 };
const NO_CUFF = { sbpCuff: 0, dbpCuff: 0, mapCuff: 0 };
const { heartRate, respRate, spo2 } = WELL;
const MONITOR = { heartRate, respRate, spo2 };

/** Ten minutes of a patient without a line; the cuff was measured at minute 3. */
function unlined(): Bed {
  const bed = new Bed();
  bed.keep(0, 3, MONITOR);
  bed.keep(3, 4, { ...MONITOR, ...CUFF });
  bed.keep(4, 10, MONITOR);
  return bed;
}

describe('a patient without a line whose pulse is found by neither oximeter nor cuff', () => {
  it('may be in arrest from when both are lost, though the heart has a rhythm, until one finds it', () => {
    const bed = unlined();
    bed.tell(10, { ...MONITOR, spo2: 0 });
    expect(bed.isArrest).toBe(false);
    for (let minute = 11; minute < 60; minute++) {
      bed.tell(minute, NO_CUFF);
      bed.tell(minute + 0.5, { heartRate: 74 + (minute % 3), respRate: 12 + (minute % 2), spo2: 0 });
      expect([minute, bed.arrestSince]).toEqual([minute, 11]);
    }
    bed.tell(60, { spo2: 91 });
    expect(bed.isArrest).toBe(false);
  });

  it.each([CUFF, { sbpCuff: 84 }])('is seen by a cuff that finds it: %o', (found) => {
    const bed = unlined();
    bed.tell(10, { ...MONITOR, ...NO_CUFF, spo2: 0 });
    expect(bed.arrestSince).toBe(10);
    bed.tell(12, found);
    expect(bed.isArrest).toBe(false);
  });

  it('is in no arrest where only one is lost, or one that never found it', () => {
    for (const lost of [{ spo2: 0 }, NO_CUFF]) {
      const bed = unlined();
      bed.keep(10, 40, { ...MONITOR, ...lost });
      expect(bed.isArrest).toBe(false);
    }
    const bed = new Bed();
    bed.keep(0, 10, MONITOR);
    bed.keep(10, 20, { ...MONITOR, ...NO_CUFF, spo2: 0 });
    expect(bed.isArrest).toBe(false);
  });

  it('is in no arrest where the oximeter was off long before, or a line shows the pulse', () => {
    const bed = unlined();
    bed.keep(10, 40, { ...MONITOR, spo2: 0 });
    bed.tell(40, NO_CUFF);
    expect(bed.isArrest).toBe(false);
    const lined = new Bed();
    lined.keep(0, 10, { ...WELL, ...CUFF });
    lined.keep(10, 20, { ...WELL, ...NO_CUFF, spo2: 0 });
    expect(lined.isArrest).toBe(false);
  });
});
