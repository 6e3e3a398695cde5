import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NewestDocuments } from '../../src/align/documents.js';

const document = (messageId: string, eventTime: number) => ({
  messageId,
  eventTime,
  embedding: Int16Array.of(eventTime),
});

describe('NewestDocuments', () => {
  it('keeps the newest of each step; of two at one time the one with the greater id', () => {
    const documents = new NewestDocuments();
    expect(documents.record(3, document('a', 31))).toBe(true);
    expect(documents.record(3, document('b', 30))).toBe(false);
    expect(documents.record(3, document('b', 31))).toBe(true);
    expect(documents.record(3, document('a', 31))).toBe(false);
    expect(documents.record(1, document('c', 10))).toBe(true);
    expect(documents.newest(0)).toBeNull();
    expect([1, 2, 3, 9].map((step) => documents.newest(step)?.messageId)).toEqual(['c', 'c', 'b', 'b']);
  });

  it('lets go of what the ring has left', () => {
    const documents = new NewestDocuments();
    for (const step of [0, 2, 5]) documents.record(step, document(`${step}`, step));
    documents.forgetBefore(2);
    expect(documents.held.map(({ step }) => step)).toEqual([2, 5]);
    documents.forgetBefore(9);
    expect(documents.newest(9)).toBeNull();
  });

  it('does not depend on the order in which documents come', () => {
    const all = fc.array(fc.record({ id: fc.string({ maxLength: 2 }), time: fc.nat(40) }), { maxLength: 20 });
    fc.assert(
      fc.property(
        all.chain((each) =>
          fc.tuple(fc.constant(each), fc.shuffledSubarray(each, { minLength: each.length })),
        ),
        ([first, second]) => {
          const [a, b] = [first, second].map((each) => {
            const documents = new NewestDocuments();
            for (const { id, time } of each) documents.record(Math.floor(time / 10), document(id, time));
            return documents.held;
          });
          expect(a).toEqual(b);
        },
      ),
    );
  });
});
