import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { auditSchema } from '../../../src/contract/schemas.js';
import { alert, score } from '../../helpers.js';
import { json, stay, TestClient, tokenOf } from '../ward.js';
import { ABOUT, openPeople, type People, send } from './people.js';

type AuditResponse = z.infer<typeof auditSchema>;

let ward: People;
beforeAll(async () => {
  ward = await openPeople();
});
afterAll(() => ward.close());

const entriesOf = async (from: People, query: string) =>
  (await json<AuditResponse>(await from.get(`/api/v1/audit?${query}`, await tokenOf('admin')))).entries;

describe('the audit trail', () => {
  it('has every view and every action: who, what, when, from where, and how it ended', async () => {
    const token = await tokenOf('clinician', ['W'], { subject: 'nurse.joy' });
    for (const [method, path, body] of ABOUT) {
      await (
        await send(ward, method, path.replaceAll('$', 'w').replace('€', '$'), token, body)
      ).arrayBuffer();
    }
    await ward.get('/api/v1/patients/pv', token);
    const client = new TestClient(ward.server.url, token);
    await client.next('hello');
    client.send({ type: 'subscribe', wards: ['W'] });
    await client.next('snapshot');
    client.socket.terminate();
    const entries = await entriesOf(ward, 'actor=nurse.joy');
    const brief = entries.map(({ action, patientId, outcome }) => `${action} ${patientId} ${outcome}`);
    for (const expected of [
      'view-patient pw allowed',
      'view-timeline pw allowed',
      'view-notes pw allowed',
      'view-images pw allowed',
      'view-image pw refused',
      'view-scores pw allowed',
      'view-alert pw allowed',
      'alert-comment pw allowed',
      'fhir-flag pw allowed',
      'view-patient pv refused',
      'subscribe  allowed',
    ]) {
      expect(brief).toContain(expected);
    }
    expect(new Set(entries.map(({ source }) => source))).toEqual(new Set(['127.0.0.1']));
    expect(entries.every(({ at }) => Math.abs(at - Date.now()) < 60_000)).toBe(true);
  });

  it('is asked by patient, actor and action', async () => {
    const about = await entriesOf(ward, 'patientId=pw&action=view-notes');
    expect(about.length).toBeGreaterThan(0);
    expect(new Set(about.map(({ action }) => action))).toEqual(new Set(['view-notes']));
  });
});

describe('who saw whom', () => {
  it('is answered for lists, searches, exports and what is pushed', async () => {
    const token = await tokenOf('clinician', ['W'], { subject: 'dr.list' });
    for (const path of [
      '/api/v1/patients',
      '/api/v1/alerts',
      '/fhir/Flag',
      '/fhir/RiskAssessment',
      '/api/v1/export/scores?format=csv',
      '/api/v1/export/alerts?format=parquet',
    ])
      await (await ward.get(path, token)).arrayBuffer();
    const client = new TestClient(ward.server.url, token);
    await client.next('hello');
    client.send({ type: 'subscribe', wards: ['W'], values: false });
    await client.next('snapshot');
    client.socket.terminate();
    const rows = await entriesOf(ward, 'patientId=pw&actor=dr.list');
    expect(rows.map(({ action }) => action).sort()).toEqual([
      'export',
      'export',
      'fhir-flag',
      'fhir-risk',
      'list-alerts',
      'list-patients',
      'subscribe',
    ]);
    expect(await entriesOf(ward, 'patientId=pv&actor=dr.list')).toEqual([]);
  });

  it('has a row of each patient who enters what a client is shown, once, and again when they come back', async () => {
    const subjects = ['dr.first', 'dr.second'];
    const clients: TestClient[] = [];
    for (const subject of subjects) {
      const client = new TestClient(ward.server.url, await tokenOf('viewer', ['E'], { subject }));
      await client.next('hello');
      client.send({ type: 'subscribe', wards: ['E'] });
      await client.next('snapshot');
      clients.push(client);
    }
    const enter = async (minute: number) => {
      const seen = clients.map(({ frames }) => frames.length);
      await ward.write({
        admitted: [stay('late', 'E')],
        scores: [score(minute, 0.5, { patientId: 'late', wardId: 'E' })],
      });
      for (const [at, client] of clients.entries()) await client.next('patients', seen[at]);
      await ward.write({ scores: [score(minute + 1, 0.6, { patientId: 'late', wardId: 'E' })] });
    };
    await enter(2);
    for (const client of clients) await client.next('heartbeat', client.frames.length);
    await ward.write({ discharged: [stay('late', 'E')] });
    for (const client of clients) await client.next('discharged');
    await enter(10);
    const later = new TestClient(ward.server.url, await tokenOf('viewer', ['E'], { subject: 'dr.later' }));
    await later.next('hello');
    later.send({ type: 'subscribe', wards: ['E'] });
    await later.next('snapshot');
    for (const client of [...clients, later]) await client.close();
    const by = async (actor: string) =>
      (await entriesOf(ward, `patientId=late&actor=${actor}`)).map(({ action, patients }) => [
        action,
        patients,
      ]);
    for (const subject of subjects)
      expect(await by(subject)).toEqual([
        ['push', ['late']],
        ['push', ['late']],
      ]);
    // With who is of no known ward, whom every ward is shown.
    expect(await by('dr.later')).toEqual([['subscribe', ['nowhere', 'late']]]);
  });

  it('has a patient of whom only an alert was pushed', async () => {
    const client = new TestClient(ward.server.url, await tokenOf('viewer', ['A'], { subject: 'dr.alert' }));
    await client.next('hello');
    client.send({ type: 'subscribe', wards: ['A'], values: false });
    await client.next('snapshot');
    for (const each of ['a1', 'a2'])
      await ward.write({ alerts: [alert(each, 0, { patientId: 'alone', wardId: 'A' })] });
    await expect.poll(() => client.of('alert').length).toBe(2);
    await client.close();
    const rows = await entriesOf(ward, 'patientId=alone&actor=dr.alert');
    expect(rows.map(({ action }) => action)).toEqual(['push']);
  });
});

