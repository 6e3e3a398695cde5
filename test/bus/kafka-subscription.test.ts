import type { Admin, EachBatchPayload, Kafka, PartitionAssigner } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import type { KafkaBusConfig } from '../../src/bus/kafka-client.js';
import type { KafkaStateLog } from '../../src/bus/kafka-state.js';
import { Subscription } from '../../src/bus/kafka-subscription.js';
import { parseConfig } from '../../src/config.js';

const VITALS = 'ward.vitals';
const CONFIG = parseConfig({
  bus: { kind: 'kafka', brokers: ['b:9092'], topicPrefix: 'p.' },
}).bus as KafkaBusConfig;

type Listener = (event: { payload: object }) => void;

/**
 * kafkajs's consumer, of which the test says when it joins its group and what becomes of a commit: a deal of the partitions in
 * the middle of a commit cannot be had from a broker at will.
 */
class FakeGroup {
  readonly #listeners = new Map<string, Listener>();
  #beginJoin: () => void = () => undefined;
  #eachBatch: (payload: EachBatchPayload) => Promise<void> = async () => undefined;
  /** Commits that reached the group. */
  readonly commits: unknown[] = [];
  answer: () => Promise<void> = async () => undefined;

  readonly kafka = {
    consumer: ({ partitionAssigners }: { partitionAssigners: PartitionAssigner[] }) => {
      const assigner = partitionAssigners[0]({} as Parameters<PartitionAssigner>[0]);
      this.#beginJoin = () => void assigner.protocol({ topics: [`p.${VITALS}`] });
      return {
        events: { GROUP_JOIN: 'join', CRASH: 'crash' },
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

  joined(memberId: string, partitions: readonly number[]): void {
    this.#listeners.get('join')?.({
      payload: { memberId, memberAssignment: { [`p.${VITALS}`]: partitions } },
    });
  }

  /** A batch of one message, handed over by this member. */
  async deliver(partition: number): Promise<void> {
    const batch = {
      topic: `p.${VITALS}`,
      partition,
      messages: [{ offset: '0', value: Buffer.from('x') }],
      highWatermark: '1',
      lastOffset: () => '0',
    };
    const commitOffsetsIfNecessary = async (offsets: unknown) => {
      this.commits.push(offsets);
      await this.answer();
    };
    const heartbeat = async () => undefined;
    await this.#eachBatch({ batch, heartbeat, commitOffsetsIfNecessary } as unknown as EachBatchPayload);
  }
}

const POSITIONS = [
  { topic: VITALS, partition: 0, offset: 1 },
  { topic: VITALS, partition: 1, offset: 4 },
] as const;

async function member() {
  const group = new FakeGroup();
  const admin = { fetchOffsets: async () => [], fetchTopicOffsets: async () => [] } as unknown as Admin;
  const state = { giveUp: () => undefined } as unknown as KafkaStateLog;
  const nothing = async () => undefined;
  const handler = {
    assigned: nothing,
    batch: nothing,
    revoked: nothing,
    failed: (error: Error) => expect.fail(error.message),
  };
  const subscription = new Subscription(group.kafka, admin, state, CONFIG, [VITALS], handler);
  await subscription.start();
  group.beginJoin();
  group.joined('m-1', [0, 1]);
  await group.deliver(0);
  return { group, subscription };
}

describe('a commit', () => {
  it('reaches the group as positions by topic', async () => {
    const { group, subscription } = await member();
    expect(await subscription.commit(POSITIONS)).toBe(true);
    const partitions = [
      { partition: 0, offset: '1' },
      { partition: 1, offset: '4' },
    ];
    expect(group.commits).toEqual([{ topics: [{ topic: `p.${VITALS}`, partitions }] }]);
  });

  it('is tried once: a second try could go by another deal of the partitions', async () => {
    const { group, subscription } = await member();
    group.answer = async () => {
      throw Object.assign(new Error('no answer'), { type: 'REQUEST_TIMED_OUT', retriable: true });
    };
    expect(await subscription.commit(POSITIONS)).toBe(false);
    expect(group.commits).toHaveLength(1);
  });

  it('is not made while partitions are being dealt out', async () => {
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
