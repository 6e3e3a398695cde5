import kafkajs, { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KafkaBus, type KafkaBusConfig } from '../../src/bus/kafka.js';
import { crc32Partition, murmur2Partition } from '../../src/bus/partitioners.js';
import { WALL_CLOCK } from '../../src/clock.js';
import type { AlertMessage, DeadLetterMessage } from '../../src/contract/messages.js';
import { INPUT_TOPICS, TOPICS } from '../../src/contract/topics.js';
import { Engine } from '../../src/engine/engine.js';
import type { Outputs } from '../../src/engine/outputs.js';
import { MessageCodec } from '../../src/events/codec.js';
import { parseConfig } from '../../src/settings/config.js';
import { ack, adt, vitals } from '../helpers.js';
import { type Broker, startBroker } from './kafka/broker.js';

const PARTITIONS = 6;
const MINUTE_MS = 60_000;
const SICK = { heartRate: 150, sbpCuff: 70, respRate: 35, spo2: 80 };
const PATIENCE = { timeout: 40_000 };
const codec = new MessageCodec();
let broker: Broker;

beforeAll(async () => {
  broker = await startBroker();
});
afterAll(async () => {
  await broker?.stop();
});

/** An engine of a group, and what came of it. */
async function openEngine(config: KafkaBusConfig, more: object = {}) {
  const bus = await KafkaBus.open(config);
  const alerts: AlertMessage[] = [];
  const deadLetters: DeadLetterMessage[] = [];
  const write = async (outputs: Outputs) => {
    alerts.push(...outputs.alerts);
    deadLetters.push(...outputs.deadLetters);
  };
  const engine = await Engine.open({ config: parseConfig(more), bus, clock: WALL_CLOCK, sinks: [{ write }] });
  await engine.start();
  const close = async () => {
    await engine.close();
    await bus.close();
  };
  return { bus, engine, alerts, deadLetters, close };
}

function busConfig(name: string): KafkaBusConfig {
  const settings = { kind: 'kafka', brokers: broker.brokers, partitions: PARTITIONS };
  const { bus } = parseConfig({ bus: { ...settings, groupId: name, topicPrefix: `${name}.` } });
  return bus as KafkaBusConfig;
}

/** Half an hour of a patient who is unwell. */
function course(patientId: string) {
  const start = Math.floor(WALL_CLOCK.now() / MINUTE_MS) * MINUTE_MS - 30 * MINUTE_MS;
  return Array.from({ length: 29 }, (_, minute) => {
    const message = vitals(
      {},
      { patientId, messageId: `${patientId}:${minute}`, eventTime: start + minute * MINUTE_MS },
    );
    const observations = Object.entries(SICK).map(([code, value]) => ({ code, value, unit: UNITS[code] }));
    return codec.encode('VitalSigns', { ...message, observations });
  });
}
const UNITS: Record<string, string> = { heartRate: '/min', sbpCuff: 'mm[Hg]', respRate: '/min', spo2: '%' };

async function withProducer(use: (producer: kafkajs.Producer) => Promise<void>): Promise<void> {
  const producer = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  await use(producer);
  await producer.disconnect();
}

describe('producers that do otherwise', () => {
  it('with the partitioner of librdkafka are told, and acknowledgements reach their patients all the same', async () => {
    const config = busConfig(`crc-${process.pid}`);
    const patients = Array.from({ length: 40 }, (_, index) => `P${index}`)
      .filter((id) => crc32Partition(Buffer.from(id), PARTITIONS) !== murmur2Partition(id, PARTITIONS))
      .slice(0, 10);
    const engines = [await openEngine(config), await openEngine(config)];
    await expect.poll(() => engines.every(({ engine }) => engine.partitions.size === 3), PATIENCE).toBe(true);
    const { bus } = engines[0];
    for (const patientId of patients) {
      const eventTime = WALL_CLOCK.now() - 40 * MINUTE_MS;
      const value = codec.encode('AdtEvent', adt('ADMIT', { patientId, eventTime, wardId: 'W' }));
      await bus.produce(TOPICS.adt, [{ key: patientId, value }]);
    }
    await withProducer(async (producer) => {
      const messages = patients.flatMap((key) => {
        const partition = crc32Partition(Buffer.from(key), PARTITIONS);
        return course(key).map((value) => ({ key, partition, value }));
      });
      await producer.send({ topic: config.topicPrefix + TOPICS.vitals, messages });
    });
    const open = (state: string) =>
      new Set(
        engines.flatMap(({ alerts }) =>
          alerts.flatMap((alert) =>
            alert.class === 'clinical' && alert.state === state ? [alert.patientId] : [],
          ),
        ),
      );
    await expect.poll(() => open('RAISED').size, PATIENCE).toBe(patients.length);
    for (const { engine, alerts } of engines) {
      for (const { alertId, patientId } of alerts.filter(
        ({ sequence, class: kind }) => sequence === 0 && kind === 'clinical',
      )) {
        const message = ack(alertId, { patientId, messageId: `ack:${alertId}`, eventTime: WALL_CLOCK.now() });
        const partition = engine.partitionOf(patientId) as number;
        // Any process may take the request.
        const value = codec.encode('Acknowledgement', message);
        await bus.produce(TOPICS.acks, [{ key: patientId, partition, value }]);
      }
    }
    await expect.poll(() => open('ACKNOWLEDGED').size, PATIENCE).toBe(patients.length);
    const misplaced = engines.flatMap(({ engine }) => engine.watch.misplaced);
    const told = (topic: string) =>
      misplaced.filter((each) => each.topic === topic && each.cause === 'crc32');
    expect(told(TOPICS.vitals).reduce((sum, { messages }) => sum + messages, 0)).toBe(29 * patients.length);
    expect(told(TOPICS.adt)).toEqual([]);
    const notices = engines.flatMap(({ engine }) => engine.notices.open());
    expect(notices.map(({ rule, priority }) => `${rule} ${priority}`)).toContain('wrong-partitioner HIGH');
    expect(notices[0].detail).toContain('murmur2_random');
    await Promise.all(engines.map(({ close }) => close()));
  });

  it('whose batches become too much lose those only: they are dead letters, and the stream goes on', async () => {
    const config = busConfig(`bomb-${process.pid}`);
    const { bus, engine, alerts, deadLetters, close } = await openEngine(config);
    const topic = config.topicPrefix + TOPICS.vitals;
    const before = process.memoryUsage.rss();
    await withProducer(async (producer) => {
      const bomb = { key: 'P1', partition: 0, value: Buffer.alloc(80 * 1_048_576) };
      const compression = kafkajs.CompressionTypes.GZIP;
      for (let time = 0; time < 3; time++) await producer.send({ topic, compression, messages: [bomb] });
      const messages = course('P1').map((value) => ({ key: 'P1', partition: 0, value }));
      await producer.send({ topic, compression, messages });
    });
    await expect
      .poll(() => alerts.filter(({ patientId }) => patientId === 'P1').length, PATIENCE)
      .toBeGreaterThan(0);
    expect(deadLetters.map(({ reason, offset, patientId }) => ({ reason, offset, patientId }))).toEqual(
      [0, 1, 2].map((offset) => ({ reason: 'oversized', offset, patientId: null })),
    );
    expect(deadLetters[0].raw.length).toBeLessThanOrEqual(65_536);
    expect(engine.notices.open().map(({ rule }) => rule)).toContain('batch-set-aside');
    expect(process.memoryUsage.rss() - before).toBeLessThan(400 * 1_048_576);
    expect((await bus.listTopics()).map(({ name }) => name)).toContain(INPUT_TOPICS[0]);
    await close();
  });
});
