import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { KafkaBus, type KafkaBusConfig } from '../../../src/bus/kafka.js';
import { CheckedClock } from '../../../src/checked-clock.js';
import { WALL_CLOCK } from '../../../src/clock.js';
import { INPUT_TOPICS, TOPICS } from '../../../src/contract/topics.js';
import { BusSink, OUTPUT_TOPICS } from '../../../src/engine/bus-sink.js';
import { Engine } from '../../../src/engine/engine.js';
import type { Outputs } from '../../../src/engine/outputs.js';
import { MessageCodec } from '../../../src/events/codec.js';
import type { SourceMessage } from '../../../src/events/source-message.js';
import { produceAll } from '../../../src/replay/replay.js';
import { parseConfig } from '../../../src/settings/config.js';
import { simulateWard } from '../../../src/simulate/ward.js';
import { type Broker, startBroker } from '../kafka/broker.js';

const MINUTE_MS = 60_000;
const BEDS = 6;
const codec = new MessageCodec();
let broker: Broker;
let count = 0;

beforeAll(async () => {
  broker = await startBroker();
});
afterAll(async () => {
  await broker?.stop();
});

function busConfig(): KafkaBusConfig {
  const name = `engine-faults-${process.pid}-${++count}`;
  const bus = {
    kind: 'kafka',
    brokers: broker.brokers,
    partitions: 2,
    groupId: name,
    topicPrefix: `${name}.`,
  };
  return parseConfig({ bus }).bus as KafkaBusConfig;
}

/** A ward whose newest values are of `endTime`. */
function ward(endTime: number, minutes = 120): SourceMessage[] {
  const startTime = Math.floor(endTime / MINUTE_MS) * MINUTE_MS - minutes * MINUTE_MS;
  return [...simulateWard({ beds: BEDS, hours: minutes / 60, seed: 1, startTime, wardId: 'W' })];
}

async function open(config: KafkaBusConfig): Promise<KafkaBus> {
  const bus = await KafkaBus.open(config);
  onTestFinished(() => bus.close());
  await bus.createTopics([...INPUT_TOPICS, ...OUTPUT_TOPICS]);
  return bus;
}

async function engineOn(bus: KafkaBus, clock = new CheckedClock({ broker: null, troubles: bus.troubles })) {
  const got = { scores: 0, newest: Number.NEGATIVE_INFINITY, futures: 0 };
  const keep = {
    write: async ({ scores, deadLetters }: Outputs) => {
      got.scores += scores.length;
      for (const { eventTime } of scores) got.newest = Math.max(got.newest, eventTime);
      got.futures += deadLetters.filter(({ reason }) => reason === 'future').length;
    },
  };
  const config = parseConfig({ state: { checkpointIntervalMs: 300 } });
  const toBus = new BusSink(bus, codec, 'v');
  const engine = await Engine.open({ config, bus, clock, sinks: [toBus, keep], explainsAlerts: false });
  await engine.start();
  return { engine, got };
}

const soon = { timeout: 40_000, interval: 100 };

describe('a machine whose clock is 20 minutes behind', () => {
  const wrong = () => WALL_CLOCK.now() - 20 * MINUTE_MS;

  it('scores up to now by the time of the brokers, sets nothing aside, and says so', async () => {
    const bus = await open(busConfig());
    const clock = new CheckedClock({ broker: bus.openClock(), troubles: bus.troubles, machine: wrong });
    onTestFinished(() => clock.close());
    await clock.start();
    expect(Math.abs(clock.now() - WALL_CLOCK.now())).toBeLessThan(2000);
    expect(bus.troubles.isOpen('clock-behind')).toBe(true);
    const messages = ward(WALL_CLOCK.now());
    const newest = Math.max(...messages.map(({ eventTime }) => eventTime));
    await produceAll(messages, bus, codec);
    const { engine, got } = await engineOn(bus, clock);
    await expect.poll(() => got.newest, soon).toBe(newest);
    expect(got.futures).toBe(0);
    await engine.close();
  });

  it('does so by all the patients where brokers do not tell the time', async () => {
    const bus = await open(busConfig());
    const clock = new CheckedClock({ broker: null, troubles: bus.troubles, machine: wrong });
    onTestFinished(() => clock.close());
    await clock.start();
    const messages = ward(WALL_CLOCK.now(), 60);
    const newest = Math.max(...messages.map(({ eventTime }) => eventTime));
    await produceAll(messages, bus, codec);
    const { engine, got } = await engineOn(bus, clock);
    // To a minute: the clock follows the last of the patients.
    await expect.poll(() => got.newest, soon).toBeGreaterThan(newest - MINUTE_MS);
    expect(got.futures).toBe(0);
    expect(bus.troubles.isOpen('clock-behind')).toBe(true);
    await engine.close();
  });
});

describe('an input topic that is made anew while no engine runs', () => {
  it.each([
    ['fewer', 30],
    ['more', 240],
  ])('with %s messages than before: none of them is taken for one that was used', async (_, minutes) => {
    const config = busConfig();
    const bus = await open(config);
    const before = WALL_CLOCK.now() - 6 * 60 * MINUTE_MS;
    await produceAll(ward(before), bus, codec);
    const first = await engineOn(bus);
    const total = ward(before).length;
    await expect.poll(() => first.engine.counts.messages, soon).toBe(total);
    // What is only read, and waits for its turn, is read again by the next.
    const states = () => [...first.engine.partitions].map((each) => first.engine.presence.of(each).state);
    await expect.poll(() => new Set(states()), soon).toEqual(new Set(['live']));
    await first.engine.close();
    const admin = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    onTestFinished(() => admin.disconnect());
    const topic = config.topicPrefix + TOPICS.vitals;
    await admin.deleteTopics({ topics: [topic] });
    await expect.poll(() => admin.listTopics(), { timeout: 10_000 }).not.toContain(topic);
    await bus.createTopics([TOPICS.vitals]);
    const vitals = ward(before + (60 + minutes) * MINUTE_MS, minutes).filter(
      (message) => message.topic === TOPICS.vitals,
    );
    const later = vitals.map((message, index) => ({
      ...message,
      record: { ...message.record, messageId: `anew-${index}` },
    })) as SourceMessage[];
    await produceAll(later, bus, codec);
    const second = await engineOn(bus);
    await expect.poll(() => second.engine.counts.messages, soon).toBe(later.length);
    await expect.poll(() => second.got.scores, soon).toBeGreaterThan(0);
    expect(second.engine.counts.duplicates).toBe(0);
    expect(bus.troubles.counts.get('topic-made-anew')).toBeGreaterThan(0);
    await second.engine.close();
  });
});
