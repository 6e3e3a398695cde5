import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.js';
import { within } from '../deadline.js';
import type { RawRecord } from '../events/record.js';
import { coPartitionedAssigner } from './assigner.js';
import type { Consumer, Position, Reader, RecordHandler, TopicProgress } from './bus.js';
import { InputAway } from './input-away.js';
import { type KafkaBusConfig, patiently, recordOf, whileAlive } from './kafka-client.js';
import { isRefused, isReplaced, messageOf, toldOfMember } from './kafka-errors.js';
import { fetchedOf } from './kafka-fetch.js';
import { type AssignedPartition, type Assignment, Generation } from './kafka-generation.js';
import { metadataOf, type OffsetReset, type Places } from './kafka-places.js';
import type { KafkaStateLog } from './kafka-state.js';
import type { KafkaWatch, ReadPosition } from './kafka-watch.js';
import type { Batch, Kafka, Consumer as KafkaConsumer } from './kafkajs/index.js';
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

/** What is needed for a membership. */
export interface SubscriptionOptions {
  readonly kafka: Kafka;
  readonly state: Pick<KafkaStateLog, 'giveUp'>;
  readonly config: KafkaBusConfig;
  readonly places: (topics: readonly string[], signal: AbortSignal) => Places;
  readonly watch: KafkaWatch;
  readonly troubles: Troubles;
  readonly topics: readonly string[];
  readonly handler: RecordHandler;
  readonly clock: Clock;
  /** Undefined for the engines. */
  readonly reader?: Reader | undefined;
}

/**
 * One membership of the consumer group. What befalls it and passes, a broker or coordinator that is away, is told and the membership
 * taken up again; what is refused ends it.
 */
export class Subscription implements Consumer {
  readonly #options: SubscriptionOptions;
  readonly #consumer: KafkaConsumer;
  readonly #places: Places;
  readonly #closing = new AbortController();
  /** As they are called on the cluster. */
  readonly #topics: readonly string[];
  readonly #heartbeatMs: number;
  readonly #progress = new ReadProgress();
  readonly #away: InputAway;
  /** By broker, when it was asked for the answer that is being processed. */
  readonly #askedAt = new Map<number, number>();
  /** When the group last answered, on this process's monotonic clock. */
  #heardAt = Number.NEGATIVE_INFINITY;
  #generation = Generation.none();
  #isBeginning = false;
  /** Calls of the handler, one after the other. */
  #queue: Promise<void> = Promise.resolve();

