import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect } from 'vitest';
import type { KafkaBus, KafkaBusConfig } from '../../../src/bus/kafka.js';
import { WALL_CLOCK } from '../../../src/clock.js';
import { INPUT_TOPICS } from '../../../src/contract/topics.js';
import { Engine } from '../../../src/engine/engine.js';
import type { Outputs, Score, Sink } from '../../../src/engine/outputs.js';
import { MessageCodec } from '../../../src/events/codec.js';
import type { SourceMessage } from '../../../src/events/source-message.js';
import { ScoresDigest } from '../../../src/replay/digest.js';
import { replay } from '../../../src/replay/replay.js';
import { parseConfig } from '../../../src/settings/config.js';
import { simulateWard } from '../../../src/simulate/ward.js';
import { LOUD_RULES } from '../../helpers.js';
import { type Broker, startBroker } from './broker.js';

export const PARTITIONS = 6;
export const MINUTE_MS = 60_000;
export const codec = new MessageCodec();
/** The one that the files share. */
export let broker: Broker;
let count = 0;

/** To be called by each file. */
export function useBroker(): void {
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterAll(async () => {
    await broker?.stop();
  });
}

/** Topics and a group of which each test has its own, whatever other files do on the broker. */
export function busConfig(): KafkaBusConfig {
  const bus = parseConfig({ bus: { kind: 'kafka', brokers: broker.brokers, partitions: PARTITIONS } }).bus;
  return { ...(bus as KafkaBusConfig), groupId: nextName('group'), topicPrefix: `${nextName('test')}.` };
}

export function nextName(kind: string): string {
  return `${kind}-${process.pid}-${++count}`;
}

export function ward(seed: number, beds = 8, hours = 4): SourceMessage[] {
  const startTime = Math.floor(WALL_CLOCK.now() / MINUTE_MS) * MINUTE_MS - hours * 60 * MINUTE_MS - MINUTE_MS;
  return [...simulateWard({ beds, hours, seed, startTime, wardId: `W${seed}` })];
}

/** Keeps the scores of one ward only. */
export class Kept implements Sink {
  readonly scores: Score[] = [];
  readonly #digest = new ScoresDigest();
  readonly #prefix: string;

  constructor(seed: number) {
    this.#prefix = `SIM-${seed}-`;
  }

  async write(outputs: Outputs): Promise<void> {
    const scores = outputs.scores.filter(({ patientId }) => patientId.startsWith(this.#prefix));
    this.scores.push(...scores);
    await this.#digest.write({ ...outputs, scores });
  }

  digest(): string {
    return this.#digest.digest();
  }
}

const CONFIG = parseConfig({ alerts: { rules: LOUD_RULES } });

export async function openEngine(bus: KafkaBus, sinks: readonly Sink[]): Promise<Engine> {
  return Engine.open({ config: CONFIG, bus, clock: WALL_CLOCK, sinks });
}

export async function expected(messages: readonly SourceMessage[]) {
  const counts = { patients: 0, rows: 0, descriptors: 0, notRecorded: 0, malformed: 0 };
  const source = { counts, total: 0, messages: () => messages };
  return replay(source, { config: CONFIG, speed: 'max' });
}

/** Waits until the group has committed all there is in the input topics. */
export async function committed({ groupId, topicPrefix }: KafkaBusConfig): Promise<void> {
  const admin = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await expect
      .poll(
        async () => {
          let lag = 0;
          const offsets = await admin.fetchOffsets({
            groupId,
            topics: INPUT_TOPICS.map((topic) => topicPrefix + topic),
          });
          for (const { topic, partitions } of offsets) {
            const ends = await admin.fetchTopicOffsets(topic);
            for (const { partition, high, low } of ends) {
              const done = Number(partitions.find((each) => each.partition === partition)?.offset ?? -1);
              lag += Number(high) - Math.max(done, Number(low));
            }
          }
          return lag;
        },
        { timeout: 60_000, interval: 200 },
      )
      .toBe(0);
  } finally {
    await admin.disconnect();
  }
}

/** All that is in a topic. */
export async function readTopic({ topicPrefix }: KafkaBusConfig, name: string): Promise<Buffer[]> {
  const topic = topicPrefix + name;
  const kafka = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const total = (await admin.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0);
  await admin.disconnect();
  const consumer = kafka.consumer({ groupId: nextName('reader') });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const values: Buffer[] = [];
  await new Promise<void>((resolve) => {
    void consumer.run({
      eachMessage: async ({ message }) => {
        values.push(message.value!);
        if (values.length >= total) resolve();
      },
    });
    if (total === 0) resolve();
  });
  await consumer.disconnect();
  return values;
}
