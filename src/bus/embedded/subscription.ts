import type { Clock } from '../../clock.js';
import type { InputTopic } from '../../contract/topics.js';
import { RawRecord } from '../../events/record.js';
import type { Consumer, Position, Reader, RecordHandler, TopicProgress } from '../bus.js';
import type { EmbeddedLog } from './log.js';
import type { LogRecord } from './record.js';

/** Records of one handed-over batch at most. */
export const MAX_BATCH = 2048;
/** The group that reads the input. */
const ENGINES = 'engine';

/** One topic of one partition. */
interface Part {
  readonly topic: string;
  readonly partition: number;
  /** All before this offset has been handed over. */
  position: number;
  isPaused: boolean;
}

export interface SubscriptionOptions {
  readonly log: EmbeddedLog;
  /** Undefined for the engine. */
  readonly reader?: Reader | undefined;
  readonly topics: readonly string[];
  readonly handler: RecordHandler;
  readonly clock: Clock;
  /** Told where the position of the group could not be written. */
  readonly onTrouble: (error: unknown) => void;
}

/** The one member of a group that reads a log: it has every partition, from where it committed to on. */
export class EmbeddedSubscription implements Consumer {
  readonly #options: SubscriptionOptions;
  readonly #parts: Part[];
  readonly #unsubscribe: () => void;
  #isOpen = true;
  #wake: () => void = () => undefined;
  #reading: Promise<void> = Promise.resolve();

  private constructor(options: SubscriptionOptions, parts: Part[]) {
    this.#options = options;
    this.#parts = parts;
    this.#unsubscribe = options.log.onAppend(() => this.#wake());
  }

  static async start(options: SubscriptionOptions): Promise<EmbeddedSubscription> {
    const { log, handler, topics, reader } = options;
    const group = groupOf(reader);
    const parts: Part[] = [];
    const begins = new Map<string, number>();
    for (const topic of topics) {
      const count = log.topics().find(({ name }) => name === topic)?.partitions ?? 0;
      for (let partition = 0; partition < count; partition++) {
        const committed = log.committed(group, topic, partition)?.offset;
        const start = log.startOf(topic, partition);
        const isNew = committed === undefined && reader !== undefined;
        const position = isNew
          ? log.offsetAt(topic, partition, await reader.since())
          : Math.max(start, (committed ?? start) - (reader?.lookBack ?? 0));
        if (isNew) begins.set(`${topic}/${partition}`, position);
        parts.push({ topic, partition, position, isPaused: false });
      }
    }
    const subscription = new EmbeddedSubscription(options, parts);
    const partitions = [...new Set(parts.map(({ partition }) => partition))];
    await handler.assigned(partitions, topics, {
      idOf: (topic) => log.idOf(topic),
      endOf: (topic, partition) => log.endOf(topic, partition),
      committed: (topic, partition) => {
        const offset = begins.get(`${topic}/${partition}`);
        return offset === undefined ? log.committed(group, topic, partition) : { offset, isNew: true };
      },
    });
    handler.shared?.();
    subscription.#reading = subscription.#read();
    return subscription;
  }

  async commit(positions: readonly Position[]): Promise<boolean> {
    const { log, reader, onTrouble } = this.#options;
    try {
      await log.commit(groupOf(reader), positions);
      return true;
    } catch (error) {
      onTrouble(error);
      return false;
    }
  }

  async recommit(): Promise<boolean> {
    return true;
  }

  progress(): TopicProgress[] {
    const { log, clock } = this.#options;
    return this.#parts.map(({ topic, partition, position }) => {
      const isAtEnd = position >= (log.endOf(topic, partition) ?? 0);
      const written = isAtEnd
        ? log.writtenThrough(topic, partition)
        : log.at(topic, partition, position)?.time;
      const through = Math.min(written ?? Number.NEGATIVE_INFINITY, clock.now());
      return {
        partition,
        topic,
        readThrough: through,
        completeThrough: through,
        silentMs: 0,
        unansweredMs: 0,
      };
    });
  }

  pause(partition: number, topics: readonly string[]): void {
    for (const part of this.#parts) {
      if (part.partition === partition) part.isPaused = topics.includes(part.topic);
    }
    this.#wake();
  }

  /** Whether it is one of its topics. */
  reads(topic: string): boolean {
    return this.#options.topics.includes(topic);
  }

  /** The group has dealt with all before. */
  doneWith(topic: string, partition: number): number {
    const { log, reader } = this.#options;
    return log.committed(groupOf(reader), topic, partition)?.offset ?? 0;
  }

  get group(): string {
    return groupOf(this.#options.reader);
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    this.#unsubscribe();
    this.#wake();
    await this.#reading;
  }

  async #read(): Promise<void> {
    try {
      while (this.#isOpen) {
        // Before it is looked for records: one that comes meanwhile must not be slept over.
        const woken = new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        let isIdle = true;
        for (const part of this.#parts) if (await this.#handOver(part)) isIdle = false;
        if (isIdle && this.#isOpen) await woken;
      }
    } catch (error) {
      this.#options.handler.failed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** The next records of the part; false where there are none. */
  async #handOver(part: Part): Promise<boolean> {
    const { log, handler } = this.#options;
    const { topic, partition, position, isPaused } = part;
    if (!this.#isOpen || isPaused || position >= (log.endOf(topic, partition) ?? 0)) return false;
    const found = log.read(topic, partition, position, MAX_BATCH);
    const offset =
      found.length === 0 ? (log.endOf(topic, partition) ?? position) : found[found.length - 1].offset + 1;
    const records = found.map((record) => rawRecord(topic, partition, record));
    await handler.batch({ topic, partition, records, positions: [{ topic, partition, offset }] });
    part.position = offset;
    return true;
  }
}

function groupOf(reader: Reader | undefined): string {
  return reader?.group ?? ENGINES;
}

export function rawRecord(topic: string, partition: number, { key, offset, value }: LogRecord): RawRecord {
  const bytes = value ?? Buffer.alloc(0);
  return new RawRecord(topic as InputTopic, partition, offset, bytes, 0, bytes.length, {
    key: Buffer.from(key),
  });
}
