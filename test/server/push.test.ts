import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AlertMessage } from '../../src/contract/messages.js';
import { withOldName } from '../../src/contract/old-names.js';
import { alert, outputsOf, score } from '../helpers.js';
import { openTestStore, openWard, stay, TestClient, type TestWard, tokenOf } from './ward.js';

let store: Awaited<ReturnType<typeof openTestStore>>;
let ward: TestWard;
const clients: TestClient[] = [];

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.close());

beforeEach(async () => {
  ward = await openWard(store.store);
  await ward.write({ admitted: [stay('p1', 'W'), stay('p2', 'V')] });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.terminate();
  await ward.close();
});

async function connect(token?: string): Promise<TestClient> {
  const client = new TestClient(ward.server.url, token ?? (await tokenOf()));
  clients.push(client);
  await client.next('hello');
  return client;
}

let number = 0;
/** A record that no test has used before. */
const fresh = (more: Partial<AlertMessage> = {}) => alert(`alert-${number++}`, 0, more);
const ids = (client: TestClient) => client.of('alert').map((frame) => frame.alert.alertId);

/** Resolves when everything sent so far has come: a heartbeat is sent after it. */
async function settled(client: TestClient): Promise<void> {
  const from = client.frames.length;
  client.send({ type: 'subscribe', wards: ['*'], values: false });
  await client.next('snapshot', from);
}