  constructor(options: SubscriptionOptions) {
    const { groupId, groupInstanceId, sessionTimeoutMs, topicPrefix, partitions } = options.config;
    this.#options = options;
    this.#away = new InputAway({
      troubles: options.troubles,
      who: options.reader?.who,
      // Of partitions that are being begun nothing is asked for yet: meanwhile the group has to answer.
      unansweredMs: () => (this.#generation.isBegun ? this.#progress.unansweredMs : this.#unheardMs),
    });
    this.#topics = options.topics.map((topic) => topicPrefix + topic);
    this.#places = options.places(this.#topics, this.#closing.signal);
    this.#heartbeatMs = Math.min(HEARTBEAT_MS, sessionTimeoutMs / 3);
    const owned = () => {
      this.#generation.attempts++;
      return [...this.#generation.partitions.keys()];
    };
    this.#consumer = options.kafka.consumer({
      groupId,
      ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
      everyAnswer: true,
      partitionAssigners: [coPartitionedAssigner(owned, partitions)],
      sessionTimeout: sessionTimeoutMs,
      // Who has not come by then is taken for gone, as one who is silent.
      rebalanceTimeout: sessionTimeoutMs,
      heartbeatInterval: this.#heartbeatMs,
      maxWaitTimeInMs: MAX_WAIT_MS,
      metadataMaxAge: METADATA_MAX_AGE_MS,
      allowAutoTopicCreation: false,
      retry: RETRY,
      beforeRejoin: () => this.#release(sessionTimeoutMs / 3),
    });
  }

  /** The group waits for this member meanwhile, for a session's time at most. */
  async #release(withinMs: number): Promise<void> {
    const released = this.#options.handler.releasing?.().catch(() => undefined);
    if (released !== undefined) await within(withinMs, released, () => undefined);
  }

  async start(): Promise<void> {
    const { clock, watch, topics } = this.#options;
    const consumer = this.#consumer;
    const hear = () => {
      this.#heardAt = performance.now();
    };
    consumer.on(consumer.events.HEARTBEAT, hear);
    consumer.on(consumer.events.GROUP_JOIN, ({ payload: { memberId, memberAssignment } }) => {
      hear();
      const partitions = [...new Set(Object.values(memberAssignment).flat())].sort((a, b) => a - b);
      this.#joined({
        memberId,
        partitions,
        topics: Object.keys(memberAssignment).map((name) => this.#own(name)),
      });
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => this.#crashed(payload.error));
    consumer.on(consumer.events.FETCH_START, ({ payload: { nodeId } }) => {
      this.#askedAt.set(nodeId, clock.now());
    });
    await patiently(() => consumer.connect(), this.#closing.signal);
    const subscription = { topics: [...this.#topics], fromBeginning: true };
    await patiently(() => consumer.subscribe(subscription), this.#closing.signal);
    await this.#run();
    this.#away.start();
    watch.start(
      topics,
      () => this.#reading(),
      () => this.#beginAnew(),
    );
  }

  #run(): Promise<void> {
    return this.#consumer.run({
      autoCommit: false,
      // After a crash the group would wait for the member it takes for lost until that one's session has ended.
      memberId: this.#generation.memberId,
      eachBatch: async ({ batch, heartbeat, commitOffsetsIfNecessary, isStale }) => {
        const fetched = fetchedOf(batch);
        const askedAt = this.#askedAt.get(fetched.nodeId) ?? Number.NEGATIVE_INFINITY;
        this.#generation.commitOnce = commitOffsetsIfNecessary;
        this.#progress.arrive();
        const assigned = this.#generation.partitions.get(batch.partition);
        const handled = this.#enqueue(async () => {
          // Meanwhile it may be another's, or another place was found to read on from.
          if (assigned === undefined || !this.#generation.has(assigned) || isStale()) return;
          await this.#handOver(batch, assigned, { ...fetched, askedAt });
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
      this.#options.handler.failed(toldOfMember(error, this.#options.config));
      return;
    }
    this.#generation.commitOnce = null;
    this.#away.broke(messageOf(error));
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
        if (isRefused(error))
          return this.#options.handler.failed(toldOfMember(error as Error, this.#options.config));
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
        this.#generation.memberId = '';
        return this.#again();
      });
  }

  /** Where each topic-partition of this process is read on from. */
  #reading(): ReadPosition[] {
    const ready = [...this.#generation.partitions.values()].filter(({ isReady }) => isReady);
    return ready.flatMap(({ partition, next }) =>
      this.#topics.map((name) => ({
        topic: this.#own(name),
        partition,
        next: next.get(name) ?? -1,
        topicId: this.#places.idOf(name),
      })),
    );
  }

  async commit(positions: readonly Position[]): Promise<boolean> {
    const { partitions } = this.#generation;
    const mine = positions.filter(({ partition }) => partitions.get(partition)?.isReady);
    if (!(await this.#commitOffsets(mine))) return false;
    for (const position of mine) {
      const { topic, partition } = position;
      const assigned = partitions.get(partition);
      if (assigned === undefined || !this.#generation.has(assigned)) continue;
      assigned.committed.set(topic, position);
      this.#places.forget(this.#name(topic), partition);
    }
    return true;
  }

  /** A commit that changes nothing: the coordinator takes it only from a member of the group as it is now. */
  recommit(): Promise<boolean> {
    const assigned = [...this.#generation.partitions.values()];
    return this.#commitOffsets(assigned.flatMap(({ committed }) => [...committed.values()]));
  }

  isMember(): boolean {
    return this.#unheardMs < this.#options.config.sessionTimeoutMs;
  }

  get #unheardMs(): number {
    return performance.now() - this.#heardAt;
  }

  progress(): TopicProgress[] {
    return this.#progress.progress();
  }

  pause(partition: number, topics: readonly string[]): void {
    this.#progress.pause(partition, topics);
    const assigned = this.#generation.partitions.get(partition);
    if (assigned === undefined) return;
    const before = assigned.paused;
    assigned.paused = topics;
    this.#setPaused(partition, before, topics);
  }

  #setPaused(partition: number, before: readonly string[], now: readonly string[]): void {
    const named = (topics: readonly string[]) =>
      topics.map((topic) => ({ topic: this.#name(topic), partitions: [partition] }));
    const resumed = before.filter((topic) => !now.includes(topic));
    const paused = now.filter((topic) => !before.includes(topic));
    try {
      if (resumed.length > 0) this.#consumer.resume(named(resumed));
      if (paused.length > 0) this.#consumer.pause(named(paused));
    } catch (error) {
      // A consumer that starts anew has nothing paused.
      if (isRefused(error)) throw error;
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#away.close();
    this.#options.watch.close();
    await this.#consumer.disconnect();
    await this.#queue;
  }

  /** Hands over what has not been: after a rebalance kafkajs reads again from what is committed. */
  async #handOver(batch: Batch, assigned: AssignedPartition, answer: TopicAnswer): Promise<void> {
    const { topic: name, partition, messages } = batch;
    const topic = this.#own(name);
    const next = assigned.next.get(name) ?? 0;
    const position = Math.max(answer.position, next);
    if (position > next) {
      const records: RawRecord[] = [];
      for (const message of messages) {
        const record = recordOf(topic, partition, message);
        if (record.offset >= next) records.push(record);
      }
      assigned.next.set(name, position);
      const positions = [{ topic, partition, offset: position }];
      await this.#options.handler.batch({ topic, partition, records, positions });
    }
    this.#progress.answered(partition, topic, { ...answer, position });
  }

  async #commitOffsets(positions: readonly Position[]): Promise<boolean> {
    if (positions.length === 0) return true;
    const { commitOnce, attempts } = this.#generation;
    if (commitOnce === null || attempts > 0) return false;
    const topics = [...new Set(positions.map(({ topic }) => this.#name(topic)))].map((name) => ({
      topic: name,
      partitions: positions
        .filter(({ topic }) => this.#name(topic) === name)
        .map(({ partition, offset, note }) => ({
          partition,
          offset: String(offset),
          // Of which topic the offset is, should another be made under its name.
          metadata: metadataOf(this.#places.idOf(name), note),
        })),
    }));
    try {
      await commitOnce({ topics });
      return true;
    } catch (error) {
      // Whoever reads on gets these records again, and knows them by their ids.
      if (!isRefused(error) || isReplaced(error)) return false;
      throw error;
    }
  }

  /** The group is in its next generation. What is gone is revoked before anything new is read. */
  #joined(assignment: Assignment): void {
    const { handler } = this.#options;
    const { generation, revoked, added } = this.#generation.next(assignment);
    this.#generation = generation;
    this.#isBeginning = false;
    this.#away.joined();
    this.#giveUp(revoked);
    // Of a membership that was taken up again kafkajs has forgotten what is paused.
    for (const { partition, paused } of generation.partitions.values())
      this.#setPaused(partition, [], paused);
    // kafkajs reads on from what is committed, which is no place in these.
    for (const reset of this.#places.resets) this.#seek(reset);
    void this.#enqueue(async () => {
      if (revoked.length > 0) await handler.revoked(revoked.map(({ partition }) => partition));
      // Until then the handler may have paused topics of theirs, and does not know of it any more.
      for (const { partition } of revoked) this.pause(partition, []);
      // Also of none: where there are more processes than partitions, that is all a process is told.
      if (added.length > 0 || generation.number === 1) {
        const partitions = added.map(({ partition }) => partition);
        const survey = await this.#places.assign(partitions);
        for (const reset of this.#places.resets) this.#seek(reset);
        await handler.assigned(partitions, generation.topics, survey);
      }
      for (const assigned of added) {
        if (!this.#generation.has(assigned)) continue;
        assigned.isReady = true;
        this.#progress.begin(assigned.partition, generation.topics);
      }
      handler.shared?.();
    }).catch((error: unknown) => {
      if (!this.#closing.signal.aborted) handler.failed(error as Error);
    });
  }

  #giveUp(revoked: readonly AssignedPartition[]): void {
    this.#options.state.giveUp(revoked.map(({ partition }) => partition));
    for (const { partition, paused } of revoked) {
      this.#setPaused(partition, paused, []);
      this.#progress.end(partition);
      for (const name of this.#topics) this.#places.forget(name, partition);
    }
  }

  #seek({ topic, partition, from }: OffsetReset): void {
    const next = this.#generation.partitions.get(partition)?.next.get(topic);
    try {
      this.#consumer.seek({ topic, partition, offset: String(next ?? from) });
    } catch (error) {
      // A consumer that starts anew is told when it has joined.
      if (isRefused(error)) throw error;
    }
  }

  /** What a topic is called on the cluster. */
  #name(topic: string): string {
    return this.#options.config.topicPrefix + topic;
  }

  /** What a topic of the cluster is called here. */
  #own(name: string): string {
    return name.slice(this.#options.config.topicPrefix.length);
  }

  #enqueue(call: () => Promise<void>): Promise<void> {
    const result = this.#queue.then(call);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}
