import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ClientOptions, connect, type WardClient, WardClientError } from '../../src/client/node.js';
import { withOldName } from '../../src/contract/old-names.js';
import { alert, outputsOf, score } from '../helpers.js';
import { openTestStore, openWard, stay, type TestWard, tokenOf } from '../server/ward.js';

let store: Awaited<ReturnType<typeof openTestStore>>;
let ward: TestWard;
const clients: WardClient[] = [];

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.close());
beforeEach(async () => {
  ward = await openWard(store.store);
  await ward.write({ admitted: [stay('p1', 'W')], scores: [score(1, 0.5)] });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await ward.close();
});

let number = 0;
const fresh = () => alert(`client-alert-${number++}`);

async function open(more: Partial<ClientOptions> = {}): Promise<WardClient> {
  const client = connect({ url: ward.server.url, token: await tokenOf(), maxBackoffMs: 50, ...more });
  clients.push(client);
  return client;
}

function live(client: WardClient): Promise<void> {
  return new Promise((resolve) => {
    if (client.state.kind === 'live') resolve();
    else client.on('state', ({ kind }) => kind === 'live' && resolve());
  });
}

describe('the client', () => {
  it('gives snapshot, patients and alert records', async () => {
    const client = await open();
    const records: string[] = [];
    client.on('record', ({ alertId }) => records.push(alertId));
    const snapshot = new Promise((resolve) =>
      client.on('snapshot', ({ patients }) => resolve(patients.length)),
    );
    expect(await snapshot).toBe(1);
    const one = fresh();
    const risks: (number | null)[] = [];
    client.on('patients', (frame) => risks.push(frame.patients[0].mortality));
    await ward.write({ alerts: [one], scores: [score(2, 0.7)] });
    await expect.poll(() => risks).toContain(0.7);
    await expect.poll(() => records).toEqual([one.alertId]);
  });

  it('comes back after the server was gone, and misses and repeats nothing', async () => {
    const { port } = new URL(ward.server.url);
    const client = await open({ values: false });
    const records: string[] = [];
    const states: string[] = [];
    client.on('record', ({ alertId }) => records.push(alertId));
    client.on('state', ({ kind }) => states.push(kind));
    await live(client);
    const [one, two, three] = [fresh(), fresh(), fresh()];
    await ward.write({ alerts: [one] });
    await expect.poll(() => records).toEqual([one.alertId]);
    await ward.close();
    await expect.poll(() => states).toContain('lost');
    ward = await openWard(store.store, { server: { port: Number(port) } });
    await ward.write({ alerts: [one, two] });
    await expect.poll(() => records, { timeout: 10_000 }).toEqual([one.alertId, two.alertId]);
    await live(client);
    await ward.write({ alerts: [three] });
    await expect.poll(() => records).toEqual([one, two, three].map(({ alertId }) => alertId));
  });

  it('goes on from a cursor of an earlier client', async () => {
    const first = await open({ values: false });
    await live(first);
    const { cursor } = first;
    first.close();
    const missed = fresh();
    await ward.view.write(outputsOf({ alerts: [missed] }));
    const second = await open({ values: false, resumeFrom: cursor });
    const record = new Promise((resolve) => second.on('record', resolve));
    expect(await record).toEqual(withOldName(missed));
  });

  it('says where something may be missing', async () => {
    const client = await open({ resumeFrom: 'of another server' });
    const gap = new Promise((resolve) => client.on('gap', resolve));
    expect(await gap).toEqual({ from: 'of another server' });
    await live(client);
  });

  it('stops where trying again would not help, and says why', async () => {
    for (const more of [{ token: 'wrong' }, { wards: ['W', 'V'], token: await tokenOf('viewer', ['W']) }]) {
      const client = await open(more);
      const state = new Promise((resolve) =>
        client.on('state', (each) => each.kind === 'refused' && resolve(each)),
      );
      expect(await state).toMatchObject({ kind: 'refused', reason: expect.stringMatching(/token/) });
    }
  });

  it('gets a new token before the old one ends, and keeps the connection', async () => {
    const lifetimes = [2500, 3_600_000];
    const client = await open({
      token: () => tokenOf('viewer', ['W'], { forMs: lifetimes.shift() ?? 1000 }),
    });
    const hellos: unknown[] = [];
    const states: string[] = [];
    client.on('hello', (frame) => hellos.push(frame));
    client.on('state', ({ kind }) => states.push(kind));
    await expect.poll(() => hellos.length, { timeout: 5000 }).toBe(2);
    expect(states).toEqual(['live']);
  });

  it('speaks HTTP, and says what the server says', async () => {
    const client = await open();
    const one = fresh();
    await ward.write({ alerts: [one] });
    expect((await client.patients()).patients.map(({ patientId }) => patientId)).toEqual(['p1']);
    expect((await client.patient('p1')).alerts.map(({ alertId }) => alertId)).toContain(one.alertId);
    expect((await client.timeline('p1', 2)).scores.mortality).toEqual([0.5]);
    expect((await client.notes('p1')).notes).toEqual([]);
    expect((await client.images('p1')).images).toEqual([]);
    expect((await client.alerts({ limit: '1' })).alerts).toHaveLength(1);
    expect((await client.alertEvents(one.alertId)).events).toHaveLength(1);
    expect(await client.act(one.alertId, { action: 'ACKNOWLEDGE' })).toEqual({
      messageId: expect.any(String),
    });
    await expect(client.patient('nobody')).rejects.toThrow(
      new WardClientError(404, 'there is no such patient'),
    );
    await expect(client.explanation('p1')).rejects.toMatchObject({ status: 501 });
  });
});