describe('subscribe', () => {
  it('says hello, then gives a snapshot, then what changes', async () => {
    const client = await connect(await tokenOf('viewer', ['W', 'V']));
    expect(client.of('hello')[0]).toMatchObject({
      version: 1,
      user: { subject: 'dr.who', role: 'viewer', wards: ['W', 'V'] },
    });
    client.send({ type: 'subscribe', wards: ['*'] });
    const { patients } = await client.next('snapshot');
    expect(patients.map(({ patientId }) => patientId)).toEqual(['p1', 'p2']);
    const one = fresh();
    await ward.write({ scores: [score(1, 0.7)], alerts: [one] });
    expect((await client.next('alert')).alert).toEqual(withOldName(one));
    const risks = () =>
      client.of('patients').flatMap((frame) => frame.patients.map(({ mortality }) => mortality));
    await expect.poll(risks).toContain(0.7);
  });

  it('sends a patient who changes all the time every 150 ms at most, and the newest at last', async () => {
    const client = await connect();
    client.send({ type: 'subscribe', wards: ['W'] });
    await client.next('snapshot');
    const began = performance.now();
    for (let change = 1; change <= 60; change++) {
      await ward.write({ scores: [score(change, change / 100)] });
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const risks = () =>
      client.of('patients').flatMap((frame) => frame.patients.map(({ mortality }) => mortality));
    await expect.poll(risks).toContain(0.6);
    const most = 1 + Math.ceil((performance.now() - began) / 150);
    expect(risks().length).toBeGreaterThan(1);
    expect(risks().length).toBeLessThanOrEqual(most);
    expect(risks()).toEqual(risks().toSorted((a, b) => (a ?? 0) - (b ?? 0)));
  });

  it('gives wards, single patients, and alerts of some priorities', async () => {
    const [byWard, byPatient, byPriority, alertsOnly] = await Promise.all([
      connect(),
      connect(),
      connect(),
      connect(),
    ]);
    byWard.send({ type: 'subscribe', wards: ['V'] });
    byPatient.send({ type: 'subscribe', patients: ['p1'] });
    byPriority.send({ type: 'subscribe', wards: ['*'], priorities: ['HIGH'] });
    alertsOnly.send({ type: 'subscribe', values: false });
    const snapshots = await Promise.all(
      [byWard, byPatient, byPriority, alertsOnly].map((client) => client.next('snapshot')),
    );
    expect(snapshots.map(({ patients }) => patients.map(({ patientId }) => patientId))).toEqual([
      ['p2'],
      ['p1'],
      ['p1', 'p2'],
      [],
    ]);
    const high = fresh();
    const low = fresh({ patientId: 'p2', wardId: 'V', priority: 'LOW' });
    await ward.write({ alerts: [high, low], scores: [score(1, 0.5)] });
    await byPriority.next('patients');
    await Promise.all([byWard.next('alert'), byPatient.next('alert'), alertsOnly.next('alert')]);
    await settled(alertsOnly);
    expect([byWard, byPatient, byPriority, alertsOnly].map(ids)).toEqual([
      [low.alertId],
      [high.alertId],
      [high.alertId],
      [high.alertId, low.alertId],
    ]);
    expect(alertsOnly.of('patients')).toEqual([]);
  });

  it('says who left, also by moving to a ward that is not subscribed', async () => {
    const client = await connect();
    client.send({ type: 'subscribe', wards: ['W'] });
    await client.next('snapshot');
    await ward.write({ scores: [score(1, 0.5, { wardId: 'V' })] });
    expect((await client.next('discharged')).patientId).toBe('p1');
  });

  it('gives everyone a new snapshot when a replay goes on from elsewhere', async () => {
    const client = await connect();
    client.send({ type: 'subscribe' });
    const before = (await client.next('snapshot')).cursor;
    const from = client.frames.length;
    ward.view.reset();
    const after = await client.next('snapshot', from);
    expect([after.patients, after.alerts]).toEqual([[], []]);
    client.send({ type: 'subscribe', resumeFrom: before });
    expect((await client.next('resumed')).complete).toBe(false);
  });
});

describe('resume', () => {
  it('gives what was missed exactly once, however often the connection breaks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ write: fc.integer({ min: 0, max: 4 }), wait: fc.boolean() }), {
          minLength: 1,
          maxLength: 6,
        }),
        async (rounds) => {
          const sent: string[] = [];
          const seen: string[] = [];
          const first = await connect();
          first.send({ type: 'subscribe', values: false });
          let { cursor } = await first.next('snapshot');
          first.socket.terminate();
          for (const { write, wait } of rounds) {
            const client = await connect();
            client.send({ type: 'subscribe', values: false, resumeFrom: cursor });
            // Written while the subscription is under way, or after it: neither may fall between.
            if (wait) await client.next('snapshot');
            for (let each = 0; each < write; each++) {
              const one = fresh();
              sent.push(one.alertId);
              await ward.view.write(outputsOf({ alerts: [one] }));
            }
            await client.next('snapshot');
            // Cut off wherever it stands: what has come has come.
            client.socket.terminate();
            await client.closed;
            for (const frame of client.of('alert')) {
              seen.push(frame.alert.alertId);
              cursor = frame.cursor;
            }
            const snapshot = client.of('snapshot')[0];
            if (client.of('alert').length === 0) cursor = snapshot.cursor;
          }
          const last = await connect();
          last.send({ type: 'subscribe', values: false, resumeFrom: cursor });
          expect((await last.next('resumed')).complete).toBe(true);
          await last.next('snapshot');
          seen.push(...ids(last));
          last.socket.terminate();
          expect(seen).toEqual(sent);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('goes on after the server was stopped and started, and does not repeat what the engine delivers again', async () => {
    const client = await connect();
    client.send({ type: 'subscribe', values: false });
    await client.next('snapshot');
    const [one, two, three, four] = [fresh(), fresh(), fresh(), fresh()];
    await ward.write({ alerts: [one] });
    const { cursor } = await client.next('alert');
    await client.close();
    await ward.write({ alerts: [two, three] });
    await ward.close();
    ward = await openWard(store.store);
    // After a crash the engine reads again what was not committed.
    await ward.write({ alerts: [two, three, four] });
    const again = await connect();
    again.send({ type: 'subscribe', values: false, resumeFrom: cursor });
    expect(await again.next('resumed')).toMatchObject({ complete: true, missed: 3 });
    await again.next('snapshot');
    expect(ids(again)).toEqual([two, three, four].map(({ alertId }) => alertId));
  });

  it('says so where the cursor is not known, and gives the snapshot all the same', async () => {
    for (const cursor of ['0123456789ab.5', 'nonsense', `${ward.view.log.cursor}9`]) {
      const client = await connect();
      client.send({ type: 'subscribe', resumeFrom: cursor });
      expect(await client.next('resumed')).toMatchObject({ from: cursor, complete: false, missed: 0 });
      await client.next('snapshot');
    }
  });

  it('sends only what the subscription includes of what was missed', async () => {
    const { cursor } = ward.view.log;
    const mine = fresh();
    await ward.write({ alerts: [fresh({ wardId: 'V', patientId: 'p2' }), mine] });
    const client = await connect(await tokenOf('viewer', ['W']));
    client.send({ type: 'subscribe', resumeFrom: cursor });
    expect((await client.next('resumed')).missed).toBe(1);
    await client.next('snapshot');
    expect(ids(client)).toEqual([mine.alertId]);
  });
});

describe('a connection ends with a code that says why', () => {
  const closes = async (client: TestClient) => (await client.closed).code;

  it('4400: what is not of the protocol', async () => {
    for (const frame of ['', 'null', '{', '{"type":"nonsense"}', '{"type":"subscribe","wards":"*"}', '[]']) {
      const client = await connect();
      client.send(frame);
      expect([frame, await closes(client)]).toEqual([frame, 4400]);
    }
    const client = await connect();
    client.socket.send(Buffer.from('{"type":"subscribe"}'), { binary: true });
    expect(await closes(client)).toBe(4400);
  });

  it('1009: a frame that is too large', async () => {
    const client = await connect();
    client.send(`{"type":"subscribe","wards":["${'x'.repeat(70_000)}"]}`);
    expect(await closes(client)).toBe(1009);
  });

  it('4403: a ward the token does not include', async () => {
    const client = await connect(await tokenOf('clinician', ['W']));
    client.send({ type: 'subscribe', wards: ['W', 'V'] });
    expect(await client.closed).toEqual({ code: 4403, reason: 'the token does not include ward V' });
  });

  it('4401: the token ends while connected', async () => {
    const client = await connect(await tokenOf('viewer', ['W'], { forMs: 1500 }));
    client.send({ type: 'subscribe' });
    await client.next('snapshot');
    expect((await client.closed).code).toBe(4401);
    expect((await client.closed).reason).toContain('expired');
  });

  it('a new token keeps it; a smaller role or ward list takes effect at once', async () => {
    const client = await connect(await tokenOf('clinician', ['W', 'V'], { forMs: 1500 }));
    client.send({ type: 'subscribe', wards: ['W', 'V'] });
    await client.next('snapshot');
    let from = client.frames.length;
    client.send({ type: 'authenticate', token: await tokenOf('viewer', ['W']) });
    expect((await client.next('hello', from)).user).toMatchObject({ role: 'viewer', wards: ['W'] });
    const unseen = fresh();
    await ward.write({ alerts: [unseen] });
    from = client.frames.length;
    client.send({ type: 'subscribe', wards: ['*'] });
    const { patients } = await client.next('snapshot', from);
    expect(patients.map(({ patientId }) => patientId)).toEqual(['p1']);
    expect(ids(client)).toEqual([]);
    client.send({ type: 'subscribe', wards: ['V'] });
    expect(await closes(client)).toBe(4403);
  });

  it('4401: a token of someone else, or none at all, as a new one', async () => {
    for (const token of [await tokenOf('admin', ['*'], { subject: 'mallory' }), 'nonsense']) {
      const client = await connect();
      client.send({ type: 'authenticate', token });
      expect(await closes(client)).toBe(4401);
    }
  });

  it('4429: too many frames', async () => {
    const client = await connect();
    for (let each = 0; each < 40; each++) client.send({ type: 'subscribe' });
    expect(await closes(client)).toBe(4429);
  });

  it('4408: a client that does not read alerts; what it missed it gets by resuming', async () => {
    const client = await connect();
    client.send({ type: 'subscribe', values: false });
    const { cursor } = await client.next('snapshot');
    client.socket.pause();
    const reason = 'x'.repeat(20_000);
    const sent: string[] = [];
    // Until more is unread than the network between holds.
    for (let round = 0; round < 60; round++) {
      const alerts = Array.from({ length: 20 }, () => fresh({ reason }));
      sent.push(...alerts.map(({ alertId }) => alertId));
      await ward.view.write(outputsOf({ alerts }));
    }
    client.socket.resume();
    expect(await closes(client)).toBe(4408);
    expect(client.of('alert').length).toBeLessThan(sent.length);
    const resumeFrom = client.of('alert').at(-1)?.cursor ?? cursor;
    const seen = ids(client);
    const again = await connect();
    again.send({ type: 'subscribe', values: false, resumeFrom });
    await again.next('snapshot');
    expect([...seen, ...ids(again)]).toEqual(sent);
  });
});

describe('who may connect', () => {
  const refusal = async (token: string | undefined, headers: Record<string, string> = {}) => {
    const client = new TestClient(ward.server.url, token, { headers });
    return new Promise<number>((resolve) => {
      client.socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      client.socket.once('open', () => {
        client.socket.terminate();
        resolve(101);
      });
    });
  };

  it('needs a valid token, and no page of another origin', async () => {
    const token = await tokenOf();
    expect(await refusal(undefined)).toBe(401);
    expect(await refusal('wrong')).toBe(401);
    expect(await refusal(await tokenOf('viewer', ['W'], { forMs: -1000 }))).toBe(401);
    expect(await refusal(token)).toBe(101);
    expect(await refusal(token, { origin: ward.server.url })).toBe(101);
    expect(await refusal(token, { origin: 'https://evil.example' })).toBe(403);
  });

  it('takes the browser’s cookie, with an origin that is ours', async () => {
    const signedIn = await ward.post('/api/v1/session', {}, await tokenOf());
    const cookie = signedIn.headers.get('set-cookie')!.split(';')[0];
    expect(await refusal(undefined, { cookie, origin: ward.server.url })).toBe(101);
    expect(await refusal(undefined, { cookie })).toBe(403);
    expect(await refusal(undefined, { cookie, origin: 'https://evil.example' })).toBe(403);
  });
});
