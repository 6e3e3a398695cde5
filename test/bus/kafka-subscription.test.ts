import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RecordBatch } from '../../src/bus/bus.js';
import type { KafkaBusConfig } from '../../src/bus/kafka-client.js';
import { Places } from '../../src/bus/kafka-places.js';
import type { KafkaStateLog } from '../../src/bus/kafka-state.js';
import { Subscription } from '../../src/bus/kafka-subscription.js';
import { KafkaWatch } from '../../src/bus/kafka-watch.js';
import type { Admin, EachBatchPayload, Kafka, PartitionAssigner } from '../../src/bus/kafkajs/index.js';
import { Troubles } from '../../src/bus/troubles.js';
import { parseConfig } from '../../src/settings/config.js';

const VITALS = 'ward.vitals';
const CONFIG = parseConfig({
  bus: { kind: 'kafka', brokers: ['b:9092'], topicPrefix: 'p.' },
}).bus as KafkaBusConfig;

type Listener = (event: { payload: object }) => void;

/**
 * kafkajs's consumer, of which the test says when it joins its group and what becomes of a commit: a rebalance in
 * the middle of a commit cannot be had from a broker at will.
 */
class FakeGroup {
  readonly #listeners = new Map<string, Listener>();
  #beginJoin: () => void = () => undefined;
  #eachBatch: (payload: EachBatchPayload) => Promise<void> = async () => undefined;
  /** Commits that reached the group. */
  readonly commits: unknown[] = [];
  answer: () => Promise<void> = async () => undefined;
  /** Of the member; rejects once the group does not know it any more. */
  heartbeat: () => Promise<void> = async () => undefined;

  readonly kafka = {
    consumer: ({ partitionAssigners }: { partitionAssigners: PartitionAssigner[] }) => {
      const assigner = partitionAssigners[0]({} as Parameters<PartitionAssigner>[0]);
      this.#beginJoin = () => void assigner.protocol({ topics: [`p.${VITALS}`] });
      return {
        events: { GROUP_JOIN: 'join', CRASH: 'crash', FETCH_START: 'fetch', HEARTBEAT: 'heartbeat' },
        on: (name: string, listener: Listener) => void this.#listeners.set(name, listener),
        connect: async () => undefined,
        subscribe: async () => undefined,
        run: async ({ eachBatch }: { eachBatch: (payload: EachBatchPayload) => Promise<void> }) => {
          this.#eachBatch = eachBatch;
        },
        commitOffsets: () => expect.fail('a commit that kafkajs would try again'),
        pause: () => undefined,
        resume: () => undefined,
      };
    },
  } as unknown as Kafka;

  beginJoin(): void {
    this.#beginJoin();
  }

  joined(memberId: string, partitions: readonly number[], topics: readonly string[] = [VITALS]): void {
    const memberAssignment = Object.fromEntries(topics.map((topic) => [`p.${topic}`, partitions]));
    this.#listeners.get('join')?.({ payload: { memberId, memberAssignment } });
  }

  hear(): void {
    this.#listeners.get('heartbeat')?.({ payload: {} });
  }

  ask(nodeId: number): void {
    this.#listeners.get('fetch')?.({ payload: { nodeId } });
  }

  /** A batch of one message, handed over by this member. */
  deliver(partition: number): Promise<void> {
    return this.hand({
      partition,
      messages: [{ offset: '0', value: Buffer.from('x') }],
      highWatermark: '1',
      lastOffset: () => '0',
    });
  }

  /** An answer of a broker, handed over by this member. */
  async hand(answer: { readonly partition: number; readonly [field: string]: unknown }): Promise<void> {
    const batch = {
      topic: `p.${VITALS}`,
      rawMessages: [],
      ...answer,
    };
    const commitOffsetsIfNecessary = async (offsets: unknown) => {
      this.commits.push(offsets);
      await this.answer();
    };
    const heartbeat = () => this.heartbeat();
    const isStale = () => false;
    await this.#eachBatch({
      batch,
      heartbeat,
      commitOffsetsIfNecessary,
      isStale,
    } as unknown as EachBatchPayload);
  }
}

const clock = { time: 1000, now: () => clock.time, live: true };

const POSITIONS = [
  { topic: VITALS, partition: 0, offset: 1 },
  { topic: VITALS, partition: 1, offset: 4 },
] as const;

async function member(told: unknown[] = []) {
  const group = new FakeGroup();
  const admin = {
    fetchOffsets: async () => [],
    fetchTopicOffsets: async () => [],
    fetchTopicMetadata: async () => ({ topics: [] }),
  } as unknown as Admin;
  const state = { giveUp: () => undefined } as unknown as KafkaStateLog;
  const tell = async (...what: unknown[]) => void told.push(what);
  const handler = {
    assigned: (partitions: readonly number[], topics: readonly string[]) => tell(partitions, topics),
    batch: ({ partition, records, positions }: RecordBatch) =>
      tell(partition, records.length, positions[0].offset),
    revoked: tell,
    failed: (error: Error) => expect.fail(error.message),
  };
  const troubles = new Troubles();
  const watch = new KafkaWatch(admin, CONFIG, troubles);
  const places = (topics: readonly string[], signal: AbortSignal) =>
    new Places({ admin, config: CONFIG, watch, topics, signal });
  const options = { kafka: group.kafka, state, config: CONFIG, places, watch, troubles, handler, clock };
  const subscription = new Subscription({ ...options, topics: [VITALS] });
  onTestFinished(() => watch.close());
  await subscription.start();
  group.beginJoin();
  group.joined('m-1', [0, 1]);
  await group.deliver(0);
  return { group, subscription, admin, troubles };
}

