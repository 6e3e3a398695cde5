import type { RawRecord } from '../engine/decode.js';

/** A message to be produced. The key is the patient id and decides the partition. */
export interface OutgoingMessage {
  readonly key: string;
  readonly value: Buffer;
}

/** Records of one partition in the order of their log. */
export interface RecordBatch {
  /** The log they come from: a topic, or `all` where the bus keeps one order across the topics of a partition. */
  readonly lane: string;
  readonly partition: number;
  readonly records: readonly RawRecord[];
  /** No record of this lane is left unread. */
  readonly caughtUp: boolean;
}

/** Next offset to read of a topic-partition. */
export interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** A running subscription. */
export interface Consumer {
  /** Marks everything before the positions as done. */
  commit(positions: readonly Position[]): Promise<void>;
  close(): Promise<void>;
}

export interface TopicDescription {
  readonly name: string;
  readonly partitions: number;
}

/**
 * The log between the ward and the engine. `consume` calls `handle` with one batch at a time and waits for it: a slow
 * engine slows the source.
 */
export interface EventBus {
  readonly name: string;
  createTopics(topics: readonly string[]): Promise<void>;
  listTopics(): Promise<TopicDescription[]>;
  /** Resolves once the messages are in the log. */
  produce(topic: string, messages: readonly OutgoingMessage[]): Promise<void>;
  consume(topics: readonly string[], handle: (batch: RecordBatch) => Promise<void>): Promise<Consumer>;
  close(): Promise<void>;
}
