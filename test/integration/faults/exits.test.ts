import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../../helpers.js';
import { type Broker, freePort, startBroker } from '../kafka/broker.js';

/** What a start that fails, and a process that is told to stop, may take to end. */
const FIVE_SECONDS_MS = 5000;
let broker: Broker;
let count = 0;

beforeAll(async () => {
  broker = await startBroker();
});
afterAll(async () => {
  await broker?.stop();
});

interface Run {
  readonly child: ChildProcess;
  said(): string;
  /** Waits until it has said this. */
  heard(what: string): Promise<void>;
  /** Its exit code, and how long after it said that it stops it was gone. */
  ended(): Promise<{ readonly code: number | null; readonly tookMs: number }>;
}

/** `wardstream run` with these settings over those of a process that works. */
function run(more: object = {}): Run {
  const name = `exits-${process.pid}-${++count}`;
  const bus = {
    kind: 'kafka',
    brokers: broker.brokers,
    partitions: 2,
    groupId: name,
    topicPrefix: `${name}.`,
  };
  const store = { kind: 'embedded', directory: temporaryDirectory() };
  const file = join(temporaryDirectory(), 'ward.json');
  const { bus: moreBus = {}, ...rest } = more as { bus?: object };
  writeFileSync(file, JSON.stringify({ store, server: { port: 0 }, ...rest, bus: { ...bus, ...moreBus } }));
  const child = spawn('node', ['dist/main.js', 'run', '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  let stoppingAt = Number.NaN;
  const read = (data: Buffer) => {
    said += String(data);
    if (Number.isNaN(stoppingAt) && said.includes('stopping: finishing')) stoppingAt = performance.now();
  };
  child.stdout?.on('data', read);
  child.stderr?.on('data', read);
  const exited = new Promise<{ code: number | null; tookMs: number }>((resolve) => {
    child.once('exit', (code) => resolve({ code, tookMs: performance.now() - stoppingAt }));
  });
  return {
    child,
    said: () => said,
    heard: (what) => expect.poll(() => said, { timeout: 60_000, interval: 50 }).toContain(what),
    ended: () => exited,
  };
}

async function occupiedPort(): Promise<number> {
  const server: Server = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return port;
}

async function otherTopic(topicPrefix: string): Promise<void> {
  const admin = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const topics = [{ topic: `${topicPrefix}ward.vitals`, numPartitions: 3 }];
  await admin.createTopics({ waitForLeaders: false, topics });
  await admin.disconnect();
}

describe('a start that fails', () => {
  const flaws: readonly [string, string, () => Promise<object>][] = [
    [
      'a store that cannot be opened',
      'the store at',
      async () => {
        const file = join(temporaryDirectory(), 'a-file');
        writeFileSync(file, '');
        return { store: { kind: 'embedded', directory: join(file, 'store') } };
      },
    ],
    [
      'an encoder that is not there',
      'there-is-none',
      async () => ({
        encoders: {
          always: ['image'],
          image: {
            kind: 'custom',
            name: 'none',
            model: { file: '/there-is-none.onnx' },
            inputSize: 8,
            embedding: 'e',
            finding: { output: 'f', index: 0, label: 'l' },
          },
        },
      }),
    ],
    [
      'a runtime that is not installed',
      'is not installed',
      async () => ({ model: { runtime: { kind: 'tfjs', backend: 'node-gpu' } } }),
    ],
    [
      'a certificate that is none',
      'PEM',
      async () => ({ server: { port: 0, tls: { cert: 'no certificate', key: 'no key' } } }),
    ],
    ['a port that is in use', 'is in use', async () => ({ server: { port: await occupiedPort() } })],
    [
      'topics that differ',
      'has 3 partitions',
      async () => {
        const topicPrefix = `differ-${process.pid}.`;
        await otherTopic(topicPrefix);
        return { bus: { topicPrefix } };
      },
    ],
  ];

  it.each(flaws)(
    'with %s says so and ends by itself, with what was opened before',
    async (_, words, settings) => {
      const { said, ended } = run(await settings());
      const { code, tookMs } = await ended();
      expect(said()).toContain(words);
      expect(code).toBe(1);
      // A configuration that is refused has opened nothing.
      if (!Number.isNaN(tookMs)) expect(tookMs).toBeLessThan(FIVE_SECONDS_MS);
    },
  );
});

describe('one SIGTERM', () => {
  const moments: readonly [string, string, () => Promise<object>][] = [
    [
      'waits for Kafka',
      'waiting for Kafka',
      async () => ({ bus: { brokers: [`127.0.0.1:${await freePort()}`] } }),
    ],
    [
      'waits for the store',
      'waiting for the store',
      async () => ({
        store: { kind: 'server', url: `http://127.0.0.1:${await freePort()}` },
      }),
    ],
    ['watches', 'ward page', async () => ({})],
  ];

  it.each(moments)('ends a process that %s', async (_, words, settings) => {
    const { child, heard, ended } = run(await settings());
    await heard(words);
    const began = performance.now();
    child.kill('SIGTERM');
    const { code } = await ended();
    // Rows that the store does not take are said to be left.
    expect([0, words === 'waiting for the store' ? 1 : 0]).toContain(code);
    expect(performance.now() - began).toBeLessThan(FIVE_SECONDS_MS);
  });

  it('ends a process that is starting, whatever it opens just then', async () => {
    for (const waitMs of [900, 1400, 2000]) {
      const { child, ended } = run();
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      const began = performance.now();
      child.kill('SIGTERM');
      await ended();
      expect(performance.now() - began).toBeLessThan(FIVE_SECONDS_MS);
    }
  });
});

describe('a process whose pipeline fails', () => {
  it('ends with code 1, whatever sockets are open', async () => {
    const name = `fenced-${process.pid}`;
    const bus = { groupId: name, topicPrefix: `${name}.`, groupInstanceId: 'one', sessionTimeoutMs: 6000 };
    const first = run({ bus });
    await first.heard('ward page');
    const port = Number(
      /127\.0\.0\.1:(\d+)\//.exec(first.said().slice(first.said().indexOf('ward page')))?.[1],
    );
    // One on which nothing is asked, and one that asks for ever.
    for (const text of ['', 'GET /health/live HTTP/1.1\r\nhost: x\r\n']) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(text);
      onTestFinished(() => void socket.destroy());
    }
    // Another with its name takes its place.
    const second = run({ bus });
    await second.heard('ward page');
    const { code, tookMs } = await first.ended();
    expect(code).toBe(1);
    expect(tookMs).toBeLessThan(25_000);
    expect(first.said()).toContain('another process has joined the group as one');
  });
});
