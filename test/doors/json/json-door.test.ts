import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TOPICS } from '../../../src/contract/topics.js';
import { openJsonDoor } from '../../../src/doors/json/json-door.js';
import { parseConfig } from '../../../src/settings/config.js';
import type { JsonDoorConfig } from '../../../src/settings/doors.js';
import { temporaryDirectory } from '../../helpers.js';
import { NOW, openDoor } from '../http-senders.js';

const TIME = '2026-01-14T10:10:00+01:00';
const HEART_RATE = { code: '8867-4', value: 80, unit: '/min' };
const item = (more: object = {}) => ({ patientId: 'p1', time: TIME, observations: [HEART_RATE], ...more });

async function open(settings: object = {}) {
  const [config] = parseConfig({ doors: [{ kind: 'json', name: 'lab', port: 0, ...settings }] })
    .doors as JsonDoorConfig[];
  const opened = await openDoor((context) => openJsonDoor(config, context));
  const post = async (what: string, body: string | Uint8Array, headers: Record<string, string> = {}) => {
    const response = await fetch(`${opened.url}/ingest/${what}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer mirth', ...headers },
      body: body as string,
    });
    const told = (await response.json()) as Record<string, unknown>;
    return { status: response.status, told, headers: response.headers };
  };
  const send = (items: unknown, headers?: Record<string, string>) =>
    post('observations', JSON.stringify(items), headers);
  const stream = (text: string) => post('observations', text, { 'content-type': 'application/x-ndjson' });
  return { ...opened, post, send, stream };
}

describe('JSON over HTTP', () => {
  it('answers once the log has the values', async () => {
    const { send, bus, meters } = await open();
    const lactate = { code: '2524-7', value: '<0.3', unit: 'mmol/L' };
    const { status, told } = await send([item({ observations: [HEART_RATE, lactate], specimenId: 'S1' })]);
    expect([status, told]).toEqual([
      200,
      {
        items: 1,
        accepted: 1,
        values: { used: 2, unmapped: 0, ignored: 0, rejected: 0 },
        refused: [],
        unmapped: [],
        untold: 0,
      },
    ]);
    const [vitals] = bus.vitals();
    expect(vitals).toMatchObject({
      patientId: 'p1',
      eventTime: Date.UTC(2026, 0, 14, 9, 10),
      source: 'mirth',
      observations: [{ code: '8867-4', value: 80, unit: '/min' }],
    });
    expect(bus.of(TOPICS.labs, 'LabResult')).toMatchObject([
      { specimenId: 'S1', observations: [{ code: '2524-7', value: 0.3, unit: 'mmol/L' }] },
    ]);
    expect(meters.senders()).toMatchObject([{ door: 'lab', sender: 'mirth', lagSeconds: 1200 }]);
  });

  it('has admissions and notes', async () => {
    const { post, bus } = await open();
    const admission = { patientId: 'p1', time: TIME, type: 'ADMIT', wardId: 'ICU', bedId: '5', ageYears: 66 };
    const note = { patientId: 'p1', time: TIME, noteType: 'nursing', text: 'On high flow oxygen.' };
    expect((await post('admissions', JSON.stringify(admission))).status).toBe(200);
    expect((await post('notes', JSON.stringify([note]))).status).toBe(200);
    expect(bus.of(TOPICS.adt, 'AdtEvent')).toMatchObject([
      { patientId: 'p1', type: 'ADMIT', wardId: 'ICU', bedId: '5', ageYears: 66, sex: null },
    ]);
    expect(bus.of(TOPICS.notes, 'ClinicalNote')).toMatchObject([{ text: note.text, language: 'en' }]);
  });

  it('says of each item what is wrong, and uses the others', async () => {
    const { send, bus } = await open();
    const { status, told } = await send([
      item(),
      item({ patientId: 'null' }),
      item({ time: '2026-01-14T10:10:00' }),
      item({ time: '2026-01-14' }),
      item({ time: '2026-01-14T12:00:00Z' }),
      item({
        observations: [HEART_RATE, { ...HEART_RATE, value: '80 to 90' }, { ...HEART_RATE, unit: 'kg' }],
      }),
      item({ observations: [{ code: 'SVR', value: 900, unit: 'dyn' }] }),
      item({ observations: [{ ...HEART_RATE, value: null }] }),
      { patientId: 'p1' },
      null,
    ]);
    expect(status).toBe(207);
    expect(told).toMatchObject({
      items: 10,
      accepted: 4,
      values: { used: 2, unmapped: 1, ignored: 1, rejected: 8 },
      unmapped: ['SVR'],
    });
    const refused = told.refused as { item: number; observation: number | null; reason: string }[];
    expect(refused.map(({ item: at, observation, reason }) => [at, observation, reason])).toEqual([
      [1, null, 'missing-id'],
      [2, null, 'unknown-time'],
      [3, null, 'unknown-time'],
      [4, null, 'future'],
      [5, 1, 'not-a-number'],
      [5, 2, 'unknown-unit'],
      [8, null, 'undecodable'],
      [9, null, 'undecodable'],
    ]);
    expect(bus.vitals()).toHaveLength(2);
    expect(bus.deadLetters()).toHaveLength(9);
    expect(bus.deadLetters().every(({ topic }) => topic === 'door:lab')).toBe(true);
    // The bytes stand in the first letter of an item.
    expect(bus.deadLetters().filter(({ raw }) => raw.length > 0)).toHaveLength(8);
  });

  it('says with 422 that nothing can be used', async () => {
    const { send } = await open();
    expect((await send([item({ patientId: '' })])).status).toBe(422);
    // A code that nobody knows is no fault of the item.
    expect((await send(item({ observations: [{ code: 'SVR', value: 900, unit: 'dyn' }] }))).status).toBe(200);
  });

  it('takes a resend without another message, in whatever batch', async () => {
    const { send, stream, bus, meters } = await open();
    const later = item({ time: '2026-01-14T10:11:00+01:00' });
    await send([item(), later]);
    await send([item({ time: '2026-01-14T09:10:00Z' })]);
    await stream(`${JSON.stringify(later)}\n${JSON.stringify(item())}`);
    expect(bus.vitals()).toHaveLength(2);
    expect(meters.senders()).toMatchObject([{ repeated: 3 }]);
  });

  it('answers a request under a known Idempotency-Key as before', async () => {
    const { send, bus } = await open();
    const headers = { 'idempotency-key': 'k1' };
    const first = await send([item(), item({ patientId: '' })], headers);
    const again = await send([item(), item({ patientId: '' })], headers);
    expect([again.status, again.told]).toEqual([first.status, first.told]);
    expect(bus.deadLetters()).toHaveLength(1);
    expect((await send([item()], headers)).status).toBe(422);
    expect((await send([item()], { ...headers, authorization: 'Bearer other' })).status).toBe(200);
  });

  it('acknowledges nothing that the log does not take, and takes it when it is sent again', async () => {
    const { send, bus, meters, warnings } = await open({ waitMs: 50 });
    const key = { 'idempotency-key': 'k1' };
    bus.work = () => Promise.reject(new Error('no room'));
    const refused = await send([item()], key);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    bus.work = () => new Promise(() => undefined);
    const late = await send([item({ patientId: 'p2' })]);
    expect([late.status, late.told.detail]).toEqual([
      503,
      'the log has not taken it for 50 ms; send it again',
    ]);
    expect(warnings).toHaveLength(2);
    expect(meters.cuts).toEqual([{ door: 'lab', reason: 'log', count: 2 }]);
    bus.work = async () => undefined;
    expect((await send([item()], key)).status).toBe(200);
    expect(bus.vitals()).toHaveLength(1);
  });

  it('holds no more requests than it is told to, also while the log stands still', async () => {
    const { send, bus } = await open({ waitMs: 20, maxRequests: 2 });
    let go = () => {};
    bus.work = () => new Promise((resolve) => (go = resolve));
    expect((await send([item()])).told.detail).toMatch(/has not taken it/);
    expect((await send([item({ patientId: 'p2' })])).told.detail).toMatch(/has not taken it/);
    const third = await send([item({ patientId: 'p3' })]);
    expect([third.status, third.told.detail]).toEqual([503, '2 requests wait for the log; try again']);
    go();
    bus.work = async () => undefined;
    await expect.poll(async () => (await send([item({ patientId: 'p3' })])).status).toBe(200);
  });

  it('reads a stream line by line', async () => {
    const { stream, bus } = await open({ maxBodyBytes: 2000 });
    const lines = Array.from({ length: 1200 }, (_, index) =>
      JSON.stringify(item({ patientId: `p${index}` })),
    );
    lines[3] = '{"patientId":';
    lines[4] = '';
    lines[5] = `"${'x'.repeat(3000)}"`;
    const { status, told } = await stream(lines.join('\r\n'));
    expect(status).toBe(207);
    expect(told).toMatchObject({ items: 1199, accepted: 1197 });
    expect(told.refused).toMatchObject([
      { item: 3, reason: 'undecodable', detail: 'the line is not JSON' },
      { item: 4, reason: 'oversized', detail: 'the line has more than 2000 bytes' },
    ]);
    expect(bus.vitals()).toHaveLength(1197);
    expect((await stream('\n\n')).status).toBe(400);
  });

  it('refuses what it cannot read, and what nobody may send', async () => {
    const { post, send, url, meters } = await open({ maxBodyBytes: 1000 });
    expect((await post('observations', '[{]')).told.detail).toBe('the body is not JSON');
    const latin = Buffer.from('[{"patientId":"Müller"}]', 'latin1');
    expect((await post('observations', latin)).told.detail).toBe('the body is not UTF-8');
    expect((await post('observations', '[]')).status).toBe(400);
    expect((await send([item({ patientId: 'x'.repeat(2000) })])).status).toBe(413);
    expect((await send([item()], { 'content-type': 'text/csv' })).status).toBe(415);
    expect((await post('everything', '[]')).status).toBe(404);
    const stranger = await send([item()], { authorization: 'none' });
    expect([stranger.status, stranger.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(stranger.headers.get('content-type')).toMatch(/application\/problem\+json/);
    expect((await fetch(`${url}/ingest/observations`)).status).toBe(401);
    const answers = meters.senders().flatMap(({ answers }) => [...answers]);
    expect(answers).toContainEqual(['413', 1]);
  });

  it('gives up a request of which nothing more comes', async () => {
    const { url, meters } = await open({ idleMs: 60 });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('POST /ingest/observations HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mirth\r\n');
    socket.write('Content-Type: application/json\r\nContent-Length: 500\r\n\r\n[{');
    await expect.poll(() => socket.closed).toBe(true);
    expect(meters.cuts).toEqual([{ door: 'lab', reason: 'idle', count: 1 }]);
    await expect.poll(() => meters.connections.get('lab')).toBe(0);
  });

  it('reads codes, units and times by the sender file', async () => {
    const sender = join(temporaryDirectory(), 'sender.yaml');
    writeFileSync(
      sender,
      JSON.stringify({
        timeZone: 'Europe/Berlin',
        codes: {
          KREA: { variable: 'creatinine', unit: 'umol/L' },
          'TMP^LAB7': { variable: 'temperature', unit: 'Cel', factor: 0.1 },
          ACVPU: { variable: 'gcs', unit: '{score}', values: { A: 15 } },
          XX: 'ignore',
        },
        units: { mmol: 'mmol/L' },
      }),
    );
    const { send, bus } = await open({ sender });
    const observations = [
      { code: 'KREA', value: 88 },
      { code: 'TMP', system: 'LAB7', value: 371 },
      { code: 'ACVPU', value: 'A' },
      { code: 'XX', value: 1 },
      { code: 'LOINC/2524-7', value: 1.5, unit: 'mmol' },
      { code: 'MDC_ECG_HEART_RATE', value: 71, unit: 'MDC_DIM_BEAT_PER_MIN' },
    ];
    const { status, told } = await send([item({ time: '2026-01-14 10:10', observations })]);
    expect([status, told.values]).toEqual([200, { used: 5, unmapped: 0, ignored: 1, rejected: 0 }]);
    const labs = bus.of(TOPICS.labs, 'LabResult').flatMap((record) => record.observations);
    expect(labs.map(({ value, unit }) => [value, unit])).toEqual([
      [88, 'umol/L'],
      [1.5, 'mmol/L'],
    ]);
    const [vitals] = bus.vitals();
    expect(vitals.observations.map(({ value }) => value)).toEqual([37.1, 15, 71]);
    expect(vitals.eventTime).toBe(NOW - 20 * 60_000);
  });
});
