import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { variableIndex } from '../../src/clinical/variables.js';
import { NO_FORECASTS } from '../../src/contract/outcomes.js';
import type { CatchingUpView, PatientsResponse } from '../../src/contract/protocol.js';
import { WardView } from '../../src/ward/ward-view.js';
import { alert, outputsOf, START, score } from '../helpers.js';
import { json, openTestStore, openWard, stay, TestClient, type TestWard, tokenOf } from './ward.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A patient as of a snapshot: a heart rate at `START` + 1 min, scored a minute later. */
function restored(patientId = 'p1', alerts = [alert('open', 0, { patientId })]) {
  const patient = stay(patientId, 'W');
  patient.timeline.record(0, variableIndex('heartRate'), 118, START + MINUTE_MS);
  patient.lastEventAt = START + 2 * MINUTE_MS;
  const { mortality, qsofa, sofa } = score(2, 0.62);
  const outcomes = { mortality, ...NO_FORECASTS, qsofa, sofa };
  patient.lastScore = { eventTime: START + 2 * MINUTE_MS, ...outcomes, news2: 7, news2Missing: ['gcs'] };
  return { patient, alerts };
}

describe('a patient who is restored', () => {
  it('is shown with the values and the risk of the snapshot, with their times, and as restored', async () => {
    const view = new WardView();
    await view.write(outputsOf({ restored: [restored()] }));
    expect(view.view('p1')).toMatchObject({
      restored: true,
      lastEventAt: START + 2 * MINUTE_MS,
      values: { heartRate: { value: 118, unit: '/min', at: START + MINUTE_MS } },
      mortality: 0.62,
      riskAt: START + 2 * MINUTE_MS,
      mortalityHistory: [[START + 2 * MINUTE_MS, 0.62]],
      news2: 7,
      news2Missing: ['gcs'],
    });
    expect(view.clock).toBe(START + 2 * MINUTE_MS);
    await view.write(outputsOf({ scores: [score(3, 0.5)] }));
    expect(view.view('p1')).toMatchObject({ restored: false, mortality: 0.5, riskAt: START + 3 * MINUTE_MS });
  });

  it('has no risk where the snapshot has none, and the values all the same', async () => {
    const view = new WardView();
    const { patient } = restored();
    patient.lastScore = null;
    await view.write(outputsOf({ restored: [{ patient, alerts: [] }] }));
    expect(view.view('p1')).toMatchObject({
      mortality: null,
      riskAt: null,
      values: { heartRate: { value: 118 } },
    });
  });

  it('is old where the time of day says so, also where nothing newer has come', async () => {
    let now = START + 10 * MINUTE_MS;
    const view = new WardView(undefined, () => now);
    await view.write(outputsOf({ restored: [restored()] }));
    expect(view.view('p1')?.stale).toBe(false);
    now = START + 5 * HOUR_MS;
    expect(view.view('p1')?.stale).toBe(true);
  });
});

describe('a patient who leaves', () => {
  it('takes the open alerts along, whoever has them now', async () => {
    const view = new WardView();
    const [one, other] = [restored('p1'), restored('p2', [alert('other', 0, { patientId: 'p2' })])];
    await view.write(outputsOf({ restored: [one, other] }));
    const departures: unknown[] = [];
    view.departed$.subscribe((departure) => departures.push(departure));
    await view.write(outputsOf({ released: [one.patient] }));
    expect([...view.openAlerts.keys()]).toEqual(['other']);
    await view.write(outputsOf({ discharged: [other.patient] }));
    expect(view.openAlerts.size).toBe(0);
    expect(departures).toEqual([
      { patientId: 'p1', wardId: 'W', reason: 'elsewhere' },
      { patientId: 'p2', wardId: 'W', reason: 'discharged' },
    ]);
  });

  it('and comes back has them again, and they are pushed again', async () => {
    const view = new WardView();
    const pushed: string[] = [];
    view.alerts$.subscribe(({ alert: { alertId } }) => pushed.push(alertId));
    const one = restored();
    await view.write(outputsOf({ restored: [one] }));
    await view.write(outputsOf({ released: [one.patient] }));
    await view.write(outputsOf({ restored: [restored()] }));
    expect(pushed).toEqual(['open', 'open']);
    expect([...view.openAlerts.keys()]).toEqual(['open']);
  });
});

describe('clients', () => {
  let store: Awaited<ReturnType<typeof openTestStore>>;
  let ward: TestWard;
  let catchingUp: CatchingUpView | null;
  const clients: TestClient[] = [];

  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(() => store.close());
  beforeEach(async () => {
    catchingUp = null;
    ward = await openWard(store.store, { catchingUp: () => catchingUp });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.terminate();
    await ward.close();
  });

  async function subscribe(request: object = {}): Promise<TestClient> {
    const client = new TestClient(ward.server.url, await tokenOf());
    clients.push(client);
    await client.next('hello');
    client.send({ type: 'subscribe', ...request });
    await client.next('snapshot');
    return client;
  }

  it('are told that the server catches up, and that it has', async () => {
    catchingUp = { partitions: 0, of: 0 };
    const client = await subscribe();
    expect(client.of('snapshot')[0].catchingUp).toEqual({ partitions: 0, of: 0 });
    const asked = () => ward.get('/api/v1/patients', undefined);
    expect((await asked()).status).toBe(401);
    const token = await tokenOf();
    const listed = await json<PatientsResponse>(await ward.get('/api/v1/patients', token));
    expect(listed.catchingUp).toEqual({ partitions: 0, of: 0 });
    catchingUp = { partitions: 3, of: 12 };
    const beat = await client.next('heartbeat');
    expect(beat.catchingUp).toEqual({ partitions: 3, of: 12 });
    catchingUp = null;
    const next = await client.next('heartbeat', client.frames.length);
    expect(next.catchingUp).toBeNull();
  });

  it('are told how a patient left, and are shown a ward without the alerts that left as well', async () => {
    const one = restored('p1', [alert('left', 0)]);
    await ward.write({ restored: [one] });
    const [all, alertsOnly] = [await subscribe(), await subscribe({ values: false })];
    expect(all.of('snapshot')[0].alerts).toHaveLength(1);
    const from = [all.frames.length, alertsOnly.frames.length];
    await ward.write({ released: [one.patient] });
    expect(await all.next('discharged')).toEqual({
      type: 'discharged',
      patientId: 'p1',
      reason: 'elsewhere',
    });
    expect((await all.next('snapshot', from[0])).alerts).toEqual([]);
    expect((await alertsOnly.next('snapshot', from[1])).alerts).toEqual([]);
  });

  it('cannot act on an alert that left with its patient, and are told so at once', async () => {
    const one = restored('p1', [alert('acted', 0)]);
    await ward.write({ restored: [one] });
    const act = async () => {
      const path = '/api/v1/alerts/acted/actions';
      const response = await ward.post(path, { action: 'ACKNOWLEDGE' }, await tokenOf());
      return { status: response.status, body: await response.text() };
    };
    expect((await act()).status).toBe(202);
    await ward.write({ released: [one.patient] });
    catchingUp = { partitions: 1, of: 2 };
    expect((await act()).status).toBe(503);
    catchingUp = null;
    const refused = await act();
    expect(refused.status).toBe(404);
    expect(refused.body).toContain('its patient has left this server');
  });
});
