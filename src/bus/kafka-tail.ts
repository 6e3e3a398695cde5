import { setTimeout as sleep } from 'node:timers/promises';
import { WardstreamError } from '../errors.js';
import type { Tail, TailHandler, TailOf, TailRecord, TailStretch } from './bus.js';
import { patiently } from './kafka-client.js';
import { epochIn } from './kafka-epoch.js';
import { isRefused, messageOf } from './kafka-errors.js';
import type { Admin, Cluster, Kafka, KafkaMessage } from './kafkajs/index.js';
import type { Troubles } from './troubles.js';

/** A broker that has nothing new answers after so long. */
const WAIT_MS = 250;
const AGAIN_MS = 200;
/** Of one answer, and of one partition of it. */
const MAX_BYTES = 16 * 1_048_576;
const PARTITION_BYTES = 1_048_576;
const READ_UNCOMMITTED = 0;
/** So long no broker answers for what is read before that is told. */
const PATIENCE_MS = 5000;
const TROUBLE = 'log-not-read';

interface Part {
  readonly topic: string;
  readonly partition: number;
  /** Where it ended when the reading began. */
  ended: number;
  next: number;
}

/** What is used of an answer to a fetch. */
interface FetchAnswer {
  readonly responses: readonly {
    readonly topicName: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly messages: readonly KafkaMessage[];
    }[];
  }[];
}

export interface KafkaTailOptions {
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly topicPrefix: string;
  readonly troubles: Troubles;
}

/**
 * All partitions of some topics, read without a group: one request to each broker that leads some, again and again. Whatever befalls a
 * broker, the others are read on with the next round.
 */
export class KafkaTail implements Tail {
  readonly #options: KafkaTailOptions;
  readonly #topics: readonly TailOf[];
  readonly #handler: TailHandler;
  readonly #ids = new Map<string, string>();
  #parts: Part[] = [];
  #cluster: Cluster | null = null;
  #isOpen = true;
  #answeredAt = performance.now();
  #reading: Promise<void> = Promise.resolve();

  private constructor(options: KafkaTailOptions, topics: readonly TailOf[], handler: TailHandler) {
    this.#options = options;
    this.#topics = topics;
    this.#handler = handler;
  }

  static async start(
    options: KafkaTailOptions,
    topics: readonly TailOf[],
    handler: TailHandler,
  ): Promise<KafkaTail> {
    const tail = new KafkaTail(options, topics, handler);
    await patiently(() => tail.#look());
    tail.#reading = tail.#read();
    return tail;
  }

  get progress(): { readonly partitions: number; readonly of: number } {
    const read = this.#parts.filter(({ next, ended }) => next >= ended);
    return { partitions: read.length, of: this.#parts.length };
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#cluster?.disconnect().catch(() => undefined);
    await this.#reading;
  }

  /** Which topics these are and where they begin and end; a topic that is another one by now is read anew. */
  async #look(): Promise<void> {
    const { admin, topicPrefix } = this.#options;
    const names = this.#topics.map(({ topic }) => topicPrefix + topic);
    const described = await admin.fetchTopicMetadata({ topics: names });
    for (const { topic, from } of this.#topics) {
      const name = topicPrefix + topic;
      const id = described.topics.find((each) => each.name === name)?.partitions[0]?.topicId ?? name;
      const offsets = await admin.fetchTopicOffsets(name);
      const ends = offsets
        .map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) }))
        .sort((a, b) => a.partition - b.partition);
      const known = this.#parts.filter((part) => part.topic === topic);
      const isGood =
        this.#ids.get(topic) === id &&
        known.every(({ partition, next }) => {
          const end = ends.find((each) => each.partition === partition);
          return end !== undefined && next >= end.low && next <= end.high;
        });
      if (isGood) continue;
      // Of one that was read before, all that is there is new.
      const begin = this.#ids.has(topic) ? 'beginning' : from;
      this.#ids.set(topic, id);
      const parts = ends.map(({ partition, low, high }) => {
        return {
          topic,
          partition,
          ended: high,
          next: begin === 'beginning' ? low : Math.max(low, high - begin),
        };
      });
      this.#parts = [...this.#parts.filter((part) => part.topic !== topic), ...parts];
      this.#handler.begun(
        topic,
        id,
        parts.map(({ next, ended }) => ({ from: next, end: ended })),
      );
    }
  }

  async #read(): Promise<void> {
    while (this.#isOpen) {
      try {
        const cluster = await this.#connect();
        await this.#follow(cluster);
      } catch (error) {
        if (!this.#isOpen) return;
        this.#tell(error);
        await this.#cluster?.disconnect().catch(() => undefined);
        this.#cluster = null;
        await sleep(AGAIN_MS);
        await this.#look().catch(() => undefined);
      }
    }
  }

  async #connect(): Promise<Cluster> {
    if (this.#cluster !== null) return this.#cluster;
    const cluster = this.#options.kafka.cluster();
    this.#cluster = cluster;
    await cluster.connect();
    for (const { topic } of this.#topics) await cluster.addTargetTopic(this.#options.topicPrefix + topic);
    return cluster;
  }

  /** Reads from all brokers side by side until one fails. */
  async #follow(cluster: Cluster): Promise<void> {
    let isOver = false;
    const loops = [...this.#byLeader(cluster)].map(async ([nodeId, parts]) => {
      try {
        while (this.#isOpen && !isOver) await this.#fetch(cluster, nodeId, parts);
      } finally {
        isOver = true;
      }
    });
    const ends = await Promise.allSettled(loops);
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    if (loops.length === 0) throw new Error('no partition has a leader');
  }

  #byLeader(cluster: Cluster): Map<string, Part[]> {
    const led = new Map<string, Part[]>();
    for (const part of this.#parts) {
      const name = this.#options.topicPrefix + part.topic;
      const nodeId = leaderOf(cluster, name, part.partition);
      led.set(nodeId, [...(led.get(nodeId) ?? []), part]);
    }
    return led;
  }

  async #fetch(cluster: Cluster, nodeId: string, parts: readonly Part[]): Promise<void> {
    const { topicPrefix } = this.#options;
    const places = parts.map((part) => ({ ...part, topic: topicPrefix + part.topic }));
    const answer = await fetchFrom(cluster, nodeId, places);
    this.#answeredAt = performance.now();
    this.#options.troubles.clear(TROUBLE, this.#subject);
    for (const { topicName, partitions } of answer.responses) {
      for (const { partition, messages } of partitions) {
        const part = parts.find(
          (each) => topicPrefix + each.topic === topicName && each.partition === partition,
        );
        if (part !== undefined && messages.length > 0) this.#handOver(part, messages);
      }
    }
  }

  #handOver(part: Part, messages: readonly KafkaMessage[]): void {
    const { topic, partition } = part;
    const records = recordsOf(messages, part.next);
    // A batch ends with a marker where compaction has removed its last records.
    part.next = Math.max(part.next, Number(messages[messages.length - 1].offset) + 1);
    this.#handler.batch({ topic, partition, records, next: part.next });
  }

  #tell(error: unknown): void {
    const isLong = performance.now() - this.#answeredAt > PATIENCE_MS;
    if (!isLong && !isRefused(error)) return;
    const subject = this.#subject;
    const detail = `${subject} cannot be read: ${messageOf(error)}. What the wards show stands still. Bring the broker back, or allow READ`;
    this.#options.troubles.raise({ kind: TROUBLE, subject, priority: 'HIGH', detail, stopsInput: true });
  }

  /** Tells it from other readers, whose topics may be read all the same. */
  get #subject(): string {
    return this.#topics.map(({ topic }) => topic).join(' and ');
  }
}

