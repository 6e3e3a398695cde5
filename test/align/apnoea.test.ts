import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reasonCode } from '../../src/clinical/trust.js';
import { variableIndex } from '../../src/clinical/variables.js';
import type { ObservationEvent } from '../../src/events/event.js';
import { eventOf, START, vitals } from '../helpers.js';
import { Bed, LINE, MINUTE_MS, reasonsIn, WELL } from './trust-helpers.js';

const SECOND = 1 / 60;
const BREATHLESS = { ...WELL, respRate: 0 };

function well(): Bed {
  const bed = new Bed();
  bed.keep(0, 10, WELL);
  return bed;
}

describe('breaths that cease', () => {
  it('are told as possible apnoea at the first value after 20 s, however often values come (property test)', () => {
    const everySeconds = fc.integer({ min: 1, max: 120 });
    fc.assert(
      fc.property(everySeconds, (seconds) => {
        const bed = well();
        for (let second = 0; second < 300; second += seconds) {
          bed.tell(10 + second * SECOND, BREATHLESS);
          expect(bed.apnoeaSince).toEqual(second < 20 ? Number.NaN : 10);
        }
        bed.tell(16, { respRate: 6 });
        expect(bed.apnoeaSince).toBeNaN();
      }),
    );
  });

  it('are doubted while the heart beats, and no artefact', () => {
    const bed = well();
    for (let minute = 10; minute < 30; minute++) {
      expect(bed.tell(minute, { heartRate: 80 + (minute % 3), respRate: 0 })).toEqual({
        respRate: 'maybe-apnoea',
      });
    }
    expect(bed.apnoeaSince).toBe(10);
    expect(bed.tell(30, WELL)).toEqual({});
    expect(bed.trust.isClear).toBe(true);
  });

  it('are told at once where the saturation falls, also where it is told apart', () => {
    const bed = well();
    bed.tell(10, { respRate: 0 });
    bed.tell(10 + 5 * SECOND, { spo2: 95 });
    expect(bed.apnoeaSince).toBeNaN();
    bed.tell(10 + 10 * SECOND, { spo2: 94 });
    expect(bed.apnoeaSince).toBe(10);
    const other = well();
    other.tell(10, { heartRate: 0, respRate: 0, spo2: 90 });
    expect(other.apnoeaSince).toBe(10);
  });

  it('are told of who beats twelve times a minute too', () => {
    const bed = well();
    bed.keep(10, 12, { ...LINE, heartRate: 12, respRate: 0 });
    expect(bed.apnoeaSince).toBe(10);
  });

  it('are told until one is read, though heart rate or saturation are lost', () => {
    const bed = well();
    bed.keep(10, 12, BREATHLESS);
    bed.keep(12, 40, { heartRate: 0, respRate: 0, spo2: 0 });
    expect(bed.apnoeaSince).toBe(10);
  });

  it('are told of a rate that rounds to none too, which no patient has', () => {
    const bed = well();
    for (const minute of [10, 11]) {
      const eventTime = START + minute * MINUTE_MS;
      const event = eventOf('vitals', vitals({ ...WELL, respRate: 0 }, { eventTime })) as ObservationEvent;
      const place = event.variables.indexOf(variableIndex('respRate'));
      (event.values as number[])[place] = 0.6;
      event.verdicts![place] = reasonCode('impossible');
      bed.trust.judge(event, false);
      // It is a dead letter as well, so its reason stays.
      expect(reasonsIn(event)).toEqual({ respRate: 'impossible' });
    }
    expect(bed.apnoeaSince).toBe(10);
  });

  it('go on from what was remembered', () => {
    const bed = well();
    bed.keep(10, 12, BREATHLESS);
    const again = new Bed();
    again.trust.restore(bed.trust.toArray());
    expect(again.apnoeaSince).toBe(10);
    again.tell(12, WELL);
    expect(again.trust.isClear).toBe(true);
  });
});

