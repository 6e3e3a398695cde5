import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MONITOR_ALARM } from '../../src/contract/note-kinds.js';
import { eventOf, note } from '../helpers.js';
import { admit, at, discharge, Recorder, rate } from './recorder.js';

const alarm = (minute: number) =>
  eventOf('notes', note('High priority: ASYSTOLE', { ...at(minute), noteType: MONITOR_ALARM }));

it('whatever monitors alarm, and when, nothing else is scored, closed or said', () => {
  const minute = fc.integer({ min: 0, max: 600 });
  const values = fc.array(fc.record({ minute, heartRate: fc.integer({ min: 60, max: 120 }) }), {
    maxLength: 20,
  });
  const alarms = fc.array(fc.record({ minute, before: fc.nat(20) }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(values, alarms, (told, alarmed) => {
      const plain = [admit(0), ...told.map((each) => rate(each.minute, each.heartRate)), discharge(601)];
      const mixed = plain.flatMap((event, place) => [
        ...alarmed.filter(({ before }) => before === place).map((each) => alarm(each.minute)),
        event,
      ]);
      const said = (events: typeof plain) => {
        const recorder = new Recorder();
        return events.flatMap((event) => recorder.apply(event));
      };
      expect(said(mixed)).toEqual(said(plain));
    }),
  );
});

it('an alarm opens no stay, and is nothing wrong after one', () => {
  const recorder = new Recorder();
  expect(recorder.apply(alarm(0))).toEqual([]);
  recorder.apply(admit(1), discharge(2));
  expect(recorder.apply(alarm(3))).toEqual([]);
  expect(recorder.aligner.patients.size).toBe(0);
});
