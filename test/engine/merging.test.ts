import { describe, expect, it } from 'vitest';
import { TOPICS } from '../../src/contract/topics.js';
import { mergeByEventTime } from '../../src/engine/merging.js';
import type { DecodedBatch, EngineInput, OrderedBatch } from '../../src/engine/stages.js';
import { eventOf, START, vitals } from '../helpers.js';
import { FRAME, ids, Marbles, progress } from './marbles.js';

/** A decoded batch of vitals at frames after START, with offsets from `first`; from all topics in one log, or from the one named. */
function decoded(times: number[], first: number, more: Partial<DecodedBatch> = {}): DecodedBatch {
  const { partition = 0, topic: from = 'all' } = more;
  const topic = from === 'all' ? TOPICS.vitals : from;
  const events = times.map((time, index) => {
    const where = { messageId: `${first + index}`, eventTime: START + time };
    return eventOf('vitals', vitals({ heartRate: 80 }, where), { topic, partition, offset: first + index });
  });
  const positions = [{ topic, partition, offset: first + times.length }];
  return { topic: from, partition, events, deadLetters: [], positions, ...more };
}

/** What a merged batch says: event ids, dead letters, and how far each partition may be committed. */
function summary({ events, deadLetters, positions, revoked }: OrderedBatch): string {
  const committed = positions.map(({ partition, offset }) => `${partition}@${offset}`).sort();
  return [
    ids(events).join(' '),
    ...deadLetters.map(({ reason }) => reason),
    ...committed,
    ...revoked.map((partition) => `-${partition}`),
  ].join(', ');
}

async function play(
  marbles: Marbles,
  live: boolean,
  input: string,
  values: Record<string, DecodedBatch | Exclude<EngineInput, { records: unknown }>>,
) {
  const now = live ? () => START + marbles.frame : () => Number.POSITIVE_INFINITY;
  const options = { reorderWindowMs: 3, maxWaiting: 1000, silentTopicMs: 100, live };
  return marbles.play(input, values, mergeByEventTime(options, { now, live }));
}

async function merged(...options: Parameters<typeof play>) {
  return (await play(...options)).map(({ frame, notification }) => [
    frame / FRAME,
    notification.kind === 'N' ? summary(notification.value as OrderedBatch) : notification.kind,
  ]);
}

describe('mergeByEventTime', () => {
  it('holds what may still be overtaken, commits up to it and no further, and lets all go at the end', async () => {
    const values = { a: decoded([0, 5, 4], 0), b: decoded([3, 9], 3), e: 'end' as const };
    expect(await merged(new Marbles(), false, 'a-b-e|', values)).toEqual([
      [0, '0, 0@1'],
      [2, '3 2 1, 0@4'],
      [4, '4, 0@5'],
      [5, 'C'],
    ]);
  });

  it('passes dead letters on at once, whatever is held', async () => {
    const deadLetters = [{ reason: 'undecodable' }] as DecodedBatch['deadLetters'];
    const values = { a: decoded([5], 0, { deadLetters }) };
    expect(await merged(new Marbles(), false, '-a', values)).toEqual([[1, ', undecodable, 0@0']]);
  });

  it('live, lets events go when their time has come though nothing new arrives', async () => {
    const read = (frame: number) => progress(START + frame);
    const values = { a: decoded([0, 2], 0), t: read(2), u: read(3), v: read(4), w: read(5) };
    expect(await merged(new Marbles(), true, 'a-tuvw', values)).toEqual([
      [0, ', 0@0'],
      [2, ', 0@0'],
      [3, '0, 0@1'],
      [4, ', 0@1'],
      [5, '1, 0@2'],
    ]);
  });

  it('live, does not pass by a topic that has unread records', async () => {
    const values = {
      a: decoded([0], 0),
      t: progress(Number.NEGATIVE_INFINITY),
      b: decoded([1], 1),
      u: progress(START + 6),
    };
    expect(await merged(new Marbles(), true, 'a---t-(bu)', values)).toEqual([
      [0, ', 0@0'],
      [4, ', 0@0'],
      [6, ', 0@0'],
      [6, '0 1, 0@2'],
    ]);
  });

  it('live, waits for every topic of a partition that was assigned, and commits what is no record too', async () => {
    const topics = [TOPICS.adt, TOPICS.vitals, TOPICS.acks];
    const taken = { assigned: [0], topics, restored: [], discharged: [], silent: [] };
    const empty = { ...decoded([], 8, { topic: TOPICS.adt }) };
    const far = START + 60_000;
    const of = (...names: string[]) => progress(far, ...names.map((topic) => ({ topic })));
    const values = {
      t: taken,
      a: of(TOPICS.adt),
      b: decoded([1], 0, { topic: TOPICS.vitals }),
      c: of(TOPICS.adt, TOPICS.vitals),
      e: empty,
      d: of(...topics),
    };
    const out = await play(new Marbles(), true, 't-a-b-c-(ed)', values);
    const batches = out.map(({ notification }) => (notification as { value: OrderedBatch }).value);
    expect(batches.map(summary)).toEqual(['', '', ', 0@0', ', 0@0', ', 0@0, 0@8', '0, 0@1, 0@8']);
    const complete = batches.map(({ watermarks }) => watermarks.get(0)?.complete);
    expect(complete).toEqual([undefined, -Infinity, -Infinity, -Infinity, -Infinity, START + 8 - 3]);
  });

  it('live, goes on without a topic for which nobody answers, but lets nothing be due meanwhile', async () => {
    const topics = [TOPICS.vitals, TOPICS.notes];
    const read = (silentMs: number) =>
      progress(
        START + 7,
        { topic: TOPICS.vitals },
        { topic: TOPICS.notes, readThrough: 0, completeThrough: 0, silentMs },
      );
    const values = {
      t: { assigned: [0], topics, restored: [], discharged: [], silent: [] },
      a: decoded([1], 0, { topic: TOPICS.vitals }),
      b: read(100),
      c: read(101),
    };
    const out = await play(new Marbles(), true, 'ta-----bc', values);
    const batches = out.map(({ notification }) => (notification as { value: OrderedBatch }).value);
    expect(batches.map(summary)).toEqual(['', ', 0@0', ', 0@0', '0, 0@1']);
    expect(batches.map(({ watermarks }) => watermarks.get(0))).toEqual([
      undefined,
      { ordered: Infinity, complete: -Infinity },
      { ordered: Infinity, complete: -3 },
      { ordered: -3, complete: -3 },
    ]);
  });

  it('lets the slowest topic of a partition set the pace, and each partition go by itself', async () => {
    const values = {
      a: decoded([0, 10], 0, { topic: TOPICS.vitals }),
      b: decoded([20], 50, { topic: TOPICS.vitals, partition: 1 }),
      c: decoded([6], 90, { topic: TOPICS.labs }),
      d: decoded([20], 91, { topic: TOPICS.labs }),
    };
    expect(await merged(new Marbles(), false, 'abcd', values)).toEqual([
      [0, '0, 0@1'],
      [1, ', 1@50'],
      [2, ', 0@1, 0@90'],
      [3, '90, 0@1, 0@91'],
    ]);
  });

  it('forgets a partition that is another process’s now, and commits nothing more of it', async () => {
    const values = {
      a: decoded([5], 0),
      b: decoded([5], 7, { partition: 1 }),
      r: { revoked: [1] },
      e: 'end' as const,
    };
    expect(await merged(new Marbles(), false, 'abre', values)).toEqual([
      [0, ', 0@0'],
      [1, ', 1@7'],
      [2, ', -1'],
      [3, '0, 0@1'],
    ]);
  });
});
