import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditTrail, type AuditTrailOptions, NOT_WRITTEN } from '../../../src/server/access/audit-trail.js';
import { type AuditSettings, serverConfigSchema } from '../../../src/settings/server.js';
import { auditOf } from '../../../src/store/audit.js';
import { alert, score } from '../../helpers.js';
import { openWard, stay, TestClient, tokenOf } from '../ward.js';
import { openPeople, type People } from './people.js';

let ward: People;
let directory: string;
beforeAll(async () => {
  ward = await openPeople();
  directory = mkdtempSync(join(tmpdir(), 'wardstream-audit-'));
});
afterAll(async () => {
  await ward.close();
  rmSync(directory, { recursive: true });
});

const WHO = { subject: 'nurse.joy', role: 'viewer' as const };
const HOUR_MS = 3_600_000;

/** The audit table out of reach, as for an account that has lost its grant, and there again. */
const takeAway = () => ward.store.command({ query: 'RENAME TABLE audit TO audit_away' });
const bringBack = () => ward.store.command({ query: 'RENAME TABLE audit_away TO audit' });

interface Told {
  readonly troubles: string[];
  readonly notices: string[];
}

function openTrail(
  settings: Partial<AuditSettings> = {},
  now = () => Date.now(),
): AuditTrail & { told: Told } {
  const told: Told = { troubles: [], notices: [] };
  const options: AuditTrailOptions = {
    store: ward.store,
    settings: { ...serverConfigSchema.parse({}).audit, ...settings },
    now,
    onTrouble: (message) => told.troubles.push(message),
    notices: {
      raise: ({ kind, priority }) => void told.notices.push(`${kind} ${priority}`),
      clear: (kind) => void told.notices.push(`${kind} over`),
    },
  };
  return Object.assign(new AuditTrail(options), { told });
}

const entriesOf = (action: string) => auditOf(ward.store, { limit: 5000, action });
const view = (trail: AuditTrail, action: string, patientId = 'p') =>
  trail.record(WHO, '127.0.0.1', { action, outcome: 'allowed', patientId });

describe('text that no column takes', () => {
  it('in an address or a frame stops nothing: it is written, and so is what comes after', async () => {
    const token = await tokenOf('viewer', ['*'], { subject: 'attacker' });
    // The last one holds a pair of surrogates, of which only the first is among the 200 characters of an id.
    for (const evil of ['%00', `${'x'.repeat(199)}%F0%9F%98%80`])
      await ward.get(`/api/v1/patients/${evil}?ward=${evil}&patientId=${evil}`, token);
    const client = new TestClient(ward.server.url, token);
    await client.next('hello');
    client.send('{"type":"subscribe","patients":["\\ud800","\\u0000"]}');
    expect((await client.closed).code).toBe(4400);
    await ward.get('/api/v1/patients?after=evil', token);
    await ward.get('/api/v1/audit', await tokenOf('admin'));
    const rows = await auditOf(ward.store, { limit: 100, actor: 'attacker' });
    expect(rows.map(({ action }) => action).sort()).toEqual([
      'list-patients',
      'view-patient',
      'view-patient',
    ]);
    expect(rows.every(({ detail }) => !/\p{Surrogate}/u.test(detail))).toBe(true);
  });

  it('of a lone surrogate in every field is written, and so is what comes with it', async () => {
    const trail = openTrail();
    const evil = '\ud83d';
    trail.record({ subject: evil, role: 'viewer' }, evil, {
      action: 'surrogate',
      outcome: 'allowed',
      patientId: evil,
      patients: [evil],
      wardId: evil,
      target: evil,
      detail: evil,
    });
    view(trail, 'surrogate');
    await trail.close();
    expect([trail.told.troubles, (await entriesOf('surrogate')).length]).toEqual([[], 2]);
  });
});

describe('an entry that the store refuses', () => {
  it('is set aside by itself', async () => {
    await ward.store.command({ query: `ALTER TABLE audit ADD CONSTRAINT picky CHECK patient_id != 'bad'` });
    const trail = openTrail();
    for (const patientId of ['p1', 'bad', 'p2']) view(trail, 'picky', patientId);
    await trail.close();
    await ward.store.command({ query: 'ALTER TABLE audit DROP CONSTRAINT picky' });
    expect(trail.told.troubles).toEqual([
      '1 entries of the audit trail are refused by the store and set aside with the dead letters',
    ]);
    expect((await entriesOf('picky')).map(({ patientId }) => patientId).sort()).toEqual(['p1', 'p2']);
  });
});

