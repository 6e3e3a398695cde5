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
    facts: null,
    verdicts: null,
    places: null,
    isRepeated: false,
    fate: null,
    specimenId: null,
    bedId: null,
    withdrawn: [],
  };
}

const OPTIONS = { reorderWindowMs: 250, maxWaiting: 1000 };
const readThrough = (time: number) => ({ readThrough: time, completeThrough: time, isSilent: false });

describe('PartitionMerge', () => {
  it('loses no event and keeps order while topics advance at different speeds', () => {
    const topic = fc.array(fc.nat(1000), { maxLength: 40 }).map((times) => times.sort((a, b) => a - b));
    fc.assert(
      fc.property(topic, topic, fc.infiniteStream(fc.boolean()), (a, b, choose) => {
        const merge = new PartitionMerge({ reorderWindowMs: 10, maxWaiting: 1000, live: false });
        merge.add('a', [], Number.POSITIVE_INFINITY);
        merge.add('b', [], Number.POSITIVE_INFINITY);
        const queues = { a: a.map((t, i) => event(t, `a${i}`)), b: b.map((t, i) => event(t, `b${i}`)) };
        const released: ClinicalEvent[] = [];
        while (queues.a.length + queues.b.length > 0) {
          const name = queues.b.length === 0 || (queues.a.length > 0 && choose.next().value) ? 'a' : 'b';
          merge.add(name, [queues[name].shift()!], Number.POSITIVE_INFINITY);
          released.push(...merge.release(Number.POSITIVE_INFINITY));
        }
        released.push(...merge.flush());
        expect(released).toHaveLength(a.length + b.length);
        expect(released).toEqual([...released].sort(compareEvents));
      }),
    );
  });

  it('releases in the same order however a topic is cut into batches, also what is later than the window', () => {
    const arrivals = fc.array(fc.nat(60), { maxLength: 60 });
    fc.assert(
      fc.property(arrivals, fc.infiniteStream(fc.integer({ min: 1, max: 20 })), (times, sizes) => {
        const events = times.map((time, index) => ({ ...event(time, `m${index}`), offset: index }));
        const inBatches = (next: () => number) => {
          const merge = new PartitionMerge({ reorderWindowMs: 10, maxWaiting: 1000, live: false });
          const released: ClinicalEvent[] = [];
          for (let start = 0; start < events.length; ) {
            const end = start + next();
            merge.add('all', events.slice(start, end), Number.POSITIVE_INFINITY);
            released.push(...merge.release(Number.POSITIVE_INFINITY));
            start = end;
          }
          return released.concat(merge.flush()).map(({ messageId }) => messageId);
        };
        expect(inBatches(() => sizes.next().value!)).toEqual(inBatches(() => 1));
      }),
    );
  });

  it('live, lets what is known of the reading of each topic move it on', () => {
    const merge = new PartitionMerge({ ...OPTIONS, live: true }, ['a', 'b']);
    merge.add('a', [event(1000, 'x')], 1000);
    merge.note('a', readThrough(1240));
    expect(merge.release(2000)).toEqual([]);
    merge.note('b', readThrough(1300));
    expect(merge.release(2000)).toEqual([]);
    merge.note('a', readThrough(1250));
    expect(merge.release(2000)).toHaveLength(1);
  });

  it('releases nothing of a partition of which no topic is known, and waits for each that is named', () => {
    const merge = new PartitionMerge({ ...OPTIONS, live: true });
    expect([merge.watermark(1000), merge.completeThrough(1000)]).toEqual([-Infinity, -Infinity]);
    const named = new PartitionMerge({ ...OPTIONS, live: true }, ['adt', 'vitals', 'acks']);
    named.note('adt', readThrough(1000));
    named.add('vitals', [event(900, 'x')], 1000);
    expect(named.release(1000)).toEqual([]);
    expect(named.completeThrough(1000)).toBe(-Infinity);
    named.note('acks', readThrough(1000));
    expect(named.watermark(1000)).toBe(650);
    named.note('vitals', readThrough(1000));
    expect(named.watermark(1000)).toBe(750);
  });

  it('live, lets nothing be due by the events of others, only by what is known of the reading of every topic', () => {
    const merge = new PartitionMerge({ ...OPTIONS, live: true }, ['vitals', 'acks']);
    merge.add('vitals', [event(5000, 'x')], 10_000);
    merge.note('acks', readThrough(9000));
    expect([merge.watermark(10_000), merge.completeThrough(10_000)]).toEqual([4750, -Infinity]);
    merge.note('vitals', { readThrough: 8000, completeThrough: 7000, isSilent: false });
    expect([merge.watermark(10_000), merge.completeThrough(10_000)]).toEqual([7750, 6750]);
    // In replay nobody tells of the reading: what is released is all there is.
    const replayed = new PartitionMerge({ ...OPTIONS, live: false });
    replayed.add('all', [event(5000, 'x')], 10_000);
    expect(replayed.completeThrough(10_000)).toBe(4750);
  });

  it('does not take an event ahead of the clock for word of how far its topic is read', () => {
    const merge = new PartitionMerge({ ...OPTIONS, live: true }, ['vitals', 'acks']);
    merge.note('acks', readThrough(10_000));
    merge.add('vitals', [event(600_000, 'a producer that is ahead')], 10_000);
    expect(merge.watermark(10_000)).toBe(-Infinity);
    merge.add('vitals', [event(9000, 'another')], 10_000);
    expect(merge.watermark(10_000)).toBe(8750);
  });

  it('goes on without a topic that is silent, but lets nothing be due and tells what went past it', () => {
    const merge = new PartitionMerge({ ...OPTIONS, live: true }, ['vitals', 'notes']);
    merge.add('vitals', [event(5000, 'x')], 10_000);
    merge.note('vitals', readThrough(9000));
    merge.note('notes', readThrough(2000));
    expect([merge.release(10_000).length, merge.orderedThrough]).toEqual([0, Infinity]);
    merge.note('notes', { ...readThrough(2000), isSilent: true });
    expect(merge.release(10_000)).toHaveLength(1);
    expect([merge.orderedThrough, merge.completeThrough(10_000)]).toEqual([1750, 1750]);
    merge.note('notes', readThrough(9000));
    expect([merge.orderedThrough, merge.completeThrough(10_000)]).toEqual([Infinity, 8750]);
  });

  it('names the topics that run so far ahead of the slowest that they need not be read on, never the slowest', () => {
    const merge = new PartitionMerge({ reorderWindowMs: 10, maxWaiting: 2, live: true });
    const now = 10_000;
    const of = (topic: string, ...times: number[]) =>
      times.map((time) => ({ ...event(time, `${topic} ${time}`), topic }));
    merge.add('slow', [], now);
    merge.add('fast', of('fast', 100, 200), now);
    expect(merge.topicsAhead(now)).toEqual([]);
    merge.add('fast', of('fast', 300), now);
    expect(merge.topicsAhead(now)).toEqual(['fast']);
    merge.add('slow', of('slow', 10, 150, 190, 195), now);
    expect(merge.release(now)).toHaveLength(3);
    expect(merge.topicsAhead(now)).toEqual([]);
    merge.note('slow', readThrough(now));
    expect(merge.release(now)).toHaveLength(3);
    expect(merge.topicsAhead(now)).toEqual([]);
  });
});
