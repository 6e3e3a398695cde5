import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { KafkaBus, type KafkaBusConfig } from '../../src/bus/kafka.js';
import { WALL_CLOCK } from '../../src/clock.js';
import { INPUT_TOPICS } from '../../src/contract/topics.js';
import { BusSink, OUTPUT_TOPICS } from '../../src/engine/bus-sink.js';
import { Engine } from '../../src/engine/engine.js';
import { MessageCodec } from '../../src/events/codec.js';
import { produceAll } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { simulateWard } from '../../src/simulate/ward.js';
import { temporaryDirectory } from '../helpers.js';
import { type SecureBroker, startSecureBroker, USER } from './kafka/secure-broker.js';

const HOUR_MS = 3_600_000;
const WRONG = { ...USER, password: 'not-the-password' };
let broker: SecureBroker;
let count = 0;

beforeAll(async () => {
  broker = await startSecureBroker();
});
afterAll(async () => {
  await broker?.stop();
});

function busConfig(sasl: object | undefined, ssl: object | boolean = { ca: broker.ca }): KafkaBusConfig {
  const topicPrefix = `secure-${++count}.`;
  const settings = { kind: 'kafka', brokers: broker.brokers, partitions: 2, groupId: topicPrefix };
  return parseConfig({ bus: { ...settings, topicPrefix, ssl, sasl } }).bus as KafkaBusConfig;
}

function tokenFile(token: string): object {
  const file = join(temporaryDirectory(), 'token');
  writeFileSync(file, `${token}\n`);
  return { mechanism: 'oauthbearer', tokenFile: file };
}

/** Who asks this for a token gets the broker's. */
async function tokenServer(): Promise<object> {
  const server = createServer(async (_, response) => {
    response.end(JSON.stringify({ access_token: await broker.token(), expires_in: 3600 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const client = { clientId: 'ward', clientSecret: 'secret' };
  return { mechanism: 'oauthbearer', tokenUrl: `http://127.0.0.1:${port}/token`, ...client };
}

/** Sends a ward through an engine over the broker and waits for its scores; gives the patients whose state it left. */
async function throughAnEngine(config: KafkaBusConfig): Promise<string[]> {
  const bus = await KafkaBus.open(config);
  const codec = new MessageCodec();
  await bus.createTopics([...INPUT_TOPICS, ...OUTPUT_TOPICS]);
  const startTime = WALL_CLOCK.now() - 2 * HOUR_MS;
  const messages = [...simulateWard({ beds: 2, hours: 1, seed: 1, startTime, wardId: 'W' })];
  await produceAll(messages, bus, codec);
  const sinks = [new BusSink(bus, codec, 'm')];
  const engine = await Engine.open({ config: parseConfig({}), bus, clock: WALL_CLOCK, sinks });
  await engine.start();
  await expect.poll(() => engine.counts.messages).toBe(messages.length);
  await expect.poll(() => engine.counts.scores).toBeGreaterThan(0);
  await engine.close();
  const state = await bus.state.restore([0, 1], (entry) => entry);
  await bus.close();
  return state.map(({ key }) => key).sort();
}

describe('a broker that asks for TLS and SASL', () => {
  it.each([
    ['PLAIN', async () => ({ mechanism: 'plain', ...USER })],
    ['SCRAM-SHA-256', async () => ({ mechanism: 'scram-sha-256', ...USER })],
    ['SCRAM-SHA-512', async () => ({ mechanism: 'scram-sha-512', ...USER })],
    ['OAUTHBEARER, a token in a file', async () => tokenFile(await broker.token())],
    ['OAUTHBEARER, a token endpoint', tokenServer],
  ])('lets an engine read, score, produce and keep state with %s', async (_, sasl) => {
    expect(await throughAnEngine(busConfig(await sasl()))).toEqual(['SIM-1-001', 'SIM-1-002']);
  });

  it.each([
    ['PLAIN', async () => ({ mechanism: 'plain', ...WRONG })],
    ['SCRAM-SHA-256', async () => ({ mechanism: 'scram-sha-256', ...WRONG })],
    ['SCRAM-SHA-512', async () => ({ mechanism: 'scram-sha-512', ...WRONG })],
    ['OAUTHBEARER', async () => tokenFile((await broker.token()).slice(0, -8))],
  ])('refuses who says something wrong with %s', async (_, sasl) => {
    const config = busConfig(await sasl());
    const refused = expect.stringMatching(`Kafka at ${broker.brokers[0]} refuses bus.sasl: `);
    await expect(KafkaBus.open(config)).rejects.toMatchObject({ code: 'WS_BUS', message: refused });
  });

  it('is not trusted without its authority, and says why', async () => {
    const config = busConfig({ mechanism: 'plain', ...USER }, true);
    await expect(KafkaBus.open(config)).rejects.toMatchObject({
      code: 'WS_BUS',
      message: expect.stringContaining('self-signed certificate'),
    });
  });

  it('ends a run with a wrong password at once, since waiting would not help', async () => {
    const directory = temporaryDirectory();
    const file = join(directory, 'ward.json');
    const bus = busConfig({ mechanism: 'scram-sha-512', ...WRONG });
    writeFileSync(
      file,
      JSON.stringify({ bus, store: { kind: 'embedded', directory: join(directory, 's') } }),
    );
    const ended = promisify(execFile)('node', ['dist/main.js', 'run', '--config', file], { timeout: 20_000 });
    await expect(ended).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/Kafka at .* refuses bus.sasl/),
    });
    await expect(ended).rejects.not.toMatchObject({ stderr: expect.stringContaining('waiting for Kafka') });
  });
});
