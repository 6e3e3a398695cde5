import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AlertPolicy } from '../../src/alerts/policy.js';
import type { PatientState } from '../../src/align/patient.js';
import type { AdtMessage, AdtType } from '../../src/contract/messages.js';
import type { AlertsResponse, PatientsResponse } from '../../src/contract/protocol.js';
import { decide } from '../../src/engine/decide.js';
import { emptyOutputs, factsOf, type Score } from '../../src/engine/outputs.js';
import { adt, START, score } from '../helpers.js';
import { json, openTestStore, openWard, stay, TestClient, type TestWard, tokenOf } from './ward.js';

const MINUTE = 60_000;
const RULE = {
  id: 'risk-high',
  signal: 'mortality',
  priority: 'HIGH',
  raiseAt: 0.5,
  resolveBelow: 0.4,
  holdMs: 0,
  refractoryMs: 0,
  escalateAfterMs: 600 * MINUTE,
} as const;

let store: Awaited<ReturnType<typeof openTestStore>>;
let ward: TestWard;
let policy: AlertPolicy;
const clients: TestClient[] = [];

beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.close());
beforeEach(async () => {
  ward = await openWard(store.store);
  policy = new AlertPolicy([RULE], 'v1', MINUTE);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.terminate();
  await ward.close();
});

let number = 0;
/** A patient whom no test has used before, admitted as the engine admits. */
async function admitted(wardId: string | null): Promise<PatientState> {
  const patient = stay(`mover-${number++}`, wardId);
  const outputs = emptyOutputs();
  decide(policy, { kind: 'admitted', facts: factsOf(patient) }, outputs, () => Number.POSITIVE_INFINITY);
  await ward.write(outputs);
  return patient;
}

/** A score of the patient, as the engine hands it on, with what the policy makes of it. */
async function scored(patient: PatientState, minute: number, mortality: number): Promise<void> {
  const { patientId, stayId, wardId, bedId } = patient;
  const outputs = emptyOutputs();
  const one: Score = score(minute, mortality, { patientId, stayId, wardId, bedId });
  decide(policy, { kind: 'score', score: one, partition: 0 }, outputs, () => Number.POSITIVE_INFINITY);
  await ward.write(outputs);
}

/** An ADT message about the patient, likewise. */
async function told(patient: PatientState, type: AdtType, minute: number, what: Partial<AdtMessage>) {
  const eventTime = START + minute * MINUTE;
  patient.lastEventAt = Math.max(patient.lastEventAt, eventTime);
  patient.updateFrom(adt(type, { ...what, eventTime, messageId: `move-${number++}` }));
  const outputs = emptyOutputs();
  decide(policy, { kind: 'updated', facts: factsOf(patient) }, outputs, () => Number.POSITIVE_INFINITY);
  await ward.write(outputs);
}

async function watching(wards: readonly string[], more: object = {}): Promise<TestClient> {
  const client = new TestClient(ward.server.url, await tokenOf('clinician', wards));
  clients.push(client);
  await client.next('hello');
  client.send({ type: 'subscribe', wards, ...more });
  await client.next('snapshot');
  return client;
}

/** The frames about alerts so far, in order, once everything sent has come. */
async function alertsSeen(client: TestClient, wards: readonly string[]): Promise<string[]> {
  const from = client.frames.length;
  const seen = client.frames.slice();
  client.send({ type: 'subscribe', wards });
  await client.next('snapshot', from);
  const all = [...seen, ...client.frames.slice(from)];
  return all.flatMap((frame) =>
    frame.type === 'alert'
      ? [`${frame.alert.state} in ${frame.alert.wardId}/${frame.alert.bedId}`]
      : frame.type === 'withdrawn'
        ? ['withdrawn']
        : [],
  );
}

const idsOf = async (path: string, wards: readonly string[]) => {
  const body = await json<AlertsResponse>(await ward.get(path, await tokenOf('clinician', wards)));
  return body.alerts.map(({ alertId }) => alertId);
};
const flagsOf = async (wards: readonly string[], patientId: string) => {
  const path = `/fhir/Flag?status=active&patient=${patientId}`;
  const body = await json<{ entry?: object[] }>(await ward.get(path, await tokenOf('viewer', wards)));
  return body.entry?.length ?? 0;
};

