import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { assembleFed, assembleLive, assembleReplay } from '../../src/app/assemble.js';
import type { Life } from '../../src/app/life.js';
import { truthOf } from '../../src/app/served.js';
import { TOPICS } from '../../src/contract/topics.js';
import { Parts } from '../../src/parts.js';
import { parseConfig } from '../../src/settings/config.js';
import { openSource } from '../../src/sources/open-source.js';
import { adt, START, temporaryDirectory, vitals } from '../helpers.js';
import { TestClient } from '../server/ward.js';
import { ClickHouseFront } from '../store/front.js';

/** High at once at NEWS2 7: nothing has to hold. */
const RULE = { id: 'news2', signal: 'news2', priority: 'HIGH', raiseAt: 7, resolveBelow: 5, holdMs: 0 };
const RULES = [{ ...RULE, refractoryMs: 0, escalateAfterMs: 3_600_000 }];
const MINUTE_MS = 60_000;

/** A process whose parts are closed when the test is over, and a folder that has nothing but its temporary files. */
function life(): Life & { readonly temporary: string } {
  const temporary = temporaryDirectory();
  vi.stubEnv('TMPDIR', temporary);
  const parts = new Parts();
  onTestFinished(async () => {
    await parts.close(() => undefined);
    vi.unstubAllEnvs();
  });
  return { parts, stop: new Promise(() => undefined), allow: () => undefined, temporary };
}

async function occupiedPort(): Promise<number> {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => void other.close());
  return (other.address() as { port: number }).port;
}

describe('a ward that is fed in memory', () => {
  it('shows an alert while the store says nothing', async () => {
    const front = new ClickHouseFront();
    onTestFinished(() => front.close());
    await front.come();
    const here = life();
    const store = { kind: 'server', url: front.url, database: 'fed' };
    const config = parseConfig({ store, alerts: { rules: RULES }, server: { port: 0 } });
    const { bus, clock, engine, server } = await assembleFed(config, here);
    const client = new TestClient(server.url, server.localToken as string);
    await client.next('hello');
    client.send({ type: 'subscribe', wards: ['*'] });
    await client.next('snapshot');
    front.fault = 'hang';
    const shock = { heartRate: 142, respRate: 34, temperature: 39.6 };
    const { codec } = engine;
    clock.advanceTo(START + MINUTE_MS);
    await bus.produce(TOPICS.adt, [{ key: 'p1', value: codec.encode('AdtEvent', adt('ADMIT')) }]);
    // Its own events are released by one that is later.
    for (const [messageId, minute] of [
      ['now', 0],
      ['later', 1],
    ] as const) {
      const eventTime = START + minute * MINUTE_MS;
      const value = codec.encode('VitalSigns', vitals(shock, { messageId, eventTime }));
      await bus.produce(TOPICS.vitals, [{ key: 'p1', value }]);
    }
    const { alert } = await client.next('alert');
    expect([alert.rule, alert.patientId]).toEqual(['news2', 'p1']);
    await client.close();
    await front.come();
  });

  it('leaves nothing open where its server cannot be opened', async () => {
    const here = life();
    const config = parseConfig({ server: { port: await occupiedPort() } });
    await expect(assembleFed(config, here)).rejects.toMatchObject({ code: 'WS_PORT_IN_USE' });
    expect(readdirSync(here.temporary)).toHaveLength(1);
    const faults: unknown[] = [];
    await here.parts.close((error) => faults.push(error));
    expect([faults, readdirSync(here.temporary)]).toEqual([[], []]);
    // chDB has one directory open at a time: the one before is let go.
    const next = life();
    const { server } = await assembleFed(parseConfig({ server: { port: 0 } }), next);
    expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
  });
});

describe('a replay that is watched', () => {
  it('shows its history, and leaves nothing when it is closed', async () => {
    const here = life();
    const config = parseConfig({ server: { port: 0 } });
    const open = () => openSource('simulate:beds=2,hours=1,seed=1', undefined, undefined, undefined, config);
    const truth = await truthOf(open(), config);
    const how = { open, truth, speed: null, isPlaying: true };
    const { server } = await assembleReplay(config, here, how);
    const headers = { authorization: `Bearer ${server.localToken}` };
    const patients = async () => {
      const response = await fetch(`${server.url}/api/v1/patients`, { headers });
      return ((await response.json()) as { patients: unknown[] }).patients.length;
    };
    await expect.poll(patients).toBe(2);
    const faults: unknown[] = [];
    await here.parts.close((error) => faults.push(error));
    expect([faults, readdirSync(here.temporary)]).toEqual([[], []]);
  });
});

