import { expect, it } from 'vitest';
import { eventOf, vitals } from '../helpers.js';
import { at, Recorder } from './recorder.js';

const SECOND = 1 / 60;

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
