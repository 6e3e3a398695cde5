import { describe, expect, it } from 'vitest';
import { UnusedValues } from '../../src/alerts/unused-values.js';
import { type DeadLetterReason, deadLetter } from '../../src/events/dead-letter.js';

const MINUTE_MS = 60_000;
const ORIGIN = { topic: 'ward.vitals', partition: 0, offset: 1 };
const NOBODY = { admitted: [], released: [], deadLetters: [] };

function watched(reason: DeadLetterReason) {
  const told: string[] = [];
  const values = new UnusedValues({
    raise: ({ kind, subject }) => told.push(`raise ${kind} ${subject}`),
    clear: (kind, subject) => told.push(`clear ${kind} ${subject}`),
  });
  const value = (eventMinute: number, now = eventMinute) => {
    const what = { reason, detail: '', patientId: 'p1', index: -1 } as const;
    const letter = deadLetter(ORIGIN, null, { ...what, eventTime: eventMinute * MINUTE_MS });
    values.note({ ...NOBODY, deadLetters: [letter] }, now * MINUTE_MS);
  };
  return { told, values, value };
}

describe('values that go on after a discharge', () => {
  it('are told when they go on for longer than it takes to take a monitor off', () => {
    const { told, value } = watched('after-discharge');
    for (let minute = 0; minute < 10; minute++) value(minute);
    expect(told).toEqual([]);
    value(10);
    expect(told).toEqual(['raise values-after-discharge p1']);
  });

  it('end with the admission, or when they cease', () => {
    const { told, values, value } = watched('after-discharge');
    for (const minute of [0, 5, 10]) value(minute);
    values.note({ ...NOBODY, admitted: [{ patientId: 'p1' }] }, 11 * MINUTE_MS);
    expect(told.at(-1)).toBe('clear values-after-discharge p1');
    for (const minute of [20, 25, 30]) value(minute);
    values.note(NOBODY, 46 * MINUTE_MS);
    expect(told.slice(2)).toEqual(['raise values-after-discharge p1', 'clear values-after-discharge p1']);
  });

  it('of a backlog are told to nobody', () => {
    const { told, value } = watched('after-discharge');
    for (const minute of [0, 5, 10, 15]) value(minute, 600 + minute);
    expect(told).toEqual([]);
  });
});

describe('values with times far ahead', () => {
  it('are told when it was not one alone, and end when they cease, not with an admission', () => {
    const { told, values, value } = watched('future');
    value(60, 0);
    expect(told).toEqual([]);
    value(61, 1);
    expect(told).toEqual(['raise values-ahead p1']);
    values.note({ ...NOBODY, admitted: [{ patientId: 'p1' }] }, 2 * MINUTE_MS);
    expect(told).toHaveLength(1);
    values.note(NOBODY, 17 * MINUTE_MS);
    expect(told.at(-1)).toBe('clear values-ahead p1');
  });
});