describe('after a transfer', () => {
  it('the old ward sees patient and alert leave, the new ward sees both, with the bed of now, and the end of it', async () => {
    const patient = await admitted('W');
    const { patientId } = patient;
    const [old, next] = [await watching(['W']), await watching(['V'])];
    await scored(patient, 1, 0.7);
    const { alertId } = (await old.next('alert')).alert;
    await told(patient, 'TRANSFER', 5, { wardId: 'V', bedId: '9' });
    expect(await old.next('discharged')).toMatchObject({ patientId, reason: 'moved' });
    expect(await old.next('withdrawn')).toMatchObject({ alertId, patientId });
    expect((await next.next('alert')).alert).toMatchObject({
      alertId,
      sequence: 1,
      state: 'RAISED',
      wardId: 'V',
      bedId: '9',
      raisedWardId: 'W',
      raisedBedId: '1',
      leftWardId: 'W',
    });
    expect((await next.next('patients')).patients).toMatchObject([{ patientId, wardId: 'V', bedId: '9' }]);

    // HTTP and FHIR, with tokens of one ward each.
    expect(await idsOf('/api/v1/alerts?open=true', ['V'])).toEqual([alertId]);
    expect(await idsOf('/api/v1/alerts?open=true', ['W'])).toEqual([]);
    expect([await flagsOf(['V'], patientId), await flagsOf(['W'], patientId)]).toEqual([1, 0]);
    for (const [wards, status] of [
      [['V'], 200],
      [['W'], 404],
    ] as const) {
      const token = await tokenOf('clinician', wards);
      for (const path of [
        `/api/v1/patients/${patientId}`,
        `/api/v1/patients/${patientId}/timeline`,
        `/api/v1/alerts/${alertId}/events`,
        `/fhir/Flag/${alertId}`,
      ]) {
        expect([path, (await ward.get(path, token)).status]).toEqual([path, status]);
      }
    }
    const acknowledge = { action: 'ACKNOWLEDGE' };
    const act = async (wards: readonly string[]) =>
      (await ward.post(`/api/v1/alerts/${alertId}/actions`, acknowledge, await tokenOf('clinician', wards)))
        .status;
    expect([await act(['W']), await act(['V'])]).toEqual([404, 202]);

    await scored(patient, 10, 0.1);
    expect(await alertsSeen(next, ['V'])).toEqual(['RAISED in V/9', 'RESOLVED in V/9']);
    expect(await alertsSeen(old, ['W'])).toEqual(['RAISED in W/1', 'withdrawn']);
  });

  it('who was away meanwhile is told the same on resuming, and whoever sees both wards only the records', async () => {
    const patient = await admitted('W');
    await scored(patient, 1, 0.7);
    const { cursor } = ward.view.log;
    await told(patient, 'TRANSFER', 5, { wardId: 'V', bedId: '9' });
    await scored(patient, 10, 0.1);
    const seen = async (wards: readonly string[]) =>
      alertsSeen(await watching(wards, { resumeFrom: cursor }), wards);
    expect(await seen(['W'])).toEqual(['withdrawn']);
    expect(await seen(['V'])).toEqual(['RAISED in V/9', 'RESOLVED in V/9']);
    expect(await seen(['W', 'V'])).toEqual(['RAISED in V/9', 'RESOLVED in V/9']);
    expect(await seen(['U'])).toEqual([]);
  });

  it('to another bed the ward keeps the alert, under the bed of now', async () => {
    const [one, other] = [await admitted('W'), await admitted('W')];
    await told(other, 'TRANSFER', 0, { bedId: '2' });
    for (const patient of [one, other]) await scored(patient, 1, 0.7);
    const client = await watching(['W']);
    await told(one, 'TRANSFER', 2, { bedId: '2' });
    await told(other, 'TRANSFER', 2, { bedId: '1' });
    const mine = [one, other].map(({ patientId }) => patientId);
    const token = await tokenOf('viewer', ['W']);
    const { alerts } = await json<AlertsResponse>(await ward.get('/api/v1/alerts?open=true', token));
    expect(
      alerts
        .filter(({ patientId }) => mine.includes(patientId))
        .map(({ patientId, bedId }) => [patientId, bedId])
        .sort(),
    ).toEqual([
      [one.patientId, '2'],
      [other.patientId, '1'],
    ]);
    expect(await alertsSeen(client, ['W'])).toEqual(['RAISED in W/2', 'RAISED in W/1']);
    for (const patient of [one, other]) await scored(patient, 9, 0.1);
  });
});

