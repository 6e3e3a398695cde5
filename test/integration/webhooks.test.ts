import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { beforeEach, expect, it, onTestFinished } from 'vitest';
import { KafkaBus, type KafkaBusConfig } from '../../src/bus/kafka.js';
import { TOPICS } from '../../src/contract/topics.js';
import { alert, temporaryDirectory } from '../helpers.js';
import { Receiver } from '../notify/receiver.js';
import { broker, busConfig, codec, useBroker } from './kafka/engines.js';

useBroker();

const SECRET = 'a secret of at least thirty-two characters';
/** So many patients' alerts come at a steady rate while processes come and go. */
const PATIENTS = 20;
const EVERY_MS = 40;

let receiver: Receiver;
let bus: KafkaBus;
let config: KafkaBusConfig;

beforeEach(async () => {
  receiver = await new Receiver().open();
  config = { ...busConfig(), sessionTimeoutMs: 6000 };
  bus = await KafkaBus.open(config);
  await bus.createTopics(Object.values(TOPICS));
  onTestFinished(async () => {
    await bus.close();
    await receiver.close();
  });
});

const write = (id: string, sequence: number, patientId: string) =>
  bus.produce(TOPICS.alerts, [
    { key: patientId, value: codec.encode('Alert', alert(id, sequence, { patientId })) },
  ]);

interface Process {
  readonly child: ChildProcess;
  /** Asks it to stop and gives its exit code. */
  stop(): Promise<number | null>;
  kill(): Promise<void>;
}

/** `wardstream run --roles notifier`, reading as one of so many. */
async function run(members: number): Promise<Process> {
  const before = await stableMembers();
  const webhooks = [{ name: 'pager', url: receiver.url, secret: SECRET }];
  const file = join(temporaryDirectory(), 'config.json');
  writeFileSync(file, JSON.stringify({ bus: config, server: { port: 0, webhooks } }));
  const child = spawn('node', ['dist/main.js', 'run', '--roles', 'notifier', '--config', file], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit') as Promise<[number | null]>;
  // One that is gone may be a member for as long as its session.
  const isReading = async () => {
    const now = await stableMembers();
    return now.length === members && now.some((member) => !before.includes(member));
  };
  await expect.poll(isReading, { interval: 200 }).toBe(true);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    return (await exited)[0];
  };
  return { child, stop: () => end('SIGTERM'), kill: async () => void (await end('SIGKILL')) };
}

/** Ids of the hook's group's members that have their partitions; none while it rebalances. */
async function stableMembers(): Promise<string[]> {
  const admin = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const { groups } = await admin.describeGroups([`${config.groupId}-notifier-pager`]);
    return groups[0].state === 'Stable' ? groups[0].members.map(({ memberId }) => memberId) : [];
  } finally {
    await admin.disconnect();
  }
}

/** Writes alerts while `disturb` goes on, and a little longer; gives how many of each patient, once all are posted. */
async function through(disturb: () => Promise<void>): Promise<number> {
  let isOver = false;
  let sequence = 0;
  const writing = (async () => {
    for (; !isOver; sequence++) {
      for (let n = 0; n < PATIENTS; n++) {
        await write(`a${n}`, sequence, `p${n}`);
        await sleep(EVERY_MS);
      }
    }
  })();
  await disturb();
  isOver = true;
  await writing;
  await expect.poll(() => new Set(receiver.deliveries).size).toBe(PATIENTS * sequence);
  // What would come twice comes now.
  await sleep(3000);
  return sequence;
}

/** What came more often than once. */
const repeated = () => receiver.deliveries.length - new Set(receiver.deliveries).size;

/** Of each patient so many records, as they first came. */
function expectOrder(count: number): void {
  for (let n = 0; n < PATIENTS; n++) {
    const first = [...new Set(receiver.deliveries.filter((each) => each.startsWith(`a${n}.`)))];
    expect(first).toEqual(Array.from({ length: count }, (_, sequence) => `a${n}.${sequence}`));
  }
}

it('posts each record once through a restart', async () => {
  const first = await run(1);
  let second: Process | undefined;
  const count = await through(async () => {
    await sleep(1500);
    expect(await first.stop()).toBe(0);
    second = await run(1);
  });
  expect(repeated()).toBe(0);
  expectOrder(count);
  expect(await second?.stop()).toBe(0);
});

it('posts each record once while processes join and leave, also to a receiver that takes its time', async () => {
  receiver.answerOf = () => (response) => {
    setTimeout(() => response.writeHead(204).end(), 150);
  };
  const first = await run(1);
  let second: Process | undefined;
  const count = await through(async () => {
    await sleep(1000);
    second = await run(2);
    await sleep(1000);
    expect(await first.stop()).toBe(0);
  });
  expect(repeated()).toBe(0);
  expectOrder(count);
  expect(await second?.stop()).toBe(0);
});

it('loses no record to kill -9, and repeats only what the last second had', async () => {
  const first = await run(1);
  const second = await run(2);
  const count = await through(async () => {
    await sleep(2000);
    await first.kill();
  });
  // A position is kept a second after the first post that it stands for: so long, and as long again under load.
  expect(repeated()).toBeLessThanOrEqual(2000 / EVERY_MS);
  expectOrder(count);
  expect(await second.stop()).toBe(0);
});
