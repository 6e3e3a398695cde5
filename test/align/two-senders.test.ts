import { describe, expect, it } from 'vitest';
import type { ObservationEvent } from '../../src/events/event.js';
import { eventOf, vitals } from '../helpers.js';
import { at, Recorder } from './recorder.js';
import { reasonsIn, WELL } from './trust-helpers.js';

const SECOND = 1 / 60;
const GONE = { sbpInvasive: 24, dbpInvasive: 21, mapInvasive: 22 };

/** A ventilator that tells the time right, and a monitor whose clock is behind it. */
function bedside(behind: number) {
  const recorder = new Recorder();
  const monitor = (minute: number, values: Record<string, number>) =>
    recorder.apply(
      eventOf('vitals', vitals({ fio2: 0.4 }, at(minute))),
      eventOf('vitals', vitals(values, at(minute - behind))),
    );
  const patient = () => recorder.aligner.patients.get('p1')!;
  return { monitor, patient };
}

it.each([3 * SECOND, 1, 20])(
  'a heart that stops is seen on a monitor whose clock is %d minutes behind another sender',
  (behind) => {
    const { monitor, patient } = bedside(behind);
    for (let minute = 30; minute < 40; minute++)
      monitor(minute, { heartRate: 84, sbpInvasive: 118, dbpInvasive: 62, mapInvasive: 80, spo2: 97 });
    expect(patient().trust.mayBeArrestedSince).toBeNaN();
    monitor(40, { heartRate: 0, sbpInvasive: 24, dbpInvasive: 18, mapInvasive: 20 });
    expect(patient().trust.mayBeArrestedSince).toBe(at(40 - behind).eventTime);
  },
);

it('a lead that is off is no heart rate of 0, also on such a monitor', () => {
  const { monitor, patient } = bedside(3 * SECOND);
  const well = { sbpInvasive: 118, dbpInvasive: 62, mapInvasive: 80, spo2: 97 };
  for (let minute = 30; minute < 40; minute++) monitor(minute, { ...well, heartRate: 84 });
  for (let minute = 40; minute < 43; minute++) monitor(minute, { ...well, heartRate: 0 });
  const values = new Float32Array(64);
  patient().timeline.lastKnown(at(43).eventTime, values, new Float32Array(64));
  expect(values[0]).toBe(84);
});

/** A monitor whose clock is 2 to 30 s behind a ventilator; both tell of breaths, the ventilator every second. */
function twoOfBreaths(behindSeconds: number) {
  const recorder = new Recorder();
  const patient = () => recorder.aligner.patients.get('p1')!;
  const monitor = (from: number, to: number, values: Record<string, number>) => {
    let last: ObservationEvent | undefined;
    for (let second = 60 * from; second < 60 * to; second++) {
      recorder.apply(eventOf('vitals', vitals({ respRate: 14 }, at(second * SECOND))));
      if (second % 5 > 0) continue;
      last = eventOf('vitals', vitals(values, at((second - behindSeconds) * SECOND))) as ObservationEvent;
      recorder.apply(last);
    }
    return reasonsIn(last!);
  };
  return { monitor, patient };
}

describe.each([2, 15, 30])('a monitor %d s behind a ventilator, both of which tell of breaths', (behind) => {
  it.each([
    ['a heart that stops', { heartRate: 0, respRate: 0, spo2: 0, ...GONE }],
    ['a pulse that is lost', { heartRate: 80, respRate: 14, spo2: 0, ...GONE }],
  ])('tells %s at its first value', (_, values) => {
    const { monitor, patient } = twoOfBreaths(behind);
    monitor(30, 33, WELL);
    expect(patient().trust.mayBeArrestedSince).toBeNaN();
    monitor(33, 33 + 5 * SECOND, values);
    expect(patient().trust.mayBeArrestedSince).toBe(at(33 - behind * SECOND).eventTime);
  });

  it('tells a lead that is off from an arrest', () => {
    const { monitor, patient } = twoOfBreaths(behind);
    monitor(30, 33, WELL);
    expect(monitor(33, 35, { ...WELL, heartRate: 0 })).toMatchObject({ heartRate: 'lead-off' });
    expect(patient().trust.mayBeArrestedSince).toBeNaN();
    expect(patient().trust.mayBeApnoeicSince).toBeNaN();
  });
});
