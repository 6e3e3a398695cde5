import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.js';
import { WardstreamError } from '../errors.js';
import type { RawRecord } from '../events/record.js';
import { coPartitionedAssigner } from './assigner.js';
import type { Consumer, Position, RecordHandler, TopicProgress } from './bus.js';
import { type KafkaBusConfig, patiently, recordOf, whileAlive } from './kafka-client.js';
import { isRefused, isReplaced, messageOf } from './kafka-errors.js';
import { fetchedOf } from './kafka-fetch.js';
import type { OffsetReset, Places } from './kafka-places.js';
import type { KafkaStateLog } from './kafka-state.js';
import type { KafkaWatch, ReadPosition } from './kafka-watch.js';
import type { Batch, EachBatchPayload, Kafka, Consumer as KafkaConsumer } from './kafkajs/index.js';
import { ReadProgress, type TopicAnswer } from './read-progress.js';
import type { Troubles } from './troubles.js';

/** So long a broker that has nothing new waits with its answer: topics that are idle are known as such this often. */
const MAX_WAIT_MS = 50;
/** The group must hear from us at least this often. */
const HEARTBEAT_MS = 3000;
/** Retries within kafkajs: short, since after them the membership is taken up again from the start. */
const RETRY = { initialRetryTime: 100, maxRetryTime: 1000, retries: 3, restartOnFailure: async () => false };
/** Which broker leads a partition is asked at least so often. */
const METADATA_MAX_AGE_MS = 10_000;
/** So long after a fault the membership is taken up again, and again. */
const AGAIN_MS = 500;
/** So long nothing is read before it is said to people. */
const AWAY_MS = 10_000;

interface Joined {
  readonly memberId: string;
  readonly memberAssignment: Readonly<Record<string, number[]>>;
}

/** What is needed for a membership. */
export interface SubscriptionOptions {
  readonly kafka: Kafka;
  readonly state: KafkaStateLog;
  readonly config: KafkaBusConfig;
  readonly places: (topics: readonly string[], signal: AbortSignal) => Places;
  readonly watch: KafkaWatch;
  readonly troubles: Troubles;
  readonly topics: readonly string[];
  readonly handler: RecordHandler;
  readonly clock: Clock;
}

/**
 * One membership of the consumer group. What befalls it and passes, a broker or coordinator that is away, is told and the membership
 * taken up again; what is refused ends it.
 */
export class Subscription implements Consumer {
  readonly #consumer: KafkaConsumer;
  readonly #watch: KafkaWatch;
  readonly #places: Places;
  readonly #troubles: Troubles;
  readonly #closing = new AbortController();
  #isBeginning = false;
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
  /** Attempts to join since the last assignment. While there are any, the group is rebalancing. */
  #attempts = 0;
  /**
   * Commits once as this member, in the generation at the time of the call. kafkajs's own `commitOffsets` tries again, by then perhaps
   * in another generation; one between may have given the partitions away: what others did between would be passed over.
   */
  #commitOnce: EachBatchPayload['commitOffsetsIfNecessary'] | null = null;
  #partitions: readonly number[] = [];
  /** Of the newest generation. Where its leader knows other topics, partitions that stay are assigned anew. */
  #topicNames = '';
  /** By partition: in which generation it was assigned to this process. */
  readonly #assignments = new Map<number, number>();
  /** Partitions whose assignment the handler has dealt with. What is to be committed of the others is of an earlier generation. */
  readonly #ready = new Set<number>();
  #generations = 0;
  /** Next offset to hand over, by topic on the cluster and partition, since its partition was assigned. */
  readonly #next = new Map<string, number>();
  readonly #progress = new ReadProgress();
  /** By broker, when it was asked for the answer that is being dealt with. */
  readonly #askedAt = new Map<number, number>();
  readonly #committed = new Map<string, Position>();
  readonly #paused = new Map<number, readonly string[]>();
  /** Calls of the handler, one after the other. */
  #queue: Promise<void> = Promise.resolve();

