import { setTimeout as sleep } from 'node:timers/promises';
import { TOPICS } from '../contract/topics.js';
import { isMessageRefused, isProducerLost, isRefused, messageOf } from './kafka-errors.js';
import type { Message, Producer } from './kafkajs/index.js';
import { murmur2Partition } from './partitioners.js';
import type { Troubles } from './troubles.js';

/** Values of one produce request at most, unless one alone is larger. */
const MAX_REQUEST_BYTES = 512 * 1024;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 1000;
/** What is refused is asked for again at this pace: a right may be given. */
const REFUSED_RETRY_MS = 5000;
/** A partition that has taken nothing for so long is said. */
const PATIENCE_MS = 10_000;

/**
 * What becomes of messages to a topic that we may not write to. `hold`: they wait, and the input is not committed beyond
 * them. `drop`: they are counted, and the stream goes on. Elsewhere, where somebody waits for an answer, they are an error.
 */
const IF_REFUSED: Readonly<Record<string, 'hold' | 'drop'>> = {
  [TOPICS.scores]: 'hold',
  [TOPICS.alerts]: 'hold',
  [TOPICS.patients]: 'hold',
  [TOPICS.engines]: 'hold',
  [TOPICS.state]: 'hold',
  [TOPICS.deadLetters]: 'drop',
};

export interface OutboxOptions {
  /** A producer that is connected. Idempotent; it gives up on a request soon, since this outbox does not. */
  readonly connect: () => Promise<Producer>;
  readonly topicPrefix: string;
  /** Partitions of each topic; a key's partition is found with it. */
  readonly partitions: number;
  readonly troubles: Troubles;
}

interface Waiting {
  readonly message: Message;
  readonly bytes: number;
  /** Told its offset; NaN where it was dropped. */
  readonly settle: (offset: number) => void;
  readonly fail: (error: unknown) => void;
}

/** What waits for one partition, in order. */
interface Queue {
  readonly topic: string;
  readonly partition: number;
  waiting: Waiting[];
  isSending: boolean;
}

