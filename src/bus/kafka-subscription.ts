import type { Batch, EachBatchPayload, Kafka, Consumer as KafkaConsumer } from 'kafkajs';
import type { Clock } from '../clock.js';
import type { RawRecord } from '../engine/decode.js';
import { causesOf, WardstreamError } from '../errors.js';
import { coPartitionedAssigner } from './assigner.js';
import type { Consumer, LaneProgress, Position, RecordHandler } from './bus.js';
import { type KafkaBusConfig, recordOf } from './kafka-client.js';
import { fetchedOf, watchFetches } from './kafka-fetch.js';
import { joinAs } from './kafka-membership.js';
import type { KafkaStateLog } from './kafka-state.js';
import { type LaneAnswer, Lanes } from './lanes.js';

/** So long a broker that has nothing new waits with its answer: lanes that are idle are known as such this often. */
const MAX_WAIT_MS = 50;
/** The group must hear from us at least this often. */
const HEARTBEAT_MS = 3000;
/** Answers of the group's coordinator that say: not you, or not now. */
const NOT_A_MEMBER = new Set([
  'REBALANCE_IN_PROGRESS',
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'FENCED_INSTANCE_ID',
]);

/** What kafkajs says, without a code, between a crash of its consumer and the new start that it makes by itself. */
const STARTS_ANEW = 'Consumer group was not initialized';

interface Joined {
  readonly memberId: string;
  readonly memberAssignment: Readonly<Record<string, number[]>>;
}

/** One membership of the consumer group. */
export class Subscription implements Consumer {
  readonly #consumer: KafkaConsumer;
  readonly #state: KafkaStateLog;
  readonly #clock: Clock;
  readonly #groupInstanceId: string | undefined;
  readonly #prefix: string;
  /** As they are called on the cluster. */
  readonly #topics: readonly string[];
  readonly #handler: RecordHandler;
  readonly #heartbeatMs: number;
  readonly #sessionMs: number;
  /** When the group last answered, on this process's monotonic clock. */
  #heardAt = Number.NEGATIVE_INFINITY;
  #memberId = '';
  /** Attempts to join since the last assignment. While there are any, a deal of the partitions is under way. */
  #attempts = 0;
  /**
   * Commits once as this member, by the deal at the time of the call. kafkajs's own `commitOffsets` tries again, by then perhaps
   * by another deal, which gave the partitions away and back: what others did between would be passed over.
   */
  #commitOnce: EachBatchPayload['commitOffsetsIfNecessary'] | null = null;
  #partitions: readonly number[] = [];
  /** Of the newest deal. Where its leader knows other topics, partitions that stay are taken over anew. */
  #laneNames = '';
  /** By partition: which deal gave it to this process. */
  readonly #assignments = new Map<number, number>();
  /** Partitions whose assignment the handler has dealt with. What is to be committed of the others is of an earlier deal. */
  readonly #takenOver = new Set<number>();
  #deals = 0;
  /** Next offset to hand over, by lane (topic on the cluster and partition), since its partition was assigned. */
  readonly #next = new Map<string, number>();
  readonly #lanes = new Lanes();
  /** By broker, when it was asked for the answer that is being dealt with. */
  readonly #askedAt = new Map<number, number>();
  readonly #committed = new Map<string, Position>();
  readonly #resting = new Map<number, readonly string[]>();
  /** Calls of the handler, one after the other. */
  #queue: Promise<void> = Promise.resolve();