describe('an audit that cannot be written', () => {
  it('is alarmed after a minute, refuses views when it is full, and goes on when the store is back', async () => {
    let time = Date.now();
    const trail = openTrail({ maxWaiting: 5 }, () => time);
    await takeAway();
    view(trail, 'away');
    await trail.flush();
    expect([trail.told.troubles.length, trail.told.notices]).toEqual([1, []]);
    time += 61_000;
    await trail.flush();
    expect(trail.told.notices).toEqual([`${NOT_WRITTEN} HIGH`]);
    for (let each = 0; each < 3; each++) {
      trail.requireRoom();
      view(trail, 'away');
    }
    trail.requireRoom();
    view(trail, 'away');
    expect(() => trail.requireRoom()).toThrow('the audit trail cannot be written and is full');
    // What people do about alerts is still written down; what waits does not grow for ever.
    for (let each = 0; each < 20; each++) view(trail, 'away-action');
    expect(trail.waiting).toBe(10);
    await bringBack();
    await trail.flush();
    trail.requireRoom();
    expect(trail.told.notices).toEqual([`${NOT_WRITTEN} HIGH`, `${NOT_WRITTEN} over`]);
    await trail.close();
    expect((await entriesOf('away-action')).length).toBe(10);
    expect((await entriesOf('audit-lost')).map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^15 entries of the time since .* are lost$/),
    ]);
  });

  it('shows all and loses the oldest where that is set', async () => {
    const trail = openTrail({ maxWaiting: 5, whenFull: 'forget' });
    await takeAway();
    view(trail, 'forget');
    await trail.flush();
    for (let each = 0; each < 20; each++) {
      trail.requireRoom();
      view(trail, `forget`);
    }
    expect(trail.waiting).toBe(5);
    await bringBack();
    await trail.close();
    expect(await entriesOf('forget')).toHaveLength(5);
  });

  it('waits over a restart and a kill in its journal, each entry once', async () => {
    const journal = join(directory, 'journal.jsonl');
    await takeAway();
    const first = openTrail({ journal });
    view(first, 'restart', 'p1');
    view(first, 'restart', 'p2');
    // Not closed, as by kill -9: it is on the disk since the store has refused it.
    await first.flush();
    const second = openTrail({ journal });
    view(second, 'restart', 'p3');
    await second.close();
    await bringBack();
    const third = openTrail({ journal });
    view(third, 'restart', 'p4');
    await third.close();
    await openTrail({ journal }).close();
    expect((await entriesOf('restart')).map(({ patientId }) => patientId).sort()).toEqual([
      'p1',
      'p2',
      'p3',
      'p4',
    ]);
    await first.close();
    expect(await entriesOf('restart')).toHaveLength(4);
  });

  it('keeps people from looking at patients, never from alerts and what they do about them', async () => {
    const audit = { ...serverConfigSchema.parse({}).audit, maxWaiting: 3 };
    const other = await openWard(ward.store, { server: { audit } });
    await other.write({
      admitted: [stay('pw', 'W')],
      scores: [score(1, 0.5, { patientId: 'pw', wardId: 'W' })],
      alerts: [alert('aw', 0, { patientId: 'pw', wardId: 'W' })],
    });
    const token = await tokenOf('clinician', ['W'], { forMs: HOUR_MS });
    const open = new TestClient(other.server.url, token);
    await open.next('hello');
    open.send({ type: 'subscribe' });
    await open.next('snapshot');
    await takeAway();
    for (let each = 0; each < 3; each++) await other.get('/api/v1/patients', token);
    // The first insert fails half a second later.
    await expect.poll(async () => (await other.get('/api/v1/patients', token)).status).toBe(503);
    const refused = await other.get('/api/v1/patients/pw', token);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    const body = { action: 'ACKNOWLEDGE' };
    expect((await other.post('/api/v1/alerts/aw/actions', body, token)).status).toBe(202);
    expect((await other.get('/api/v1/session', token)).status).toBe(200);
    await other.write({
      alerts: [{ ...(await open.next('snapshot')).alerts[0], sequence: 1, state: 'ESCALATED' }],
    });
    expect((await open.next('alert')).alert.state).toBe('ESCALATED');
    const late = new TestClient(other.server.url, token);
    await late.next('hello');
    late.send({ type: 'subscribe' });
    expect((await late.closed).code).toBe(1013);
    open.socket.terminate();
    await bringBack();
    await other.close();
  });
});