/**
 * Messages on their way to the log, a queue for each partition: one that has no leader, or refuses, holds up its own only. A
 * request is sent again, the same, until its partition has it: another one after it could be taken for its repetition.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #queues = new Map<string, Queue>();
  readonly #closing = new AbortController();
  #producer: Promise<Producer>;
  /** Messages that the log did not take and that are in no topic, since the start, by topic. */
  readonly dropped = new Map<string, number>();

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#producer = options.connect();
    this.#producer.catch(() => undefined);
  }

  /** Resolves once there is a producer. */
  async connected(): Promise<void> {
    await this.#producer;
  }

  /**
   * Resolves once all are in the log; gives the offset of each, NaN of one that was dropped. Rejects with the first that was refused,
   * where the topic's messages are neither held nor dropped, and when the outbox is closed.
   */
  async send(topic: string, messages: readonly Message[]): Promise<readonly number[]> {
    const sent = messages.map((message) => {
      const partition = message.partition ?? murmur2Partition(message.key ?? '', this.#options.partitions);
      return new Promise<number>((settle, fail) => {
        const bytes = message.value?.length ?? 0;
        this.#queueOf(topic, partition).waiting.push({ message, bytes, settle, fail });
      });
    });
    const answers = Promise.all(sent);
    for (const queue of this.#queues.values()) if (queue.topic === topic) void this.#run(queue);
    return answers;
  }

  /** What still waits is given up. */
  async close(): Promise<void> {
    this.#closing.abort();
    const error = new Error('the connection to Kafka is closed');
    for (const { waiting } of this.#queues.values()) for (const { fail } of waiting) fail(error);
    await this.#producer.then((producer) => producer.disconnect()).catch(() => undefined);
  }

  #queueOf(topic: string, partition: number): Queue {
    const key = `${topic}/${partition}`;
    const queue = this.#queues.get(key) ?? { topic, partition, waiting: [], isSending: false };
    this.#queues.set(key, queue);
    return queue;
  }

  async #run(queue: Queue): Promise<void> {
    if (queue.isSending) return;
    queue.isSending = true;
    while (queue.waiting.length > 0 && !this.#closing.signal.aborted) {
      await this.#deliver(queue, nextRequest(queue.waiting));
    }
    queue.isSending = false;
  }

  /** Sends the first `count` that wait until they are in the log or given up. */
  async #deliver(queue: Queue, count: number): Promise<void> {
    const request = queue.waiting.slice(0, count);
    const began = performance.now();
    const done = (settle: (each: Waiting, index: number) => void) => {
      queue.waiting.splice(0, count);
      for (const [index, each] of request.entries()) settle(each, index);
    };
    for (
      let wait = FIRST_RETRY_MS;
      !this.#closing.signal.aborted;
      wait = Math.min(LONGEST_RETRY_MS, 2 * wait)
    ) {
      const producer = this.#producer;
      try {
        const offset = await this.#request(await producer, queue, request);
        this.#isWell(queue);
        return done(({ settle }, index) => settle(offset + index));
      } catch (error) {
        if (isMessageRefused(error)) {
          // Of several, the others may be well.
          if (count > 1) return this.#deliver(queue, 1);
          this.#tellDropped(queue, error);
          return done(({ settle }) => settle(Number.NaN));
        }
        if (isRefused(error)) {
          const what = IF_REFUSED[queue.topic];
          if (what === undefined) return done(({ fail }) => fail(error));
          this.#tellRefused(queue, what, error);
          if (what === 'drop') {
            this.#count(queue.topic, count);
            return done(({ settle }) => settle(Number.NaN));
          }
          wait = REFUSED_RETRY_MS;
        }
        if (isProducerLost(error)) await this.#renew(producer);
        else await producer.catch(() => this.#renew(producer));
        if (performance.now() - began > PATIENCE_MS) this.#tellHeld(queue, error);
        await sleep(wait, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    }
  }

  async #request(
    producer: Producer,
    { topic, partition }: Queue,
    request: readonly Waiting[],
  ): Promise<number> {
    const messages = request.map(({ message }) => ({ ...message, partition }));
    const name = this.#options.topicPrefix + topic;
    const [sent] = await producer.send({ topic: name, acks: -1, messages });
    // kafkajs takes a partition that it has not heard of for one to which there is nothing to send.
    if (sent === undefined) throw new Error(`topic ${name} has no partition ${partition}`);
    return Number(sent.baseOffset);
  }

  /** Another producer in place of one that brokers do not know any more; the last of its messages may be in the log twice. */
  async #renew(lost: Promise<Producer>): Promise<void> {
    if (this.#producer !== lost) return;
    this.#producer = this.#options.connect();
    this.#producer.catch(() => undefined);
    await lost.then((producer) => producer.disconnect()).catch(() => undefined);
  }

  #isWell({ topic, partition }: Queue): void {
    const { troubles } = this.#options;
    troubles.clear('output-held', `${topic}/${partition}`);
    troubles.clear('output-refused', topic);
  }

  #tellHeld({ topic, partition }: Queue, error: unknown): void {
    this.#options.troubles.raise({
      kind: 'output-held',
      subject: `${topic}/${partition}`,
      priority: 'HIGH',
      detail:
        `Kafka takes nothing for partition ${partition} of ${topic}: ${messageOf(error)}. Alerts are pushed; ` +
        'what is to be written there waits in memory, and the input is not committed. Bring its broker back',
    });
  }

  #tellRefused({ topic }: Queue, what: 'hold' | 'drop', error: unknown): void {
    const so =
      what === 'hold'
        ? 'it waits in memory and the input is not committed'
        : 'what is set aside is in the store only';
    this.#options.troubles.raise({
      kind: 'output-refused',
      subject: topic,
      priority: 'HIGH',
      detail: `Kafka does not let this process write to ${topic}: ${messageOf(error)}. Alerts are pushed; ${so}. Allow WRITE`,
    });
  }

  #tellDropped({ topic }: Queue, error: unknown): void {
    this.#count(topic, 1);
    this.#options.troubles.raise({
      kind: 'output-dropped',
      subject: topic,
      priority: 'MEDIUM',
      detail: `Kafka does not take a message for ${topic}: ${messageOf(error)}. It is in the store only; see max.message.bytes`,
    });
  }

  #count(topic: string, messages: number): void {
    this.dropped.set(topic, (this.dropped.get(topic) ?? 0) + messages);
  }
}

/** How many of those that wait make a request small enough for a broker's default `message.max.bytes`. */
function nextRequest(waiting: readonly Waiting[]): number {
  let count = 1;
  for (let bytes = waiting[0].bytes; count < waiting.length; count++) {
    bytes += waiting[count].bytes;
    if (bytes > MAX_REQUEST_BYTES) break;
  }
  return count;
}
