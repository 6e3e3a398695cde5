import { Kafka, logLevel, Partitioners, type Producer } from 'kafkajs';
import type { KafkaBusConfig } from '../../../../src/bus/kafka.js';
import { murmur2Partition } from '../../../../src/bus/partitioners.js';
import { TOPICS } from '../../../../src/contract/topics.js';
import type { MessageCodec } from '../../../../src/events/codec.js';
import { BAD_PATIENT } from './bad-input.js';

export interface PulseOptions {
  readonly bus: KafkaBusConfig;
  /** Where the broker is, whatever befalls the engines' network. */
  readonly brokers: string[];
  readonly codec: MessageCodec;
}

/**
 * A patient in each partition whose monitor sends now, once a second. The others' second day lies in the topics before its time has
 * come: without somebody of now, an engine would take its own clock for one that is behind.
 */
export class Pulse {
  readonly #options: PulseOptions;
  readonly #producer: Producer;
  readonly #patients: readonly string[];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<unknown> = Promise.resolve();

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#patients = onePerPartition(options.bus.partitions);
    const kafka = new Kafka({ brokers: options.brokers, logLevel: logLevel.NOTHING });
    this.#producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  }

  async start(): Promise<void> {
    await this.#producer.connect();
    this.#timer = setInterval(() => {
      this.#sending = this.#sending.then(() => this.#send()).catch(() => undefined);
    }, 1000);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
    await this.#producer.disconnect();
  }

  async #send(): Promise<void> {
    const { bus, codec } = this.#options;
    const eventTime = Date.now();
    const observations = [{ code: 'heartRate', value: 80, unit: '/min' }];
    const messages = this.#patients.map((patientId) => {
      const head = { messageId: `${patientId}-${eventTime}`, patientId, eventTime };
      const vitals = { ...head, observedAt: null, source: 'pulse', observations };
      return { key: patientId, value: codec.encode('VitalSigns', vitals) };
    });
    await this.#producer.send({ topic: bus.topicPrefix + TOPICS.vitals, messages });
  }
}

/** A patient id for each partition. */
function onePerPartition(partitions: number): string[] {
  return Array.from({ length: partitions }, (_, partition) => {
    let number = 0;
    while (murmur2Partition(`${BAD_PATIENT}pulse-${number}`, partitions) !== partition) number++;
    return `${BAD_PATIENT}pulse-${number}`;
  });
}
