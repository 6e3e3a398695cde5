import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { KafkaBus, type KafkaBusConfig } from '../../src/bus/kafka.js';
import type { AlertMessage } from '../../src/contract/messages.js';
import type { Explanation, PatientsResponse } from '../../src/contract/protocol.js';
import { TOPICS } from '../../src/contract/topics.js';
import type { SourceMessage } from '../../src/events/source-message.js';
import { produceAll } from '../../src/replay/replay.js';
import { temporaryDirectory } from '../helpers.js';
import { SECRET, TestClient, tokenOf } from '../server/ward.js';
import { ClickHouseFront } from '../store/front.js';
import { busConfig, codec, readTopic, useBroker, ward } from './kafka/engines.js';

useBroker();

const BEDS = 32;
const front = new ClickHouseFront();
const RULE = { signal: 'news2', priority: 'HIGH', holdMs: 0, refractoryMs: 0, escalateAfterMs: 3_600_000 };
const RULES = [{ ...RULE, id: 'news2', raiseAt: 3, resolveBelow: 2 }];

beforeAll(() => front.come());
afterAll(() => front.close());

interface Process {
  readonly url: string;
  kill(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

/** `wardstream run --roles`, as an operator starts it. */
async function start(bus: KafkaBusConfig, roles: string): Promise<Process> {
  const port = await freePort();
  const file = join(temporaryDirectory(), 'ward.yaml');
  const settings = {
    bus: { ...bus, sessionTimeoutMs: 6000 },
    store: { kind: 'server', url: front.url, database: 'gateways' },
    alerts: { rules: RULES },
    state: { checkpointIntervalMs: 500 },
    server: { port, auth: { kind: 'secret', secret: SECRET } },
  };
  writeFileSync(file, JSON.stringify(settings));
  const child: ChildProcess = spawn(
    process.execPath,
    ['dist/main.js', 'run', '--config', file, '--roles', roles],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const exited = once(child, 'exit');
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(kill);
  const url = `http://127.0.0.1:${port}`;
  const isLive = () =>
    fetch(`${url}/health/live`).then(
      ({ ok }) => ok,
      () => false,
    );
  await expect.poll(isLive, { timeout: 60_000 }).toBe(true);
  return { url, kill };
}

const recordOf = ({ alertId, sequence }: AlertMessage) => `${alertId} ${sequence}`;

/** The records a client was sent, but for those about the machinery. */
const clinical = (client: TestClient) =>
  client
    .of('alert')
    .filter(({ alert }) => alert.class === 'clinical')
    .map(({ alert }) => recordOf(alert));

async function subscribed(url: string, token: string, resumeFrom?: string): Promise<TestClient> {
  const client = new TestClient(url, token);
  await client.next('hello');
  client.send({ type: 'subscribe', wards: ['*'], ...(resumeFrom === undefined ? {} : { resumeFrom }) });
  await client.next('snapshot');
  return client;
}

/** The newest place in the order of alerts that the client knows of. */
function cursorOf(client: TestClient): string {
  const cursors = client.frames.flatMap((frame) => ('cursor' in frame && frame.cursor ? [frame.cursor] : []));
  return cursors.at(-1) as string;
}

/** Splits a stream where about half of it has come. */
function halves(messages: SourceMessage[]): [SourceMessage[], SourceMessage[]] {
  const { eventTime } = messages[Math.floor(messages.length / 2)];
  const at = messages.findIndex((message) => message.eventTime >= eventTime);
  return [messages.slice(0, at), messages.slice(at)];
}

it('show every bed of every engine, and lose no alert when one of each is killed', async () => {
  const bus = busConfig();
  const admin = await KafkaBus.open(bus);
  onTestFinished(() => admin.close());
  await admin.createTopics(Object.values(TOPICS));
  const token = await tokenOf('clinician');
  const patients = async ({ url }: Process) => {
    const response = await fetch(`${url}/api/v1/patients`, { headers: { authorization: `Bearer ${token}` } });
    return (await response.json()) as PatientsResponse;
  };
  const messages = ward(7, BEDS, 2);
  const [before, after] = halves(messages);
  const engines = await Promise.all([start(bus, 'engine'), start(bus, 'engine')]);
  const gateways = await Promise.all([start(bus, 'gateway'), start(bus, 'gateway')]);
  const first = await subscribed(gateways[0].url, token);
  await produceAll(before, admin, codec);
  const last = before.at(-1)!.eventTime;
  const isShown = async (each: Process) => {
    const shown = await patients(each);
    return [shown.patients.length, shown.catchingUp ?? null, shown.clock >= last - 120_000];
  };
  for (const each of gateways) {
    await expect.poll(() => isShown(each), { timeout: 60_000 }).toEqual([BEDS, null, true]);
  }
  const shares = await Promise.all(
    engines.map(async ({ url }) => (await (await fetch(`${url}/health/ready`)).json()) as { ready: boolean }),
  );
  expect(shares.map(({ ready }) => ready)).toEqual([true, true]);
  await expect.poll(() => clinical(first).length, { timeout: 60_000 }).toBeGreaterThan(3);
  // Whichever engine has the patient answers, on either gateway alike.
  const asked = (await patients(gateways[1])).patients.slice(0, 8);
  for (const { patientId } of asked) {
    const path = `/api/v1/patients/${encodeURIComponent(patientId)}/explanation`;
    const response = await fetch(gateways[1].url + path, { headers: { authorization: `Bearer ${token}` } });
    expect([response.status, ((await response.json()) as Explanation).patientId]).toEqual([200, patientId]);
  }

  const cursor = cursorOf(first);
  const seen = clinical(first);
  await Promise.all([engines[0].kill(), gateways[0].kill()]);
  await produceAll(after, admin, codec);
  const second = await subscribed(gateways[1].url, token, cursor);
  expect(second.of('resumed')).toMatchObject([{ complete: true }]);
  const end = messages.at(-1)!.eventTime;
  const isAtEnd = async () => {
    const shown = await patients(gateways[1]);
    const late = shown.patients.filter(({ lastEventAt }) => lastEventAt < end - 10 * 60_000);
    return [shown.patients.length, late.length];
  };
  await expect.poll(isAtEnd, { timeout: 120_000 }).toEqual([BEDS, 0]);
  const third = await start(bus, 'gateway');
  await expect.poll(async () => (await patients(third)).patients.length, { timeout: 30_000 }).toBe(BEDS);

  const inTopic = async () => {
    const records = (await readTopic(bus, TOPICS.alerts)).map((bytes) => codec.decode('Alert', bytes));
    return [
      ...new Set((records as AlertMessage[]).filter((each) => each.class === 'clinical').map(recordOf)),
    ];
  };
  const wanted = (await inTopic()).sort();
  await expect.poll(() => [...seen, ...clinical(second)].sort(), { timeout: 30_000 }).toEqual(wanted);
  const newcomer = await subscribed(third.url, token, cursor);
  expect(newcomer.of('resumed')).toMatchObject([{ complete: true }]);
  await expect.poll(() => [...seen, ...clinical(newcomer)].sort()).toEqual(wanted);
  const pictures = await Promise.all([patients(gateways[1]), patients(third)]);
  const byId = ({ patients: all }: PatientsResponse) =>
    all.map((each) => ({ ...each, stale: false })).sort((a, b) => (a.patientId < b.patientId ? -1 : 1));
  expect(byId(pictures[1])).toEqual(byId(pictures[0]));
  await Promise.all([second.close(), newcomer.close()]);
}, 400_000);