  constructor(
    kafka: Kafka,
    state: KafkaStateLog,
    { groupId, groupInstanceId, sessionTimeoutMs, topicPrefix }: KafkaBusConfig,
    topics: readonly string[],
    handler: RecordHandler,
    clock: Clock,
  ) {
    this.#state = state;
    this.#clock = clock;
    this.#groupInstanceId = groupInstanceId;
    this.#prefix = topicPrefix;
    this.#topics = topics.map((topic) => topicPrefix + topic);
    this.#handler = handler;
    this.#sessionMs = sessionTimeoutMs;
    this.#heartbeatMs = Math.min(HEARTBEAT_MS, sessionTimeoutMs / 3);
    if (groupInstanceId !== undefined) joinAs(groupId, groupInstanceId);
    watchFetches(groupId);
    const owned = () => {
      this.#attempts++;
      return this.#partitions;
    };
    this.#consumer = kafka.consumer({
      groupId,
      partitionAssigners: [coPartitionedAssigner(owned)],
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: this.#heartbeatMs,
      maxWaitTimeInMs: MAX_WAIT_MS,
    });
  }

  async start(): Promise<void> {
    const consumer = this.#consumer;
    const hear = () => {
      this.#heardAt = performance.now();
    };
    consumer.on(consumer.events.HEARTBEAT, hear);
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      hear();
      this.#joined(payload);
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) this.#handler.failed(this.#told(payload.error));
    });
    consumer.on(consumer.events.FETCH_START, ({ payload: { nodeId } }) => {
      this.#askedAt.set(nodeId, this.#clock.now());
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [...this.#topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch, heartbeat, commitOffsetsIfNecessary }) => {
        const { partition } = batch;
        const fetched = fetchedOf(batch);
        const askedAt = this.#askedAt.get(fetched.nodeId) ?? Number.NEGATIVE_INFINITY;
        this.#commitOnce = commitOffsetsIfNecessary;
        this.#lanes.arrive();
        const assignment = this.#assignments.get(partition);
        const handled = this.#enqueue(async () => {
          if (assignment === undefined || assignment !== this.#assignments.get(partition)) return;
          await this.#handOver(batch, { ...fetched, askedAt });
        });
        await whileAlive(handled, heartbeat, this.#heartbeatMs);
        this.#lanes.await();
      },
    });
  }

  async commit(positions: readonly Position[]): Promise<boolean> {
    const mine = positions.filter(({ partition }) => this.#takenOver.has(partition));
    if (!(await this.#commitOffsets(mine))) return false;
    for (const position of mine) this.#committed.set(`${position.topic}/${position.partition}`, position);
    return true;
  }

  /** A commit that changes nothing: the coordinator takes it only from a member of the group as it is now. */
  confirm(): Promise<boolean> {
    return this.#commitOffsets([...this.#committed.values()]);
  }

  isMember(): boolean {
    return performance.now() - this.#heardAt < this.#sessionMs;
  }

  lanes(): LaneProgress[] {
    return this.#lanes.progress();
  }

  rest(partition: number, lanes: readonly string[]): void {
    this.#lanes.rest(partition, lanes);
    const before = this.#resting.get(partition) ?? [];
    this.#resting.set(partition, lanes);
    const named = (topics: readonly string[]) =>
      topics.map((topic) => ({ topic: this.#prefix + topic, partitions: [partition] }));
    const awake = before.filter((lane) => !lanes.includes(lane));
    const tired = lanes.filter((lane) => !before.includes(lane));
    try {
      if (awake.length > 0) this.#consumer.resume(named(awake));
      if (tired.length > 0) this.#consumer.pause(named(tired));
    } catch (error) {
      // A consumer that starts anew rests nowhere, and joins as another member, with which all lanes are awake.
      if (!isPassing(error)) throw error;
    }
  }

  async close(): Promise<void> {
    await this.#consumer.disconnect();
    await this.#queue;
  }

  /** Hands over what has not been: after a new deal kafkajs reads again from what is committed. */
  async #handOver({ topic, partition, messages }: Batch, answer: LaneAnswer): Promise<void> {
    const lane = topic.slice(this.#prefix.length);
    const key = `${topic}/${partition}`;
    const next = this.#next.get(key) ?? 0;
    const position = Math.max(answer.position, next);
    if (position > next) {
      const records: RawRecord[] = [];
      for (const message of messages) {
        const record = recordOf(lane, partition, message);
        if (record.offset >= next) records.push(record);
      }
      this.#next.set(key, position);
      const positions = [{ topic: lane, partition, offset: position }];
      await this.#handler.batch({ lane, partition, records, positions });
    }
    this.#lanes.answered(partition, lane, { ...answer, position });
  }

  async #commitOffsets(positions: readonly Position[]): Promise<boolean> {
    if (positions.length === 0) return true;
    if (this.#commitOnce === null || this.#attempts > 0) return false;
    const lanes = [...new Set(positions.map(({ topic }) => topic))];
    const topics = lanes.map((lane) => ({
      topic: this.#prefix + lane,
      partitions: positions
        .filter(({ topic }) => topic === lane)
        .map(({ partition, offset }) => ({ partition, offset: String(offset) })),
    }));
    try {
      await this.#commitOnce({ topics });
      return true;
    } catch (error) {
      // Whoever reads on gets these records again, and knows them by their ids.
      if (isPassing(error)) return false;
      throw error;
    }
  }

  /**
   * What is gone is given up before anything new is read. A member that was put out of the group, or missed a deal of the
   * partitions, does not know who had its partitions meanwhile: then it has lost all of them, and those it has now are new.
   */
  #joined({ memberId, memberAssignment }: Joined): void {
    const now = [...new Set(Object.values(memberAssignment).flat())].sort((a, b) => a - b);
    const lanes = Object.keys(memberAssignment).map((topic) => topic.slice(this.#prefix.length));
    const isSame = now.length === 0 || lanes.join() === this.#laneNames;
    const hasMissedNothing = memberId === this.#memberId && this.#attempts <= 1 && isSame;
    const kept = hasMissedNothing ? now.filter((partition) => this.#partitions.includes(partition)) : [];
    const revoked = this.#partitions.filter((partition) => !kept.includes(partition));
    const added = now.filter((partition) => !kept.includes(partition));
    if (memberId !== this.#memberId) this.#commitOnce = null;
    this.#memberId = memberId;
    this.#attempts = 0;
    this.#partitions = now;
    this.#laneNames = lanes.join();
    this.#forget(revoked);
    const deal = ++this.#deals;
    for (const partition of added) this.#assignments.set(partition, deal);
    void this.#enqueue(async () => {
      if (revoked.length > 0) await this.#handler.revoked(revoked);
      // Also of none: where there are more processes than partitions, that is all a process is told.
      if (added.length > 0 || deal === 1) await this.#handler.assigned(added, lanes);
      for (const partition of added) {
        if (this.#assignments.get(partition) !== deal) continue;
        this.#takenOver.add(partition);
        this.#lanes.begin(partition, lanes);
      }
    }).catch((error: unknown) => this.#handler.failed(error as Error));
  }

  #forget(partitions: readonly number[]): void {
    this.#state.giveUp(partitions);
    for (const partition of partitions) {
      this.rest(partition, []);
      this.#assignments.delete(partition);
      this.#takenOver.delete(partition);
      this.#lanes.end(partition);
      for (const topic of this.#topics) {
        this.#next.delete(`${topic}/${partition}`);
        this.#committed.delete(`${topic.slice(this.#prefix.length)}/${partition}`);
      }
    }
  }

  #told(error: Error): Error {
    if (!isReplaced(error)) return error;
    const name = this.#groupInstanceId;
    return new WardstreamError(
      'WS_BUS',
      `another process has joined the group as ${name}: bus.groupInstanceId must be another for each`,
      { cause: error },
    );
  }

  #enqueue(call: () => Promise<void>): Promise<void> {
    const result = this.#queue.then(call);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

/** Waits for the work and keeps the membership alive meanwhile; rejects at once where it is lost. The work goes on. */
async function whileAlive(
  work: Promise<void>,
  heartbeat: () => Promise<void>,
  everyMs: number,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const lost = new Promise<never>((_, reject) => {
    timer = setInterval(() => heartbeat().catch(reject), everyMs);
  });
  try {
    await Promise.race([work, lost]);
  } finally {
    clearInterval(timer);
  }
  await heartbeat();
}

/** What kafkajs adds to an error. */
interface KafkaError extends Error {
  readonly type?: string;
  readonly retriable?: boolean;
}

/** Another member has this one's name. */
function isReplaced(error: unknown): boolean {
  return causesOf(error).some(({ type }: KafkaError) => type === 'FENCED_INSTANCE_ID');
}

/** The group is being dealt out anew, or the broker is away. kafkajs wraps what the broker said. */
function isPassing(error: unknown): boolean {
  return causesOf(error).some(
    ({ type = '', retriable, message, name }: KafkaError) =>
      NOT_A_MEMBER.has(type) ||
      retriable === true ||
      message.startsWith(STARTS_ANEW) ||
      name === 'KafkaJSNumberOfRetriesExceeded',
  );
}
