import kafkajs, { CompressionTypes, Kafka, logLevel, Partitioners, type Producer } from 'kafkajs';
import type { KafkaBusConfig } from '../../../../src/bus/kafka.js';
import type { Observation, VitalSignsMessage } from '../../../../src/contract/messages.js';
import { TOPICS } from '../../../../src/contract/topics.js';
import type { MessageCodec } from '../../../../src/events/codec.js';
import { Random } from '../../../../src/simulate/random.js';
import { zstdBomb } from './bomb.js';

/** Begins the id of every patient of the bad producer: the others must not notice. */
export const BAD_PATIENT = 'bad-';

const BOMB_BYTES = 900_000_000;
/** So seldom a bomb: the broker unpacks each as well. */
const BOMB_EVERY_MS = 20_000;
const HUGE_ID = 600_000;
const SOME_CODES = 40;
const MANY_CODES = 10_000;

export interface BadInputOptions {
  readonly bus: KafkaBusConfig;
  /** Where the broker is, whatever befalls the engines' network. */
  readonly brokers: string[];
  readonly codec: MessageCodec;
  readonly seed: number;
  /** Messages a second, of all kinds together. */
  readonly perSecond: number;
}

/** A producer that does what integrators did: wrong times, unknown codes, odd ids, batches that inflate, a wrong partitioner. */
export class BadInput {
  /** Messages that the broker took, by kind. */
  readonly sent = new Map<string, number>();
  readonly #options: BadInputOptions;
  readonly #random: Random;
  readonly #producer: Producer;
  readonly #topic: string;
  #count = 0;
  #bombedAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> = Promise.resolve();

  constructor(options: BadInputOptions) {
    this.#options = options;
    this.#random = new Random(options.seed, 3);
    this.#topic = options.bus.topicPrefix + TOPICS.vitals;
    const kafka = new Kafka({ brokers: options.brokers, logLevel: logLevel.NOTHING });
    this.#producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  }

  async start(): Promise<void> {
    await this.#producer.connect();
    this.#timer = setInterval(() => {
      this.#sending = this.#sending.then(() => this.#next()).catch(() => undefined);
    }, 1000 / this.#options.perSecond);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
    await this.#producer.disconnect();
  }

  async #next(): Promise<void> {
    const kinds = ['time', 'codes', 'id', 'bomb', 'partition'] as const;
    const kind = kinds[this.#count++ % kinds.length];
    switch (kind) {
      case 'time':
        await this.#send(kind, this.#vitals({ eventTime: this.#badTime() }));
        return;
      case 'codes':
        await this.#send(kind, this.#vitals({ observations: this.#codes() }));
        return;
      case 'id':
        await this.#send(kind, this.#vitals({ patientId: this.#badId() }));
        return;
      case 'bomb':
        await this.#bomb();
        return;
      case 'partition':
        await this.#send(kind, this.#vitals({ patientId: `${BAD_PATIENT}partition` }), this.#anyPartition());
    }
  }

  #vitals(more: Partial<VitalSignsMessage>): VitalSignsMessage {
    const eventTime = Date.now();
    const observations = [{ code: 'heartRate', value: 80, unit: '/min' }];
    const patientId = `${BAD_PATIENT}${this.#count % 10}`;
    const head = { messageId: `${BAD_PATIENT}${this.#count}`, patientId, eventTime };
    return { ...head, observedAt: null, source: 'bad', observations, ...more };
  }

  /** Microseconds, seconds, and what avsc can just hold. */
  #badTime(): number {
    const now = Date.now();
    return this.#random.pick([1000 * now, Math.floor(now / 1000), -9e15, 9e15, Date.UTC(2290, 0)]);
  }

  #codes(): Observation[] {
    const length = this.#random.chance(0.1) ? MANY_CODES : SOME_CODES;
    const unknown = Array.from({ length }, (_, at) => ({ code: `LOCAL-${at}`, value: at, unit: 'U' }));
    return [{ code: 'heartRate', value: 80, unit: '/min' }, ...unknown];
  }

  #badId(): string {
    const odd = [
      'a\u0000b',
      'line\nbreak',
      '\ud800 half a pair',
      'e\u0301',
      ' ',
      '../../etc',
      "'; DROP TABLE x",
    ];
    return BAD_PATIENT + (this.#random.chance(0.2) ? 'x'.repeat(HUGE_ID) : this.#random.pick(odd));
  }

  /** Now here, now there: two producers with different partitioners. */
  #anyPartition(): number {
    return this.#random.chance(0.5) ? 0 : 1;
  }

  async #send(kind: string, message: VitalSignsMessage, partition?: number): Promise<void> {
    const value = this.#options.codec.encode('VitalSigns', message);
    // A huge id would be a huge key; integrators key by something short.
    const key = message.patientId.slice(0, 100);
    const to = partition === undefined ? {} : { partition };
    await this.#producer.send({ topic: this.#topic, messages: [{ key, value, ...to }] });
    this.#note(kind);
  }

  async #bomb(): Promise<void> {
    if (Date.now() - this.#bombedAt < BOMB_EVERY_MS) return;
    this.#bombedAt = Date.now();
    const codecs: Record<number, () => object> = kafkajs.CompressionCodecs;
    const before = codecs[CompressionTypes.ZSTD];
    const key = `${BAD_PATIENT}bomb`;
    // kafkajs would need all of it in memory to compress it.
    codecs[CompressionTypes.ZSTD] = () => ({ compress: async () => zstdBomb(key, BOMB_BYTES) });
    try {
      const messages = [{ key, value: '' }];
      await this.#producer.send({ topic: this.#topic, compression: CompressionTypes.ZSTD, messages });
    } finally {
      codecs[CompressionTypes.ZSTD] = before;
    }
    this.#note('bomb');
  }

  #note(kind: string): void {
    this.sent.set(kind, (this.sent.get(kind) ?? 0) + 1);
  }
}
