import { randomUUID } from 'node:crypto';
import { fixedAssigner } from '../bus/assigner.js';
import { clientOptions, type KafkaBusConfig } from '../bus/kafka-client.js';
import kafkajs, { type EachBatchPayload } from '../bus/kafkajs/index.js';
import { SchemaRegistryClient } from '../bus/schema-registry.js';
import { INPUT_TOPICS, type InputTopic, RECORD_OF_TOPIC } from '../contract/topics.js';
import { SchemaLoader } from '../engine/schema-loader.js';
import { WardstreamError } from '../errors.js';
import { DecodeFailure, MessageCodec } from '../events/codec.js';
import type { SourceMessage } from '../events/source-message.js';
import type { Config } from '../settings/config.js';
import { noCounts, type ReplaySource } from './source.js';

/** Messages a topic-partition may hold before its partition is paused. */
const MOST_HELD = 4096;

/** What of the topics is read: event times, or offsets of every partition; `to` is not included. */
export interface KafkaRange {
  readonly by: 'time' | 'offset';
  readonly from: number;
  readonly to: number;
}

/** One topic's partition: what was read of it and waits for the others. */
interface TopicPartition {
  readonly topic: InputTopic;
  readonly partition: number;
  readonly end: number;
  readonly held: SourceMessage[];
  isPaused: boolean;
  isDone: boolean;
}

/**
 * A range of live topics: `kafka:` (all there is), `kafka:FROM..TO` with ISO times of events, or `kafka:offset=A..B`. Each partition's
 * topics are merged by event time as they are when a backlog is read live; what was out of order in a topic stays so.
 * Reads as a group of its own that is deleted afterwards; nothing is committed.
 */
export class KafkaRangeSource implements ReplaySource {
  readonly counts = noCounts();
  readonly total = 0;
  readonly hasClock = true;
  readonly #bus: KafkaBusConfig;
  readonly #codec: MessageCodec;
  /** Of the run under way. */
  #schemas: SchemaLoader;
  readonly #range: KafkaRange;
  readonly #limit: number;
  readonly #keep: (patientId: string) => boolean;

  /** @throws WardstreamError `WS_USAGE` for a range that is none, `WS_CONFIG` where the configuration names no Kafka. */
  constructor(
    range: string,
    config: Config | undefined,
    limit = Number.POSITIVE_INFINITY,
    keep: (patientId: string) => boolean = () => true,
  ) {
    if (config?.bus.kind !== 'kafka') {
      throw new WardstreamError('WS_CONFIG', '--from kafka: needs --config FILE with bus.kind kafka');
    }
    this.#range = parseRange(range);
    this.#bus = config.bus;
    const { schemaRegistry, schemas } = config;
    const registry = schemaRegistry === undefined ? undefined : new SchemaRegistryClient(schemaRegistry.url);
    this.#codec = new MessageCodec({ registry, directory: schemas.directory });
    this.#schemas = this.#newLoader();
    this.#limit = limit;
    this.#keep = keep;
  }

  #newLoader(): SchemaLoader {
    return new SchemaLoader(this.#codec, { onWarning: (message) => process.emitWarning(message) });
  }