describe('what a request says', () => {
  it('never becomes a column: only who and what is known here does', async () => {
    const token = await tokenOf('viewer', ['*'], { subject: 'forger' });
    for (const path of [
      '/api/v1/patients?patientId=victim&ward=forged&alertId=forged',
      '/api/v1/patients/pw?patientId=victim&imageId=forged',
      '/api/v1/patients/victim',
      '/api/v1/alerts?patientId=victim&ward=forged',
      '/fhir/Flag?patient=victim',
      '/fhir/RiskAssessment?subject=victim',
      '/api/v1/alerts/victim/events',
      '/api/v1/scores?patientId=victim',
    ])
      await (await ward.get(path, token)).arrayBuffer();
    const rows = await entriesOf(ward, 'actor=forger');
    expect(rows).toHaveLength(8);
    for (const { patientId, patients, wardId, target } of rows)
      expect(JSON.stringify({ patientId, patients, wardId, target })).not.toMatch(/victim|forged/);
    expect(await entriesOf(ward, 'patientId=victim')).toEqual([]);
    // What was asked for is kept, in one text.
    expect(rows.some(({ detail }) => detail === '{"patientId":"victim"}')).toBe(true);
    expect(rows.filter(({ patientId }) => patientId === 'pw')).toMatchObject([
      { action: 'view-patient', wardId: 'W' },
    ]);
  });
});

describe('refused access', () => {
  it('without a valid token leaves a row, and a flood of it two a minute', async () => {
    const before = (await entriesOf(ward, 'action=access')).length;
    for (let each = 0; each < 30; each++) await ward.get(`/api/v1/patients/${each}`, 'no.valid.token');
    const client = new TestClient(ward.server.url, 'no.valid.token');
    await client.closed;
    const rows = await entriesOf(ward, 'action=access');
    expect(rows).toHaveLength(before + 1);
    expect(rows[0]).toMatchObject({
      actor: '',
      outcome: 'refused',
      source: '127.0.0.1',
      target: 'GET /api/v1/patients/:patientId',
      detail: '401: the token is not valid',
    });
  });

  it('by role, by ward, and to a WebSocket leaves a row', async () => {
    const token = await tokenOf('viewer', ['W'], { subject: 'nosy' });
    await ward.get('/api/v1/audit', token);
    await ward.get('/api/v1/export/scores', token);
    await ward.get('/api/v1/patients/pv', token);
    const client = new TestClient(ward.server.url, token);
    await client.next('hello');
    client.send({ type: 'subscribe', wards: ['V'] });
    expect((await client.closed).code).toBe(4403);
    const other = new TestClient(ward.server.url, token);
    await other.next('hello');
    other.send({ type: 'authenticate', token: await tokenOf('viewer', ['V'], { subject: 'someone else' }) });
    expect((await other.closed).code).toBe(4401);
    const rows = (await entriesOf(ward, 'actor=nosy')).map((each) => [
      each.action,
      each.patientId,
      each.outcome,
      each.detail,
    ]);
    expect(rows.sort()).toEqual([
      ['export', '', 'refused', ''],
      ['query-audit', '', 'refused', ''],
      ['subscribe', '', 'refused', '4401: the token is of someone else'],
      ['subscribe', '', 'refused', '4403: the token does not include ward V'],
      ['view-patient', 'pv', 'refused', '{"patientId":"pv"}'],
    ]);
  });
});
