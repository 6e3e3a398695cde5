import { describe, expect, it } from 'vitest';
import { GoneValues } from '../../src/alerts/gone-values.js';
import { deadLetter } from '../../src/events/dead-letter.js';

const MINUTE_MS = 60_000;
const ORIGIN = { topic: 'ward.vitals', partition: 0, offset: 1 };
const NOBODY = { admitted: [], released: [], deadLetters: [] };

function watched() {
  const told: string[] = [];
  const gone = new GoneValues({
    raise: ({ kind, subject }) => told.push(`raise ${kind} ${subject}`),
    clear: (kind, subject) => told.push(`clear ${kind} ${subject}`),
  });
  const value = (minute: number, now = minute) => {
    const what = { reason: 'after-discharge', detail: '', patientId: 'p1', index: -1 } as const;
    const letter = deadLetter(ORIGIN, null, { ...what, eventTime: minute * MINUTE_MS });
    gone.note({ ...NOBODY, deadLetters: [letter] }, now * MINUTE_MS);
  };
  return { told, gone, value };
}

describe('values that go on after a discharge', () => {
  it('are told when they go on for longer than it takes to take a monitor off', () => {
    const { told, value } = watched();
    for (let minute = 0; minute < 10; minute++) value(minute);
    expect(told).toEqual([]);
    value(10);
    expect(told).toEqual(['raise values-after-discharge p1']);
  });

  it('end with the admission, or when they cease', () => {
    const { told, gone, value } = watched();
    for (const minute of [0, 5, 10]) value(minute);
    gone.note({ ...NOBODY, admitted: [{ patientId: 'p1' }] }, 11 * MINUTE_MS);
    expect(told.at(-1)).toBe('clear values-after-discharge p1');
    for (const minute of [20, 25, 30]) value(minute);
    gone.note(NOBODY, 46 * MINUTE_MS);
    expect(told.slice(2)).toEqual(['raise values-after-discharge p1', 'clear values-after-discharge p1']);
  });

  it('of a backlog are told to nobody', () => {
    const { told, value } = watched();
    for (const minute of [0, 5, 10, 15]) value(minute, 600);
    expect(told.filter((each) => each.startsWith('raise'))).toEqual([]);
  });
});