describe('breaths that are not read', () => {
  it('are no apnoea where the ECG is off, whose electrodes read them', () => {
    const bed = well();
    const off = { ...LINE, heartRate: 0, respRate: 0, spo2: 97 };
    for (let minute = 10; minute < 30; minute++) {
      expect(bed.tell(minute, off)).toMatchObject({ heartRate: 'lead-off', respRate: 'no-reading' });
    }
    expect(bed.apnoeaSince).toBeNaN();
  });

  it('are no apnoea where none was ever read and the saturation stays', () => {
    const bed = new Bed();
    expect(bed.keep(0, 60, { heartRate: 80, respRate: 0, spo2: 97 })).toEqual({ respRate: 'maybe-apnoea' });
    expect(bed.apnoeaSince).toBeNaN();
    bed.tell(60, { heartRate: 80, respRate: 0, spo2: 93 });
    expect(bed.apnoeaSince).toBe(0);
  });

  it('are no apnoea where another source tells them', () => {
    const bed = well();
    for (let second = 0; second < 600; second += 10) {
      bed.tell(10 + second * SECOND, BREATHLESS);
      bed.tell(10 + (second + 3) * SECOND, { respRate: 14 });
      expect(bed.apnoeaSince).toBeNaN();
    }
  });

  it('are no apnoea where a ventilator tells them each minute, until three of them are missed', () => {
    const bed = new Bed();
    for (let second = 0; second < 1200; second += 10) {
      bed.tell(second * SECOND, BREATHLESS);
      if (second % 60 === 0) bed.tell((second + 2) * SECOND, { respRate: 14 });
      expect([second, bed.apnoeaSince]).toEqual([second, Number.NaN]);
    }
    // The ventilator tells none any more; the last was that of 19:02.
    for (let second = 1200; second < 1320; second += 10) bed.tell(second * SECOND, BREATHLESS);
    expect(bed.apnoeaSince).toBeNaN();
    bed.tell(22.2, BREATHLESS);
    expect(bed.apnoeaSince).toBeCloseTo(19 + 10 * SECOND);
  });

  it('are no apnoea where none was ever read, and one is charted by hand now and then', () => {
    const bed = new Bed();
    for (let second = 0; second < 4 * 3600; second += 20) {
      bed.tell(second * SECOND, BREATHLESS);
      if (second % 1800 === 300) bed.tell((second + 2) * SECOND, { respRate: 16 });
      expect([second, bed.apnoeaSince]).toEqual([second, Number.NaN]);
    }
  });

  it('are apnoea where the saturation falls only until it is back, if none was ever read', () => {
    const bed = new Bed();
    bed.keep(0, 10, BREATHLESS);
    bed.tell(10, { ...BREATHLESS, spo2: 93 });
    bed.tell(10.2, { ...BREATHLESS, heartRate: 81, spo2: 0 });
    expect(bed.apnoeaSince).toBe(0);
    bed.tell(10.4, BREATHLESS);
    expect(bed.apnoeaSince).toBeNaN();
  });

  it('are no apnoea where none was ever read and the saturation falls by 3 % in hours, or stays where it fell to', () => {
    const bed = new Bed();
    for (let minute = 0; minute < 240; minute++) {
      bed.tell(minute, { ...BREATHLESS, spo2: 98 - Math.floor(minute / 40) });
      expect([minute, bed.apnoeaSince]).toEqual([minute, Number.NaN]);
    }
    bed.keep(240, 245, { ...BREATHLESS, spo2: 90 });
    expect(bed.apnoeaSince).toBe(0);
    bed.keep(245, 270, { ...BREATHLESS, spo2: 90 });
    expect(bed.apnoeaSince).toBeNaN();
  });

  it('of long ago say nothing of now', () => {
    const bed = well();
    bed.tell(8.2, { respRate: 0 });
    bed.tell(8.8, { respRate: 0 });
    expect(bed.apnoeaSince).toBeNaN();
  });
});
