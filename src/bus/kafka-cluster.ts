import { createRequire } from 'node:module';
import { replaceInKafkajs } from './kafka-internals.js';

/**
 * What kafkajs knows of the cluster. Of its own it refuses all that is known of any topic while one partition has no leader or one
 * topic is not there, so the loss of one broker stops everything; it cannot tell a topic from another of the same name that was made
 * after it; and a broker that does not answer keeps it from reading from the others.
 */

/** Of a topic that is made anew, another; where brokers are too old to tell (before 2.8), undefined. */
export interface IdentifiedPartition {
  readonly partitionId: number;
  /** The broker that leads the partition; below 0 there is none. */
  readonly leader: number;
  readonly topicId?: string;
}

/** The first version with topic ids. */
const WITH_IDS = 10;
const METADATA = 3;
const UNKNOWN_TOPIC = 3;
/** No leader, a replica away, no listener: of a partition, for now. */
const PASSING_IN_PARTITION = new Set([5, 9, 72]);
const NO_ID = Buffer.alloc(16).toString('base64url');

interface PartitionMetadata extends IdentifiedPartition {
  partitionErrorCode: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly offlineReplicas: readonly number[];
}
interface TopicMetadata {
  readonly topicErrorCode: number;
  readonly topic: string;
  readonly isInternal: boolean;
  readonly partitionMetadata: PartitionMetadata[];
}
interface ClusterMetadata {
  readonly topicMetadata: readonly TopicMetadata[];
}
interface Exchange {
  readonly request: object;
  readonly response: {
    decode(bytes: Buffer): Promise<ClusterMetadata>;
    parse(data: ClusterMetadata): Promise<ClusterMetadata>;
  };
}
interface MetadataOptions {
  readonly topics: readonly string[];
  readonly allowAutoTopicCreation: boolean;
}
interface MetadataModule {
  versions: string[];
  protocol: (of: { version: number }) => (options: MetadataOptions) => Exchange;
}

let isReady = false;

/** Has kafkajs go on with the part of the cluster that is there, and tell topics by their ids. */
export function bearPartialClusters(): void {
  if (isReady) return;
  isReady = true;
  if (!replaceInKafkajs('protocol/requests/metadata/index', patient)) return;
  askOnlyLeaders();
  readFromTheOthers();
}

/** The module is taken over by others as it is loaded: it is changed in its place. */
function patient(own: MetadataModule): MetadataModule {
  const newest = Math.max(...own.versions.map(Number));
  const before = own.protocol;
  own.versions.push(String(WITH_IDS));
  own.protocol = ({ version }) => {
    const known = before({ version: Math.min(version, newest) });
    return (options) => {
      const exchange = known(options);
      const parse = (data: ClusterMetadata) => exchange.response.parse(bearable(data));
      if (version < WITH_IDS) return { ...exchange, response: { ...exchange.response, parse } };
      const encode = async () => encodeRequest(options);
      return {
        request: { apiKey: METADATA, apiVersion: WITH_IDS, apiName: 'Metadata', encode },
        response: { decode: async (bytes) => decodeResponse(bytes), parse },
      };
    };
  };
  return own;
}

/** Without the faults that concern one topic or partition only. */
function bearable(data: ClusterMetadata): ClusterMetadata {
  const topicMetadata = data.topicMetadata.filter(({ topicErrorCode }) => topicErrorCode !== UNKNOWN_TOPIC);
  for (const { partitionMetadata } of topicMetadata) {
    for (const partition of partitionMetadata) {
      if (PASSING_IN_PARTITION.has(partition.partitionErrorCode)) partition.partitionErrorCode = 0;
    }
  }
  return { ...data, topicMetadata };
}

