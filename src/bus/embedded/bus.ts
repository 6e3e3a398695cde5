import { setInterval } from 'node:timers';
import { type Clock, WALL_CLOCK } from '../../clock.js';
import { RETENTION_MS } from '../../contract/topics.js';
import { DAY_MS, MINUTE_MS } from '../../durations.js';
import type {
  Consumer,
  EventBus,
  OpenLog,
  OutgoingMessage,
  Reader,
  RecordHandler,
  Tail,
  TailHandler,
  TailOf,
  TailStretch,
  TopicDescription,
} from '../bus.js';
import { murmur2Partition } from '../partitioners.js';
import { Troubles, type TroublesOptions } from '../troubles.js';
import { EmbeddedLog } from './log.js';
import { EmbeddedStateLog } from './state.js';
import { EmbeddedSubscription } from './subscription.js';
import { EmbeddedTail } from './tail.js';

export interface EmbeddedBusOptions extends TroublesOptions {
  readonly directory: string;
  /** Of each topic of a new log; one that is there keeps what it has. */
  readonly partitions: number;
  /** Shows when records are appended. */
  readonly clock?: Clock | undefined;
}

const SWEEP_MS = 10 * MINUTE_MS;
/** A key without a value is remembered for so long, so that readers see that it went. */
const TOMBSTONE_MS = DAY_MS;
const WRITING = 'log-not-written';

/**
 * The log of one machine: topics in a directory, durable, without a broker. A message is acknowledged once it is on the disk. It is for
 * one process, which has all partitions.
 */
export class EmbeddedBus implements EventBus, OpenLog {
  readonly name = 'embedded';
  readonly state: EmbeddedStateLog;
  readonly troubles: Troubles;
  /** What is not taken is an error to who sends it, and nothing goes before it is read. */
  readonly dropped: ReadonlyMap<string, number> = new Map();
  readonly lost = 0;
  readonly #log: EmbeddedLog;
  readonly #options: EmbeddedBusOptions;
  readonly #clock: Clock;
  readonly #sweeping: NodeJS.Timeout;
  #sweep: Promise<void> = Promise.resolve();
  /** The newest of each group. */
  readonly #subscriptions = new Map<string, EmbeddedSubscription>();

  private constructor(options: EmbeddedBusOptions, log: EmbeddedLog, clock: Clock) {
    this.#options = options;
    this.#log = log;
    this.#clock = clock;
    this.troubles = new Troubles(options);
    this.state = new EmbeddedStateLog(log);
    this.#sweeping = setInterval(() => {
      this.#sweep = this.sweep().catch((error: unknown) => this.#tell(error));
    }, SWEEP_MS);
    this.#sweeping.unref();
  }

  /** @throws WardstreamError `WS_BUS` where the directory cannot be used, or another process has it. */
  static open(options: EmbeddedBusOptions): EmbeddedBus {
    const clock = options.clock ?? WALL_CLOCK;
    return new EmbeddedBus(
      options,
      EmbeddedLog.open(options.directory, () => clock.now()),
      clock,
    );
  }

  async createTopics(topics: readonly string[]): Promise<string[]> {
    // All topics have as many, so that a patient's messages meet in one.
    const partitions = this.#log.topics()[0]?.partitions ?? this.#options.partitions;
    const created: string[] = [];
    for (const topic of topics) {
      const isCompacted = RETENTION_MS[topic] === 'compact';
      if (await this.#log.createTopic(topic, { partitions, isCompacted })) created.push(topic);
    }
    return created;
  }

  async listTopics(): Promise<TopicDescription[]> {
    return this.#log.topics();
  }

  async produce(topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
    await this.append(topic, messages);
  }

  async append(topic: string, messages: readonly OutgoingMessage[]): Promise<readonly number[]> {
    await this.createTopics([topic]);
    const partitions = this.#partitionsOf(topic);
    try {
      const offsets = await this.#log.append(
        topic,
        messages.map(({ key, partition = murmur2Partition(key, partitions), value, epoch }) => ({
          key,
          partition,
          value,
          epoch,
        })),
      );
      this.troubles.clear(WRITING);
      return offsets;
    } catch (error) {
      this.#tell(error);
      throw error;
    }
  }

  async consume(
    topics: readonly string[],
    handler: RecordHandler,
    clock: Clock,
    reader?: Reader,
  ): Promise<Consumer> {
    await this.createTopics(topics);
    const onTrouble = (error: unknown) => this.#tell(error);
    const options = { log: this.#log, reader, topics, handler, clock, onTrouble };
    const subscription = await EmbeddedSubscription.start(options);
    this.#subscriptions.set(subscription.group, subscription);
    return subscription;
  }

  async tail(topics: readonly TailOf[], handler: TailHandler): Promise<Tail> {
    await this.createTopics(topics.map(({ topic }) => topic));
    return EmbeddedTail.start(this.#log, topics, handler);
  }

  async read(topic: string, partition: number, from: number, until?: number): Promise<TailStretch> {
    const to = until ?? this.#log.endOf(topic, partition) ?? 0;
    const begin = Math.max(from, this.#log.startOf(topic, partition));
    const found = this.#log.read(topic, partition, begin, Math.max(0, to - begin));
    return { from: begin, records: found.filter(({ offset }) => offset < to) };
  }

  /** Removes what is older than its topic keeps it; nothing that a group which was opened here has not processed. */
  async sweep(): Promise<void> {
    const now = this.#clock.now();
    for (const { name, partitions } of this.#log.topics()) {
      const kept = RETENTION_MS[name] ?? Number.POSITIVE_INFINITY;
      const before = now - (kept === 'compact' ? TOMBSTONE_MS : kept);
      for (let partition = 0; partition < partitions; partition++) {
        const readers = [...this.#subscriptions.values()].filter((each) => each.reads(name));
        const done = readers.map((each) => each.doneWith(name, partition));
        await this.#log.trim(name, partition, before, Math.min(...done));
      }
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeping);
    await this.#sweep;
    await this.#log.close();
  }

  #partitionsOf(topic: string): number {
    return this.#log.topics().find(({ name }) => name === topic)?.partitions ?? this.#options.partitions;
  }

  #tell(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    const detail = `${why}. What comes in is refused and not lost, results wait in memory: make room on the disk.`;
    this.troubles.raise({ kind: WRITING, priority: 'HIGH', detail, stopsInput: true });
  }
}