  async *messages(): AsyncGenerator<SourceMessage> {
    const patients = new Set<string>();
    const { by, from, to } = this.#range;
    for await (const message of this.#merged()) {
      if (by === 'time' && (message.eventTime < from || message.eventTime >= to)) continue;
      const isNew = !patients.has(message.key);
      if (!this.#keep(message.key) || (isNew && patients.size >= this.#limit)) continue;
      patients.add(message.key);
      this.counts.patients = patients.size;
      this.counts.rows++;
      yield message;
    }
  }

  async *#merged(): AsyncGenerator<SourceMessage> {
    const { topicPrefix, groupId: group, brokers } = this.#bus;
    const kafka = new kafkajs.Kafka(clientOptions(this.#bus));
    const admin = kafka.admin();
    const groupId = `${group}-replay-${randomUUID()}`;
    const topics = INPUT_TOPICS.map((topic) => topicPrefix + topic);
    this.#schemas = this.#newLoader();
    try {
      await admin.connect();
      const reading: TopicPartition[] = [];
      const starts: { topic: string; partition: number; offset: string }[] = [];
      for (const topic of INPUT_TOPICS) {
        for (const { partition, low, high } of await admin.fetchTopicOffsets(topicPrefix + topic)) {
          const { by, from, to } = this.#range;
          const begin = by === 'offset' ? Math.max(Number(low), from) : Number(low);
          const end = by === 'offset' ? Math.min(Number(high), to) : Number(high);
          reading.push({ topic, partition, end, held: [], isPaused: false, isDone: begin >= end });
          starts.push({ topic: topicPrefix + topic, partition, offset: String(begin) });
        }
      }
      const partitions = [...new Set(reading.map(({ partition }) => partition))];
      yield* this.#read(kafka, groupId, topics, partitions, reading, starts);
    } catch (error) {
      if (error instanceof WardstreamError) throw error;
      const what = `the topics at ${brokers.join(', ')} cannot be read: ${String(error)}`;
      throw new WardstreamError('WS_BUS', what, { cause: error });
    } finally {
      this.#schemas.close();
      await admin.deleteGroups([groupId]).catch(() => undefined);
      await admin.disconnect();
    }
  }

  async *#read(
    kafka: InstanceType<typeof kafkajs.Kafka>,
    groupId: string,
    topics: readonly string[],
    partitions: readonly number[],
    reading: readonly TopicPartition[],
    starts: readonly { topic: string; partition: number; offset: string }[],
  ): AsyncGenerator<SourceMessage> {
    const consumer = kafka.consumer({
      groupId,
      partitionAssigners: [fixedAssigner(partitions)],
      maxWaitTimeInMs: 100,
      // A topic may end in what is handed to nobody, such as the marker of a transaction.
      everyAnswer: true,
    });
    let wake: () => void = () => undefined;
    let failure: Error | null = null;
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      failure = payload.error;
      wake();
    });
    await consumer.connect();
    try {
      await consumer.subscribe({ topics: [...topics], fromBeginning: true });
      await consumer.run({
        autoCommit: false,
        eachBatch: async (payload) => {
          await this.#take(payload, reading, (from) =>
            consumer.pause([{ topic: this.#bus.topicPrefix + from.topic, partitions: [from.partition] }]),
          );
          wake();
        },
      });
      for (const start of starts) consumer.seek(start);
      while (failure === null) {
        const waiting = reading.some(({ held, isDone }) => held.length === 0 && !isDone);
        if (waiting) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          continue;
        }
        const next = earliest(reading);
        if (next === null) return;
        yield next.held.shift()!;
        if (next.isPaused && next.held.length < MOST_HELD / 2) {
          next.isPaused = false;
          consumer.resume([{ topic: this.#bus.topicPrefix + next.topic, partitions: [next.partition] }]);
        }
      }
      throw failure;
    } finally {
      await consumer.disconnect();
    }
  }

  async #take(
    { batch }: EachBatchPayload,
    reading: readonly TopicPartition[],
    pause: (from: TopicPartition) => void,
  ): Promise<void> {
    const topic = batch.topic.slice(this.#bus.topicPrefix.length);
    const from = reading.find((each) => each.topic === topic && each.partition === batch.partition);
    if (from === undefined || from.isDone) return;
    const spans = batch.messages.map(({ value }) => value ?? Buffer.alloc(0));
    await this.#schemas.load(spans.map((bytes) => ({ bytes, start: 0, end: bytes.length })));
    for (const { offset, key, value, timestamp } of batch.messages) {
      if (Number(offset) >= from.end) break;
      const record = value ?? Buffer.alloc(0);
      const decoded = this.#codec.decode(RECORD_OF_TOPIC[from.topic], record);
      // What cannot be decoded is passed on, and becomes a dead letter as it would live.
      const isUnknown = decoded instanceof DecodeFailure;
      from.held.push({
        topic: from.topic,
        key: isUnknown ? String(key ?? '') : decoded.patientId,
        eventTime: isUnknown ? Number(timestamp) : decoded.eventTime,
        record,
      });
    }
    if (Number(batch.lastOffset()) + 1 >= from.end) from.isDone = true;
    if (from.held.length > MOST_HELD && !from.isDone) {
      from.isPaused = true;
      pause(from);
    }
  }
}

function earliest(reading: readonly TopicPartition[]): TopicPartition | null {
  let first: TopicPartition | null = null;
  for (const from of reading) {
    if (from.held.length > 0 && (first === null || from.held[0].eventTime < first.held[0].eventTime))
      first = from;
  }
  return first;
}

/** A time with its zone; NaN for others, which would be another time on another machine. */
function timeOf(text: string): number {
  return /T.*(Z|[+-]\d{2}:?\d{2})$/i.test(text) ? Date.parse(text) : Number.NaN;
}

/** @throws WardstreamError `WS_USAGE`. */
export function parseRange(text: string): KafkaRange {
  const isOffset = text.startsWith('offset=');
  const [from = '', to = '', ...more] = text.replace(/^offset=/, '').split('..');
  const bound = (part: string, open: number) => (part === '' ? open : isOffset ? Number(part) : timeOf(part));
  const range = {
    by: isOffset ? ('offset' as const) : ('time' as const),
    from: bound(from, Number.NEGATIVE_INFINITY),
    to: bound(to, Number.POSITIVE_INFINITY),
  };
  if (more.length === 0 && (text === '' || text.includes('..')) && range.from < range.to) return range;
  const forms =
    'kafka: for all, kafka:2026-01-05T06:00Z..2026-01-06T06:00Z, kafka:offset=0..5000 (either end may be left out)';
  throw new WardstreamError('WS_USAGE', `--from kafka:${text}: not a range; use ${forms}`);
}