/** What kafkajs takes for one of its encoders. */
function encodeRequest({ topics, allowAutoTopicCreation }: MetadataOptions): object {
  // First the tags of the header; an array begins with its length and one, and none at all, for all topics, with 0.
  const parts: Buffer[] = [Buffer.from([0]), varint(topics.length === 0 ? 0 : topics.length + 1)];
  for (const topic of topics) {
    const name = Buffer.from(topic);
    parts.push(Buffer.alloc(16), varint(name.length + 1), name, Buffer.from([0]));
  }
  parts.push(Buffer.from([Number(allowAutoTopicCreation), 0, 0, 0]));
  const buf = Buffer.concat(parts);
  return { buf, buffer: buf, size: () => buf.length };
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

function decodeResponse(bytes: Buffer) {
  const reader = new CompactReader(bytes);
  reader.tags();
  const clientSideThrottleTime = reader.int32();
  const brokers = reader.array(() => {
    const broker = {
      nodeId: reader.int32(),
      host: reader.string() ?? '',
      port: reader.int32(),
      rack: reader.string(),
    };
    reader.tags();
    return broker;
  });
  const clusterId = reader.string();
  const controllerId = reader.int32();
  const topicMetadata = reader.array((): TopicMetadata => {
    const topicErrorCode = reader.int16();
    const topic = reader.string() ?? '';
    const id = reader.take(16).toString('base64url');
    const isInternal = reader.take(1)[0] === 1;
    const partitionMetadata = reader.array(() => readPartition(reader, id));
    reader.int32();
    reader.tags();
    return { topicErrorCode, topic, isInternal, partitionMetadata };
  });
  return { throttleTime: 0, clientSideThrottleTime, brokers, clusterId, controllerId, topicMetadata };
}

function readPartition(reader: CompactReader, id: string): PartitionMetadata {
  const partitionErrorCode = reader.int16();
  const partitionId = reader.int32();
  const leader = reader.int32();
  reader.int32();
  const [replicas, isr, offlineReplicas] = [reader.int32s(), reader.int32s(), reader.int32s()];
  reader.tags();
  const identity = id === NO_ID ? {} : { topicId: id };
  return { partitionErrorCode, partitionId, leader, replicas, isr, offlineReplicas, ...identity };
}

/** Reads the compact types of Kafka's flexible versions (KIP-482). */
class CompactReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  take(length: number): Buffer {
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  int16(): number {
    return this.take(2).readInt16BE();
  }

  int32(): number {
    return this.take(4).readInt32BE();
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.take(1)[0];
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  string(): string | null {
    const length = this.varint() - 1;
    return length < 0 ? null : this.take(length).toString();
  }

  array<Item>(read: () => Item): Item[] {
    return Array.from({ length: Math.max(0, this.varint() - 1) }, read);
  }

  int32s(): number[] {
    return this.array(() => this.int32());
  }

  tags(): void {
    for (let count = this.varint(); count > 0; count--) {
      this.varint();
      this.take(this.varint());
    }
  }
}

interface WithPartitions {
  readonly partitions: readonly { readonly partition: number }[];
  readonly topic: string;
}
interface Cluster {
  fetchTopicsOffset(topics: readonly WithPartitions[]): Promise<unknown>;
  findTopicPartitionMetadata(topic: string): readonly IdentifiedPartition[];
}

/** Where a log ends is asked of its leader only; of one without there is no answer, rather than none of all. */
function askOnlyLeaders(): void {
  const require = createRequire(import.meta.url);
  const { prototype } = require('kafkajs/src/cluster') as { prototype: Cluster };
  const own = prototype.fetchTopicsOffset;
  prototype.fetchTopicsOffset = async function (this: Cluster, topics) {
    const led = topics.map((each) => {
      const known = this.findTopicPartitionMetadata(each.topic);
      const isLed = (partition: number) =>
        (known.find((p) => p.partitionId === partition)?.leader ?? -1) >= 0;
      return { ...each, partitions: each.partitions.filter(({ partition }) => isLed(partition)) };
    });
    return own.call(this, led);
  };
}

interface ConsumerGroup {
  readonly cluster: {
    refreshMetadata(): Promise<void>;
    fetchTopicsOffset(topics: readonly object[]): Promise<readonly Beginning[]>;
  };
  readonly offsetManager: {
    resolveOffset(done: { topic: string; partition: number; offset: string }): void;
  };
  recoverFromFetch(error: FetchError): Promise<void>;
}
interface Beginning {
  readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
}
interface FetchError extends Error {
  readonly topic: string;
  readonly partition: number;
}

/** So long a broker that cannot be reached is left alone. */
const PAUSE_MS = 250;
const AWAY = new Set(['KafkaJSConnectionError', 'KafkaJSRequestTimeoutError']);

/**
 * A broker that cannot be reached is tried again; kafkajs would stop to read from all of them. From an offset that is not there any more the
 * lane is read from its beginning; kafkajs would commit that at once, and nobody could tell what was lost.
 */
function readFromTheOthers(): void {
  const require = createRequire(import.meta.url);
  const { prototype } = require('kafkajs/src/consumer/consumerGroup') as { prototype: ConsumerGroup };
  const own = prototype.recoverFromFetch;
  prototype.recoverFromFetch = async function (this: ConsumerGroup, error) {
    if (error.name === 'KafkaJSOffsetOutOfRange') {
      const { topic, partition } = error;
      const asked = [{ topic, partitions: [{ partition }], fromBeginning: true }];
      const [beginning] = await this.cluster.fetchTopicsOffset(asked);
      const first = beginning?.partitions.find((each) => each.partition === partition)?.offset;
      if (first === undefined) return;
      this.offsetManager.resolveOffset({ topic, partition, offset: String(Number(first) - 1) });
      return;
    }
    if (!AWAY.has(error.name)) return own.call(this, error);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    await this.cluster.refreshMetadata().catch(() => undefined);
  };
}