/** The records of an answer from an offset on; what is before it came with its batch. */
function recordsOf(messages: readonly KafkaMessage[], from: number): TailRecord[] {
  return messages.flatMap((message) => {
    const offset = Number(message.offset);
    const { isControlRecord = false } = message as { isControlRecord?: boolean };
    if (offset < from || isControlRecord || message.key === null) return [];
    const { key, value, headers } = message;
    return [{ offset, key: String(key), value, epoch: epochIn(headers) }];
  });
}

/** So long a stretch of a log is asked for. */
const GIVE_UP_MS = 5000;

/** Reads a stretch of a partition once. @throws WardstreamError `WS_BUS` where no broker gives it. */
export async function readStretch(
  { kafka, topicPrefix }: Pick<KafkaTailOptions, 'kafka' | 'topicPrefix'>,
  topic: string,
  partition: number,
  from: number,
  until?: number,
): Promise<TailStretch> {
  const name = topicPrefix + topic;
  const cluster = kafka.cluster();
  const records: TailRecord[] = [];
  const deadline = performance.now() + GIVE_UP_MS;
  try {
    await cluster.connect();
    await cluster.addTargetTopic(name);
    const placeOf = async (fromBeginning: boolean) => {
      const [asked] = await cluster.fetchTopicsOffset([
        { topic: name, partitions: [{ partition }], fromBeginning },
      ]);
      return Number(asked.partitions[0].offset);
    };
    const to = until ?? (await placeOf(false));
    const begin = Math.max(from, await placeOf(true));
    for (let next = begin; next < to; ) {
      if (performance.now() > deadline) throw new Error('it takes too long');
      const place = { topic: name, partition, next };
      const { responses } = await fetchFrom(cluster, leaderOf(cluster, name, partition), [place]);
      const messages = responses.flatMap(({ partitions }) => partitions.flatMap((each) => each.messages));
      records.push(...recordsOf(messages, next).filter(({ offset }) => offset < to));
      const last = messages.at(-1);
      if (last !== undefined) next = Math.max(next, Number(last.offset) + 1);
    }
    return { from: begin, records };
  } catch (error) {
    throw new WardstreamError('WS_BUS', `${topic} cannot be read: ${messageOf(error)}`, { cause: error });
  } finally {
    await cluster.disconnect().catch(() => undefined);
  }
}

/** @throws Error where the partition has no leader. */
function leaderOf(cluster: Cluster, topic: string, partition: number): string {
  const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
  if (nodeId === undefined || Number(nodeId) < 0)
    throw new Error(`partition ${partition} of ${topic} has no leader`);
  return nodeId;
}

/** One request to a broker for partitions that it leads; topics as they are called on the cluster. */
async function fetchFrom(
  cluster: Cluster,
  nodeId: string,
  places: readonly Pick<Part, 'topic' | 'partition' | 'next'>[],
): Promise<FetchAnswer> {
  const broker = await cluster.findBroker({ nodeId });
  const topics = [...new Set(places.map(({ topic }) => topic))].map((topic) => ({
    topic,
    partitions: places
      .filter((place) => place.topic === topic)
      .map(({ partition, next }) => ({ partition, fetchOffset: String(next), maxBytes: PARTITION_BYTES })),
  }));
  const limits = { maxWaitTime: WAIT_MS, minBytes: 1, maxBytes: MAX_BYTES };
  return broker.fetch({ ...limits, isolationLevel: READ_UNCOMMITTED, topics });
}