  constructor({
    kafka,
    state,
    config,
    places,
    watch,
    troubles,
    topics,
    handler,
    clock,
  }: SubscriptionOptions) {
    const { groupId, groupInstanceId, sessionTimeoutMs, topicPrefix, partitions } = config;
    this.#watch = watch;
    this.#troubles = troubles;
    this.#state = state;
    this.#clock = clock;
    this.#groupInstanceId = groupInstanceId;
    this.#prefix = topicPrefix;
    this.#topics = topics.map((topic) => topicPrefix + topic);
    this.#handler = handler;
    this.#places = places(this.#topics, this.#closing.signal);
    this.#sessionMs = sessionTimeoutMs;
    this.#heartbeatMs = Math.min(HEARTBEAT_MS, sessionTimeoutMs / 3);
    const owned = () => {
      this.#attempts++;
      return this.#partitions;
    };
    this.#consumer = kafka.consumer({
      groupId,
      ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
      everyAnswer: true,
      partitionAssigners: [coPartitionedAssigner(owned, partitions)],
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: this.#heartbeatMs,
      maxWaitTimeInMs: MAX_WAIT_MS,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      allowAutoTopicCreation: false,
      retry: RETRY,
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
    consumer.on(consumer.events.CRASH, ({ payload }) => this.#crashed(payload.error));
    consumer.on(consumer.events.FETCH_START, ({ payload: { nodeId } }) => {
      this.#askedAt.set(nodeId, this.#clock.now());
    });
    await patiently(() => consumer.connect(), this.#closing.signal);
    const topics = [...this.#topics];
    await patiently(() => consumer.subscribe({ topics, fromBeginning: true }), this.#closing.signal);
    await this.#run();
    const names = this.#topics.map((topic) => topic.slice(this.#prefix.length));
    this.#watch.start(
      names,
      () => this.#reading(),
      () => this.#beginAnew(),
    );
  }

  #run(): Promise<void> {
    return this.#consumer.run({
      autoCommit: false,
      // After a crash the group would wait for the member it takes for lost until that one's session has ended.
      memberId: this.#memberId,
      eachBatch: async ({ batch, heartbeat, commitOffsetsIfNecessary, isStale }) => {
        const { partition } = batch;
        const fetched = fetchedOf(batch);
        const askedAt = this.#askedAt.get(fetched.nodeId) ?? Number.NEGATIVE_INFINITY;
        this.#commitOnce = commitOffsetsIfNecessary;
        this.#progress.arrive();
        const assignment = this.#assignments.get(partition);
        const handled = this.#enqueue(async () => {
          if (assignment === undefined || assignment !== this.#assignments.get(partition)) return;
          // Meanwhile another place was found to read on from.
          if (isStale()) return;
          await this.#handOver(batch, { ...fetched, askedAt });
        });
        try {
          await whileAlive(handled, heartbeat, this.#heartbeatMs);
        } finally {
          // Also where the membership is lost: what else the answer has is handed over at once, and is no time of waiting.
          this.#progress.await();
        }
      },
    });
  }