describe('a patient whose ward is not known', () => {
  it('is shown to every ward, with what is open of theirs, until it is known', async () => {
    const patient = await admitted(null);
    const { patientId } = patient;
    const clients = { W: await watching(['W']), V: await watching(['V']) };
    await scored(patient, 0.5, 0.7);
    await scored(patient, 2, 0.7);
    for (const name of ['W', 'V'] as const) {
      const client = clients[name];
      expect((await client.next('patients')).patients).toMatchObject([
        { patientId, wardId: null, placeUnknown: true },
      ]);
      expect((await client.next('alert')).alert).toMatchObject({ patientId, wardId: null });
      const token = await tokenOf('clinician', [name]);
      const { patients } = await json<PatientsResponse>(await ward.get('/api/v1/patients', token));
      expect(patients.map((each) => each.patientId)).toContain(patientId);
      expect((await ward.get(`/api/v1/patients/${patientId}`, token)).status).toBe(200);
      const notices = await json<AlertsResponse>(
        await ward.get('/api/v1/alerts?open=true&class=technical', token),
      );
      expect(notices.alerts).toMatchObject([
        { rule: 'place-unknown', patientId, priority: 'MEDIUM', wardId: null },
      ]);
    }
    await told(patient, 'ADMIT', 3, { wardId: 'V', bedId: '4', ageYears: 77, sex: 'FEMALE' });
    expect(await clients.W.next('discharged')).toMatchObject({ patientId });
    expect(await alertsSeen(clients.W, ['W'])).toEqual([
      'RAISED in null/1',
      'RAISED in null/null',
      'withdrawn',
      'RESOLVED in null/null',
    ]);
    expect(await alertsSeen(clients.V, ['V'])).toEqual([
      'RAISED in null/1',
      'RAISED in null/null',
      'RAISED in V/4',
      'RESOLVED in null/null',
    ]);
    const token = await tokenOf('clinician', ['V']);
    const { patients } = await json<PatientsResponse>(await ward.get('/api/v1/patients', token));
    expect(patients.find((each) => each.patientId === patientId)).toMatchObject({
      wardId: 'V',
      bedId: '4',
      placeUnknown: false,
      ageYears: 77,
      sex: 'FEMALE',
    });
    expect((await ward.get(`/api/v1/patients/${patientId}`, await tokenOf('viewer', ['W']))).status).toBe(
      404,
    );
    expect(await idsOf('/api/v1/alerts?open=true&class=technical', ['V'])).toEqual([]);
    await scored(patient, 10, 0.1);
  });
});

describe('two stays that touch', () => {
  it('leave the patient on the page, in the ward of the second', async () => {
    const patient = await admitted('W');
    const { patientId } = patient;
    const old = await watching(['W']);
    const again = stay(patientId, 'V', '7');
    Object.assign(again, { stayId: `${patientId}@again` });
    await ward.write({ discharged: [patient], admitted: [again] });
    expect(await old.next('discharged')).toMatchObject({ patientId });
    const { patients } = await json<PatientsResponse>(
      await ward.get('/api/v1/patients', await tokenOf('viewer', ['V'])),
    );
    expect(patients.filter((each) => each.patientId === patientId)).toMatchObject([
      { wardId: 'V', bedId: '7' },
    ]);
  });
});
