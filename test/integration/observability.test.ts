import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KafkaBus, type KafkaBusConfig } from '../../src/bus/kafka.js';
import { INPUT_TOPICS, TOPICS } from '../../src/contract/topics.js';
import { MessageCodec } from '../../src/events/codec.js';
import { produceAll } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { simulateWard } from '../../src/simulate/ward.js';
import { type Broker, startBroker } from './kafka/broker.js';

const SCRAPE_TOKEN = 'scrape-token-for-tests';
const SECRET = 'a secret of thirty-two characters or more';
const MINUTE_MS = 60_000;
const POISON = 'Jane Doe, born 1961';
const directory = mkdtempSync(join(tmpdir(), 'wardstream-test-'));
let broker: Broker;
let bus: KafkaBus;
let child: ChildProcess;
let logged = '';
let address = '';

beforeAll(async () => {
  broker = await startBroker();
  const settings = {
    kind: 'kafka',
    brokers: broker.brokers,
    partitions: 3,
    topicPrefix: 'seen.',
    groupId: 'seen',
  };
  bus = await KafkaBus.open(parseConfig({ bus: settings }).bus as KafkaBusConfig);
  await bus.createTopics(INPUT_TOPICS);
  const file = join(directory, 'config.json');
  const server = { port: 0, auth: { kind: 'secret', secret: SECRET } };
  const store = { kind: 'embedded', directory: join(directory, 'store') };
  const state = { checkpointIntervalMs: 500 };
  writeFileSync(
    file,
    JSON.stringify({ bus: settings, store, state, server, metrics: { token: SCRAPE_TOKEN } }),
  );
  child = spawn(process.execPath, ['dist/main.js', 'run', '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data) => {
      logged += String(data);
    });
  }
  while (address === '') {
    if (child.exitCode !== null) throw new Error(`the process ended: ${logged}`);
    address = /ward page: (http:\/\/[\d.]+:\d+)/.exec(logged)?.[1] ?? '';
    await sleep(50);
  }
});

afterAll(async () => {
  if (child.exitCode === null) child.kill('SIGKILL');
  await bus?.close();
  await broker?.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function metrics(): Promise<Map<string, number>> {
  const answer = await fetch(`${address}/metrics`, { headers: { authorization: `Bearer ${SCRAPE_TOKEN}` } });
  const lines = (await answer.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

it('is ready, measured and silent about patients while it reads from a real Kafka', async () => {
  while ((await fetch(`${address}/health/ready`)).status !== 200) await sleep(100);
  expect((await fetch(`${address}/metrics`)).status).toBe(401);
  const now = Date.now();
  const hours = 2;
  const ward = { beds: 6, hours, seed: 5, startTime: now - hours * 60 * MINUTE_MS, wardId: 'W-NORTH' };
  const messages = [...simulateWard(ward)].filter(({ eventTime }) => eventTime <= now);
  await produceAll(messages, bus, new MessageCodec());
  await bus.produce(TOPICS.notes, [{ key: 'SIM-POISON', value: Buffer.from(POISON) }]);
  let seen = await metrics();
  const lagOf = (all: Map<string, number>) =>
    [...all]
      .filter(([name]) => name.startsWith('wardstream_consumer_lag_messages'))
      .map(([, value]) => value);
  while (
    (seen.get('wardstream_messages_total') ?? 0) < messages.length + 1 ||
    lagOf(seen).some((lag) => lag > 0)
  ) {
    await sleep(200);
    seen = await metrics();
  }
  expect(lagOf(seen)).toHaveLength(INPUT_TOPICS.length * 3);
  expect(seen.get('wardstream_partitions')).toBe(3);
  expect(seen.get('wardstream_patients')).toBe(6);
  expect(seen.get('wardstream_dead_letters_total{reason="undecodable"}')).toBe(1);
  expect(seen.get('wardstream_snapshots_total')).toBeGreaterThanOrEqual(6);
  expect(seen.get('wardstream_checkpoints_total')).toBeGreaterThan(0);
  expect(seen.get('wardstream_scores_total')).toBe(seen.get('wardstream_end_to_end_seconds_count'));
  expect(
    [...seen.keys()].filter((name) => name.startsWith('wardstream_watermark_delay_seconds')),
  ).not.toEqual([]);

  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  const ids = [
    ...new Set(messages.map(({ key }) => key)),
    'SIM-POISON',
    'Jane',
    'W-NORTH',
    SECRET,
    SCRAPE_TOKEN,
  ];
  for (const id of ids) expect(logged).not.toContain(id);
  expect(logged).not.toMatch(/heartRate|sbpInvasive|patientId/);
  const lines = logged.split('\n').filter((line) => line.startsWith('{'));
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toContain(
    'stopping: finishing what is under way',
  );
});