  /** kafkajs has given the membership up. */
  #crashed(error: Error): void {
    if (this.#closing.signal.aborted) return;
    if (isRefused(error)) {
      this.#handler.failed(this.#told(error));
      return;
    }
    this.#commitOnce = null;
    const why = messageOf(error);
    const isNew = this.#troubles.raiseAfter(AWAY_MS, {
      kind: 'input-away',
      priority: 'HIGH',
      detail: `nothing is read from Kafka for ${AWAY_MS / 1000} s: ${why}. Patients are not watched; it is tried again all the time. Are the brokers up?`,
      stopsInput: true,
    });
    if (isNew) this.#troubles.say(`reading from Kafka is interrupted, and tried again: ${why}`);
    void this.#again();
  }

  async #again(): Promise<void> {
    for (;;) {
      await sleep(AGAIN_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      if (this.#closing.signal.aborted) return;
      try {
        await this.#consumer.connect();
        await this.#run();
        return;
      } catch (error) {
        if (isRefused(error)) return this.#handler.failed(this.#told(error as Error));
      }
    }
  }

  /** Leaves the group and joins it as a stranger: all partitions are assigned anew, each topic from where it is good. */
  #beginAnew(): void {
    if (this.#isBeginning || this.#closing.signal.aborted) return;
    this.#isBeginning = true;
    void this.#consumer
      .stop()
      .catch(() => undefined)
      .then(() => {
        this.#memberId = '';
        return this.#again();
      });
  }

  /** Where each topic-partition of this process is read on from. */
  #reading(): ReadPosition[] {
    return [...this.#ready].flatMap((partition) =>
      this.#topics.map((name) => ({
        topic: name.slice(this.#prefix.length),
        partition,
        next: this.#next.get(`${name}/${partition}`) ?? -1,
        topicId: this.#places.idOf(name),
      })),
    );
  }

  async commit(positions: readonly Position[]): Promise<boolean> {
    const mine = positions.filter(({ partition }) => this.#ready.has(partition));
    if (!(await this.#commitOffsets(mine))) return false;
    for (const position of mine) {
      this.#committed.set(`${position.topic}/${position.partition}`, position);
      this.#places.forget(this.#prefix + position.topic, position.partition);
    }
    return true;
  }

  /** A commit that changes nothing: the coordinator takes it only from a member of the group as it is now. */
  recommit(): Promise<boolean> {
    return this.#commitOffsets([...this.#committed.values()]);
  }

  isMember(): boolean {
    return performance.now() - this.#heardAt < this.#sessionMs;
  }

  progress(): TopicProgress[] {
    return this.#progress.progress();
  }

  pause(partition: number, topics: readonly string[]): void {
    this.#progress.pause(partition, topics);
    const before = this.#paused.get(partition) ?? [];
    this.#paused.set(partition, topics);
    this.#setPaused(partition, before, topics);
  }

  #setPaused(partition: number, before: readonly string[], topics: readonly string[]): void {
    const named = (topics: readonly string[]) =>
      topics.map((topic) => ({ topic: this.#prefix + topic, partitions: [partition] }));
    const resumed = before.filter((topic) => !topics.includes(topic));
    const pausing = topics.filter((topic) => !before.includes(topic));
    try {
      if (resumed.length > 0) this.#consumer.resume(named(resumed));
      if (pausing.length > 0) this.#consumer.pause(named(pausing));
    } catch (error) {
      // A consumer that starts anew has nothing paused.
      if (isRefused(error)) throw error;
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#troubles.clear('input-away');
    this.#watch.close();
    await this.#consumer.disconnect();
    await this.#queue;
  }

  /** Hands over what has not been: after a rebalance kafkajs reads again from what is committed. */
  async #handOver({ topic: name, partition, messages }: Batch, answer: TopicAnswer): Promise<void> {
    const topic = name.slice(this.#prefix.length);
    const key = `${name}/${partition}`;
    const next = this.#next.get(key) ?? 0;
    const position = Math.max(answer.position, next);
    if (position > next) {
      const records: RawRecord[] = [];
      for (const message of messages) {
        const record = recordOf(topic, partition, message);
        if (record.offset >= next) records.push(record);
      }
      this.#next.set(key, position);
      const positions = [{ topic, partition, offset: position }];
      await this.#handler.batch({ topic, partition, records, positions });
    }
    this.#progress.answered(partition, topic, { ...answer, position });
  }

  async #commitOffsets(positions: readonly Position[]): Promise<boolean> {
    if (positions.length === 0) return true;
    if (this.#commitOnce === null || this.#attempts > 0) return false;
    const names = [...new Set(positions.map(({ topic }) => topic))];
    const topics = names.map((name) => ({
      topic: this.#prefix + name,
      partitions: positions
        .filter(({ topic }) => topic === name)
        .map(({ partition, offset }) => ({
          partition,
          offset: String(offset),
          // Of which topic the offset is, should another be made under its name.
          metadata: this.#places.idOf(this.#prefix + name) ?? null,
        })),
    }));
    try {
      await this.#commitOnce({ topics });
      return true;
    } catch (error) {
      // Whoever reads on gets these records again, and knows them by their ids.
      if (!isRefused(error) || isReplaced(error)) return false;
      throw error;
    }
  }

  /**
   * What is gone is given up before anything new is read. A member that was put out of the group, or missed a generation,
   * does not know who had its partitions meanwhile: then it has lost all of them, and those it has now are new.
   */
  #joined({ memberId, memberAssignment }: Joined): void {
    const now = [...new Set(Object.values(memberAssignment).flat())].sort((a, b) => a - b);
    const topics = Object.keys(memberAssignment).map((topic) => topic.slice(this.#prefix.length));
    const isSame = now.length === 0 || topics.join() === this.#topicNames;
    const hasMissedNothing = memberId === this.#memberId && this.#attempts <= 1 && isSame;
    const kept = hasMissedNothing ? now.filter((partition) => this.#partitions.includes(partition)) : [];
    const revoked = this.#partitions.filter((partition) => !kept.includes(partition));
    const added = now.filter((partition) => !kept.includes(partition));
    if (memberId !== this.#memberId) this.#commitOnce = null;
    this.#troubles.clear('input-away');
    this.#memberId = memberId;
    this.#attempts = 0;
    this.#isBeginning = false;
    this.#partitions = now;
    this.#topicNames = topics.join();
    this.#forget(revoked);
    // Of a membership that was taken up again kafkajs has forgotten what is paused.
    for (const [partition, paused] of this.#paused) this.#setPaused(partition, [], paused);
    // kafkajs reads on from what is committed, which is no place in these.
    for (const reset of this.#places.resets) this.#seek(reset);
    const generation = ++this.#generations;
    for (const partition of added) this.#assignments.set(partition, generation);
    void this.#enqueue(async () => {
      if (revoked.length > 0) await this.#handler.revoked(revoked);
      // Until then the handler may have paused topics of theirs, and does not know of it any more.
      for (const partition of revoked) this.pause(partition, []);
      // Also of none: where there are more processes than partitions, that is all a process is told.
      if (added.length > 0 || generation === 1) {
        const survey = await this.#places.assign(added);
        for (const reset of this.#places.resets) this.#seek(reset);
        await this.#handler.assigned(added, topics, survey);
      }
      for (const partition of added) {
        if (this.#assignments.get(partition) !== generation) continue;
        this.#ready.add(partition);
        this.#progress.begin(partition, topics);
      }
    }).catch((error: unknown) => {
      if (!this.#closing.signal.aborted) this.#handler.failed(error as Error);
    });
  }

  #forget(partitions: readonly number[]): void {
    this.#state.giveUp(partitions);
    for (const partition of partitions) {
      this.pause(partition, []);
      this.#assignments.delete(partition);
      this.#ready.delete(partition);
      this.#progress.end(partition);
      for (const topic of this.#topics) {
        this.#next.delete(`${topic}/${partition}`);
        this.#places.forget(topic, partition);
        this.#committed.delete(`${topic.slice(this.#prefix.length)}/${partition}`);
      }
    }
  }

  #seek({ topic, partition, from }: OffsetReset): void {
    const offset = String(this.#next.get(`${topic}/${partition}`) ?? from);
    try {
      this.#consumer.seek({ topic, partition, offset });
    } catch (error) {
      // A consumer that starts anew is told when it has joined.
      if (isRefused(error)) throw error;
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