describe('a live ward', () => {
  it.each([
    ['bus.kind', {}],
    ['store.kind', { bus: { kind: 'kafka', brokers: ['127.0.0.1:1'] } }],
    [
      'there is no model none',
      {
        bus: { kind: 'kafka', brokers: ['127.0.0.1:1'] },
        store: { kind: 'server', url: 'http://127.0.0.1:1' },
        model: { version: 'none' },
      },
    ],
  ])('is refused, before anything is opened, for %s', async (words, settings) => {
    const here = life();
    await expect(assembleLive(parseConfig(settings), here)).rejects.toThrow(words);
    expect(here.parts.isEmpty).toBe(true);
  });

  it('with the role writer alone needs no engine beside it, and shows health and no page', async () => {
    const here = life();
    const bus = { kind: 'embedded', directory: `${here.temporary}/log` };
    const store = { kind: 'embedded', directory: `${here.temporary}/store` };
    const config = parseConfig({ bus, store, roles: ['writer'], server: { port: 0 } });
    const ward = await assembleLive(config, here);
    const report = async () => (await fetch(`${ward!.address.url}/health/ready`)).json();
    await expect.poll(report).toMatchObject({ ready: true, checks: { store: 'ok' } });
    expect([ward!.engine, ward!.address.hasPage]).toEqual([null, false]);
  });

  it('on a log in a directory shows who is on the ward, also at once after a restart, and explains', async () => {
    const directory = temporaryDirectory();
    // The store is away, and nothing here waits for it.
    const config = parseConfig({
      roles: ['engine', 'gateway'],
      bus: { kind: 'embedded', directory: `${directory}/log` },
      store: { kind: 'server', url: 'http://127.0.0.1:1' },
      align: { minScoreIntervalMs: 0 },
      server: { port: 0 },
    });
    const open = async () => {
      const here = life();
      const ward = (await assembleLive(config, here))!;
      const { url, localToken } = ward.address;
      const get = async (path: string) => {
        const response = await fetch(url + path, { headers: { authorization: `Bearer ${localToken}` } });
        return { status: response.status, body: (await response.json()) as Record<string, unknown> };
      };
      return { here, ward, get };
    };
    const first = await open();
    const { codec } = first.ward.engine!;
    const head = { patientId: 'p1', eventTime: Date.now() };
    const admission = adt('ADMIT', { ...head, messageId: 'a', wardId: 'W' });
    const values = vitals({ heartRate: 92 }, { ...head, messageId: 'v' });
    await first.ward.bus.produce(TOPICS.adt, [{ key: 'p1', value: codec.encode('AdtEvent', admission) }]);
    await first.ward.bus.produce(TOPICS.vitals, [{ key: 'p1', value: codec.encode('VitalSigns', values) }]);
    const shown = async ({ get }: typeof first) => (await get('/api/v1/patients')).body.patients;
    const wanted = [{ patientId: 'p1', wardId: 'W', values: { heartRate: { value: 92 } } }];
    await expect.poll(() => shown(first)).toMatchObject(wanted);
    expect(await first.get('/api/v1/patients/p1/explanation')).toMatchObject({
      status: 200,
      body: { patientId: 'p1' },
    });
    expect(await first.get('/api/v1/patients/nobody/explanation')).toMatchObject({ status: 404 });
    await first.here.parts.close(() => undefined);
    const second = await open();
    expect(await shown(second)).toMatchObject(wanted);
  });

  it('with the role engine alone needs no store, and shows health and no page', async () => {
    const here = life();
    const bus = { kind: 'embedded', directory: `${here.temporary}/log` };
    const config = parseConfig({ bus, roles: ['engine'], server: { port: 0 } });
    const ward = await assembleLive(config, here);
    const { url, hasPage } = ward!.address;
    const report = async () => (await fetch(`${url}/health/ready`)).json();
    await expect.poll(report).toMatchObject({ ready: true });
    expect(await report()).not.toHaveProperty('checks.store');
    expect([
      hasPage,
      (await fetch(`${url}/`)).status,
      (await fetch(`${url}/api/v1/patients`)).status,
    ]).toEqual([false, 404, 404]);
  });
});
