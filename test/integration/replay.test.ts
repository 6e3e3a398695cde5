import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KafkaBus, type KafkaBusConfig } from '../../src/bus/kafka.js';
import { WALL_CLOCK } from '../../src/clock.js';
import { scoresDigestOf } from '../../src/cohort/digest.js';
import { scoreCohort } from '../../src/cohort/scored-cohort.js';
import { scoreHere } from '../../src/cohort/scoring.js';
import type { ObservedStay } from '../../src/cohort/stays.js';
import { ScoringThreads } from '../../src/cohort/threads.js';
import { recordCommand } from '../../src/commands/record.js';
import { INPUT_TOPICS } from '../../src/contract/topics.js';
import { Engine } from '../../src/engine/engine.js';
import type { Sink } from '../../src/engine/outputs.js';
import { MessageCodec } from '../../src/events/codec.js';
import type { SourceMessage } from '../../src/events/source-message.js';
import { AlertsDigest, ScoresDigest } from '../../src/replay/digest.js';
import { joined, produceAll, replay } from '../../src/replay/replay.js';
import { loadConfig, parseConfig } from '../../src/settings/config.js';
import { simulateWard } from '../../src/simulate/ward.js';
import { openSource } from '../../src/sources/open-source.js';
import { overlappingStays } from '../replay/overlapping-stays.js';
import { type Broker, startBroker } from './kafka/broker.js';

const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-record-'));
const MINUTE_MS = 60_000;
const HOURS = 3;
let broker: Broker;
let ward: SourceMessage[];
let file: string;

beforeAll(async () => {
  broker = await startBroker();
  const startTime = Math.floor(WALL_CLOCK.now() / MINUTE_MS) * MINUTE_MS - (HOURS * 60 + 1) * MINUTE_MS;
  ward = [...simulateWard({ beds: 8, hours: HOURS, seed: 11, startTime, wardId: 'W' })];
  file = join(ROOT, 'kafka.json');
  const bus = {
    kind: 'kafka',
    brokers: broker.brokers,
    partitions: 4,
    topicPrefix: 'record.',
    groupId: 'record',
  };
  writeFileSync(file, JSON.stringify({ bus }));
});
afterAll(async () => {
  await broker?.stop();
  rmSync(ROOT, { recursive: true });
});

it('live, recorded from Kafka, replayed, and replayed in two shares: one digest of scores and one of alerts', async () => {
  const config = loadConfig(file);
  const bus = await KafkaBus.open(config.bus as KafkaBusConfig);
  await bus.createTopics(INPUT_TOPICS);
  await produceAll(ward, bus, new MessageCodec());
  const [scores, alerts] = [new ScoresDigest(), new AlertsDigest()];
  // Live, time goes on after the last event and may escalate what is open; a replay ends there.
  const end = ward.at(-1)!.eventTime;
  const untilEnd: Sink = {
    write: (outputs) =>
      alerts.write({ ...outputs, alerts: outputs.alerts.filter(({ eventTime }) => eventTime <= end) }),
  };
  const engine = await Engine.open({
    config: parseConfig({}),
    bus,
    clock: WALL_CLOCK,
    sinks: [scores, untilEnd],
  });
  await engine.start();
  while (engine.counts.messages < ward.length) await sleep(100);
  await engine.finish();
  await engine.close();
  await bus.close();
  const live = { scoresDigest: scores.digest(), alertsDigest: alerts.digest() };
  expect(engine.counts.alerts).toBeGreaterThan(0);

  const out = join(ROOT, 'ward.avro');
  await recordCommand({ from: 'kafka:', out, config: file, json: true });
  const plain = parseConfig({});
  expect(await replay(openSource(`recording:${out}`), { config: plain, speed: 'max' })).toMatchObject(live);
  expect(
    await replay(openSource('kafka:', undefined, undefined, undefined, config), {
      config: plain,
      speed: 'max',
    }),
  ).toMatchObject(live);
  const job = { from: `recording:${out}`, config: plain };
  const stays: ObservedStay[] = [];
  const onStay = (stay: ObservedStay) => stays.push(stay);
  const shares = await Promise.all(
    [0, 1].map((index) => scoreHere({ ...job, share: { index, of: 2 } }, { onStay })),
  );
  const parts = shares.map(({ part, open }) => {
    stays.push(...open);
    return part;
  });
  expect({ ...joined(parts, 1), scoresDigest: scoresDigestOf(stays) }).toMatchObject(live);
});

it('reads a range of event times, or of offsets', async () => {
  const config = loadConfig(file);
  const timesOf = async (range: string) => {
    const times: number[] = [];
    for await (const { eventTime } of openSource(
      `kafka:${range}`,
      undefined,
      undefined,
      undefined,
      config,
    ).messages()) {
      times.push(eventTime);
    }
    return times;
  };
  const middle = ward[Math.floor(ward.length / 2)].eventTime;
  const until = await timesOf(`..${new Date(middle).toISOString()}`);
  expect(until).toHaveLength(ward.filter(({ eventTime }) => eventTime < middle).length);
  expect(await timesOf(`${new Date(middle).toISOString()}..`)).toHaveLength(ward.length - until.length);
  const some = await timesOf('offset=0..5');
  expect(some.length).toBeGreaterThan(5);
  expect(some.length).toBeLessThanOrEqual(5 * 4 * INPUT_TOPICS.length);
  expect(await timesOf('offset=100000000..')).toEqual([]);
});

it('scores of Kafka go on after an interruption, without the patients of whom nothing more comes', async () => {
  const settings = join(ROOT, 'resume.json');
  const { bus: named } = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(settings, JSON.stringify({ bus: { ...named, topicPrefix: 'resume.', groupId: 'resume' } }));
  const config = loadConfig(settings);
  const bus = await KafkaBus.open(config.bus as KafkaBusConfig);
  await bus.createTopics(INPUT_TOPICS);
  const start = Math.floor(WALL_CLOCK.now() / MINUTE_MS) * MINUTE_MS - 100 * 60 * MINUTE_MS;
  await produceAll(overlappingStays(start), bus, new MessageCodec());
  await bus.close();
  const job = { from: 'kafka:', config };
  const score = (file?: string, stop?: AbortController) =>
    scoreCohort({
      job,
      threads: new ScoringThreads(1),
      file,
      onProgress: (patients) => patients >= 38 && stop?.abort(),
      signal: stop?.signal,
    });
  const whole = await score();
  expect(whole.stays).toHaveLength(52);
  const scores = join(ROOT, 'resume.avro');
  const partial = await score(scores, new AbortController());
  expect(partial.result.partial).toBe(true);
  const resumed = await score(scores);
  expect(resumed.stored).toBeGreaterThan(0);
  expect(resumed.stored).toBeLessThan(partial.stays.length);
  const { seconds, observationsPerSecond, scoresPerSecond, peakRssMb } = resumed.result;
  expect(resumed.result).toEqual({
    ...whole.result,
    ...{ seconds, observationsPerSecond, scoresPerSecond, peakRssMb },
  });
  const scoresOf = ({ stayId, times, signals }: ObservedStay) => [
    stayId,
    times,
    signals.model,
    signals.news2,
  ];
  expect(resumed.stays.map(scoresOf)).toEqual(whole.stays.map(scoresOf));
});