describe('partitions that are being begun', () => {
  it('are told of as not read where the group says nothing any more, and only there', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { group, subscription, admin, troubles } = await member();
    onTestFinished(() => void vi.clearAllTimers());
    const unread = () => troubles.faults.filter((fault) => fault.startsWith('nothing is read from Kafka'));
    // The member was put out of the group: all it has is new, and where to begin is asked for.
    admin.fetchOffsets = () => new Promise(() => undefined);
    group.beginJoin();
    group.joined('m-2', [0, 1]);
    for (let second = 0; second < 20; second += 2) {
      await vi.advanceTimersByTimeAsync(2000);
      group.hear();
    }
    expect(unread()).toEqual([]);
    await vi.advanceTimersByTimeAsync(9000);
    expect(unread()).toHaveLength(1);
    group.hear();
    await vi.advanceTimersByTimeAsync(1000);
    expect(unread()).toEqual([]);
    expect(subscription.progress()).toEqual([]);
  });
});

describe('the progress of reading', () => {
  const empty = { messages: [], lastOffset: () => '4', highWatermark: '5', nodeId: 1 };

  it('comes of every answer, also of one without messages, and dates from when it was asked for', async () => {
    const told: unknown[] = [];
    const { group, subscription } = await member(told);
    const through = () =>
      subscription.progress().map(({ partition, readThrough }) => [partition, readThrough]);
    expect(through()).toEqual([
      [0, Number.NEGATIVE_INFINITY],
      [1, Number.NEGATIVE_INFINITY],
    ]);
    group.ask(1);
    clock.time = 2000;
    await group.hand({ partition: 1, ...empty, messages: [], lastOffset: () => '2' });
    expect(through()[1]).toEqual([1, Number.NEGATIVE_INFINITY]);
    await group.hand({ partition: 1, ...empty });
    expect(through()[1]).toEqual([1, 1000]);
    group.ask(1);
    await group.hand({ partition: 1, ...empty });
    expect(through()[1]).toEqual([1, 2000]);
    // Positions move on without records, once each: they are committed as those of records are.
    expect(told).toEqual([
      [[0, 1], [VITALS]],
      [0, 1, 1],
      [1, 0, 3],
      [1, 0, 5],
    ]);
  });

  it('counts no time as waiting in which a lost member hands over the rest of an answer', async () => {
    const { group, subscription } = await member();
    await sleep(300);
    group.heartbeat = async () => {
      throw Object.assign(new Error('gone'), { type: 'UNKNOWN_MEMBER_ID' });
    };
    for (let count = 0; count < 40; count++) await group.deliver(0).catch(() => undefined);
    const [, other] = subscription.progress();
    // Kept waiting for the answer, once: not for each of its batches.
    expect(other).toMatchObject({ partition: 1 });
    expect(other.silentMs).toBeLessThan(1000);
  });

  it('begins anew where a generation comes with other topics', async () => {
    const told: unknown[] = [];
    const { group, subscription } = await member(told);
    told.length = 0;
    group.beginJoin();
    group.joined('m-1', [0, 1]);
    await group.hand({ partition: 1, ...empty });
    expect(told).toEqual([[1, 0, 5]]);
    group.beginJoin();
    group.joined('m-1', [0, 1], [VITALS, 'ward.treatments']);
    await expect.poll(() => subscription.progress().length).toBe(4);
    expect(told.slice(1)).toEqual([
      [[0, 1]],
      [
        [0, 1],
        [VITALS, 'ward.treatments'],
      ],
    ]);
    expect(subscription.progress().every(({ readThrough }) => readThrough === Number.NEGATIVE_INFINITY)).toBe(
      true,
    );
  });
});

describe('a commit', () => {
  it('reaches the group as positions by topic', async () => {
    const { group, subscription } = await member();
    expect(await subscription.commit(POSITIONS)).toBe(true);
    const partitions = [
      { partition: 0, offset: '1', metadata: null },
      { partition: 1, offset: '4', metadata: null },
    ];
    expect(group.commits).toEqual([{ topics: [{ topic: `p.${VITALS}`, partitions }] }]);
  });

  it('is tried once: a second try could be of another generation', async () => {
    const { group, subscription } = await member();
    group.answer = async () => {
      throw Object.assign(new Error('no answer'), { type: 'REQUEST_TIMED_OUT', retriable: true });
    };
    expect(await subscription.commit(POSITIONS)).toBe(false);
    expect(group.commits).toHaveLength(1);
  });

  it('is not made while the group is rebalancing', async () => {
    const { group, subscription } = await member();
    group.beginJoin();
    expect(await subscription.commit(POSITIONS)).toBe(false);
    group.joined('m-1', [0, 1]);
    expect(await subscription.commit(POSITIONS)).toBe(true);
    expect(group.commits).toHaveLength(1);
  });

  it('is not made in the name of a member that is gone, nor for the next before it has read', async () => {
    const { group, subscription } = await member();
    group.beginJoin();
    group.joined('m-2', [0, 1]);
    await expect.poll(() => subscription.commit(POSITIONS)).toBe(false);
    await group.deliver(1);
    await expect.poll(() => subscription.commit(POSITIONS)).toBe(true);
    expect(group.commits).toHaveLength(1);
  });
});
