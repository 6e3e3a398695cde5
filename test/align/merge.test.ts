import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PartitionMerge } from '../../src/align/merge.js';
import { type ClinicalEvent, compareEvents } from '../../src/events/event.js';

function event(eventTime: number, messageId: string): ClinicalEvent {
  return {
    kind: 'vitals',
    rank: 1,
    messageId,
    patientId: 'p',
    eventTime,
    observedAt: eventTime,
    topic: 't',
    partition: 0,
    offset: 0,
    variables: [],
    values: [],
    body: null,
    encoding: null,
    specimenId: null,
  };
}

describe('PartitionMerge', () => {
  it('loses no event and keeps order while lanes advance at different speeds', () => {
    const lane = fc.array(fc.nat(1000), { maxLength: 40 }).map((times) => times.sort((a, b) => a - b));
    fc.assert(
      fc.property(lane, lane, fc.infiniteStream(fc.boolean()), (a, b, choose) => {
        const merge = new PartitionMerge({ reorderWindowMs: 10, maxWaiting: 1000, live: false });
        merge.add('a', [], false, Number.POSITIVE_INFINITY);
        merge.add('b', [], false, Number.POSITIVE_INFINITY);
        const queues = { a: a.map((t, i) => event(t, `a${i}`)), b: b.map((t, i) => event(t, `b${i}`)) };
        const released: ClinicalEvent[] = [];
        while (queues.a.length + queues.b.length > 0) {
          const name = queues.b.length === 0 || (queues.a.length > 0 && choose.next().value) ? 'a' : 'b';
          merge.add(name, [queues[name].shift()!], false, Number.POSITIVE_INFINITY);
          released.push(...merge.release(Number.POSITIVE_INFINITY));
        }
        released.push(...merge.flush());
        expect(released).toHaveLength(a.length + b.length);
        expect(released).toEqual([...released].sort(compareEvents));
      }),
    );
  });

  it('releases in the same order however a lane is cut into batches, also what is later than the window', () => {
    const arrivals = fc.array(fc.nat(60), { maxLength: 60 });
    fc.assert(
      fc.property(arrivals, fc.infiniteStream(fc.integer({ min: 1, max: 20 })), (times, sizes) => {
        const events = times.map((time, index) => ({ ...event(time, `m${index}`), offset: index }));
        const inBatches = (next: () => number) => {
          const merge = new PartitionMerge({ reorderWindowMs: 10, maxWaiting: 1000, live: false });
          const released: ClinicalEvent[] = [];
          for (let start = 0; start < events.length; ) {
            const end = start + next();
            merge.add('all', events.slice(start, end), false, Number.POSITIVE_INFINITY);
            released.push(...merge.release(Number.POSITIVE_INFINITY));
            start = end;
          }
          return released.concat(merge.flush()).map(({ messageId }) => messageId);
        };
        expect(inBatches(() => sizes.next().value!)).toEqual(inBatches(() => 1));
      }),
    );
  });

  it('live, lets the clock move a lane that has been read to its end', () => {
    const merge = new PartitionMerge({ reorderWindowMs: 250, maxWaiting: 1000, live: true });
    merge.add('a', [event(1000, 'x')], true, 1000);
    merge.add('b', [], true, 1000);
    expect(merge.release(1000)).toEqual([]);
    expect(merge.release(1250)).toHaveLength(1);
  });

  it('names the lanes that run so far ahead of the slowest that they need not be read on, never the slowest', () => {
    const merge = new PartitionMerge({ reorderWindowMs: 10, maxWaiting: 2, live: true });
    const now = 10_000;
    const of = (topic: string, ...times: number[]) =>
      times.map((time) => ({ ...event(time, `${topic} ${time}`), topic }));
    merge.add('slow', [], false, now);
    merge.add('fast', of('fast', 100, 200), false, now);
    expect(merge.lanesAhead(now)).toEqual([]);
    merge.add('fast', of('fast', 300), false, now);
    expect(merge.lanesAhead(now)).toEqual(['fast']);
    merge.add('slow', of('slow', 10, 150, 190, 195), false, now);
    expect(merge.release(now)).toHaveLength(3);
    expect(merge.lanesAhead(now)).toEqual([]);
    merge.add('slow', [], true, now);
    expect(merge.release(now)).toHaveLength(3);
    expect(merge.lanesAhead(now)).toEqual([]);
  });
});
