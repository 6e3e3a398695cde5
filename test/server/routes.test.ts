import type { ClickHouseClient } from '@clickhouse/client';
import { encode as encodePng } from 'fast-png';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { NO_SOFA } from '../../src/clinical/sofa.js';
import { reasonCode } from '../../src/clinical/trust.js';
import { MONITOR_ALARM } from '../../src/contract/note-kinds.js';
import { NO_FORECASTS } from '../../src/contract/outcomes.js';
import type {
  AlertEventsResponse,
  AlertsResponse,
  ImagesResponse,
  NotesResponse,
  PatientResponse,
  PatientsResponse,
  Problem,
  ScoresResponse,
  Timeline,
} from '../../src/contract/protocol.js';
import { unusable } from '../../src/events/encoding.js';
import type { ObservationEvent } from '../../src/events/event.js';
import { endpointsOf } from '../../src/server/server.js';
import { alert, eventOf, imaging, note, START, score, vitals } from '../helpers.js';
import { documented, json, openTestStore, openWard, stay, type TestWard, tokenOf } from './ward.js';

const MINUTE_MS = 60_000;
const PNG = Buffer.from(
  encodePng({ width: 2, height: 2, data: new Uint8Array([0, 80, 160, 255]), channels: 1 }),
);

let store: Awaited<ReturnType<typeof openTestStore>>;
let ward: TestWard;
let token: string;

const vitalsAt = (minute: number, heartRate: number) =>
  eventOf(
    'vitals',
    vitals({ heartRate }, { messageId: `v${minute}`, eventTime: START + minute * MINUTE_MS }),
  ) as never;

const FINDING = {
  label: 'pneumonia',
  probability: 0.25,
  encoder: 'imaging-1',
  caution: 'trained on children; weight for adults not known',
};

beforeAll(async () => {
  store = await openTestStore();
  ward = await openWard(store.store);
  token = await tokenOf();
  const image = { image: PNG, uri: null, messageId: 'image-1', eventTime: START + 20 * MINUTE_MS };
  const seen = eventOf('imaging', imaging(image));
  seen.encoding = { embedding: null, finding: FINDING, flags: [], detail: '' };
  const refused = eventOf('imaging', imaging({ messageId: 'image-2' }));
  const leg = eventOf('imaging', imaging({ messageId: 'image-3', eventTime: START + MINUTE_MS }));
  leg.encoding = unusable('not-a-chest-radiograph', 'the header says description LOWER LEG');
  refused.encoding = unusable('uri-refused', 'not allowed');
  await ward.write({
    admitted: [stay('p1', 'W'), stay('p2', 'V')],
    observations: Array.from({ length: 30 }, (_, minute) => vitalsAt(minute, 60 + minute)),
    notes: [
      eventOf('notes', note('pt <b>intubated</b>', { eventTime: START + 10 * MINUTE_MS })) as never,
      eventOf(
        'notes',
        note('High priority: HR LOW', {
          messageId: 'alarm',
          noteType: MONITOR_ALARM,
          eventTime: START + 11 * MINUTE_MS,
        }),
      ) as never,
    ],
    images: [seen as never, refused as never, leg as never],
    scores: [score(5, 0.2), score(29, 0.6), score(29, 0.1, { patientId: 'p2', wardId: 'V' })],
    alerts: [
      alert('a1', 0, {
        contributions: { base: 0.1, structured: 0.3, text: null, image: null },
        evidence: [{ variable: 'heartRate', value: 130, unit: '/min', ageMs: 1000, effect: 0.1 }],
        eventTime: START + 29 * MINUTE_MS,
      }),
      alert('a1', 1, { eventTime: START + 30 * MINUTE_MS, state: 'ESCALATED' }),
      alert('a2', 0, { patientId: 'p2', wardId: 'V', priority: 'MEDIUM' }),
      alert('a3', 0, { state: 'RESOLVED', eventTime: START + 1 }),
    ],
  });
});

afterAll(async () => {
  await ward.close();
  await store.close();
});

describe('patients', () => {
  it('answers 400 of what is too long for an id, however long it is', async () => {
    for (const length of [201, 1500, 5000]) {
      const { status } = await ward.get(`/api/v1/patients/${'x'.repeat(length)}`, token);
      expect([length, status]).toEqual([length, 400]);
    }
  });

  it('lists them and shows one, with its open alerts', async () => {
    const { patients } = await json<PatientsResponse>(await ward.get('/api/v1/patients', token));
    expect(patients.map(({ patientId, mortality }) => [patientId, mortality])).toEqual([
      ['p1', 0.6],
      ['p2', 0.1],
    ]);
    const { patient, alerts } = await json<PatientResponse>(await ward.get('/api/v1/patients/p1', token));
    expect([patient.wardId, patient.mortalityTrend.toFixed(1)]).toEqual(['W', '0.4']);
    expect(alerts.map(({ alertId, state }) => [alertId, state])).toEqual([['a1', 'ESCALATED']]);
  });

  it('answers 404 for one who is not there', async () => {
    for (const rest of ['', '/timeline', '/notes', '/images', '/explanation']) {
      const response = await ward.get(`/api/v1/patients/nobody${rest}`, token);
      expect([rest, response.status]).toEqual([rest, 404]);
      expect(await json<Problem>(response)).toEqual({
        type: 'about:blank',
        status: 404,
        title: 'Not Found',
        detail: 'there is no such patient',
      });
    }
  });

  it('gives the course of a window: values, scores, notes, images and alerts', async () => {
    const timeline = await json<Timeline>(await ward.get('/api/v1/patients/p1/timeline?hours=1', token));
    const { heartRate } = timeline.variables;
    expect([timeline.source, timeline.to - timeline.from]).toEqual(['store', 3_600_000]);
    expect(heartRate).toMatchObject({ label: 'Heart rate', unit: '/min', kind: 'vital', decimals: 0 });
    expect(heartRate.times).toEqual(Array.from({ length: 30 }, (_, minute) => START + minute * MINUTE_MS));
    expect(heartRate.values).toEqual(Array.from({ length: 30 }, (_, minute) => 60 + minute));
    expect(heartRate.low).toBeUndefined();
    expect(timeline.scores.mortality).toEqual([0.2, 0.6]);
    expect(timeline.notes.map(({ eventTime, noteType }) => [eventTime, noteType])).toEqual([
      [START + 10 * MINUTE_MS, 'progress'],
    ]);
    expect(timeline.images.map(({ imageId, hasBytes }) => [imageId, hasBytes])).toEqual([
      ['image-2', false],
      ['image-3', false],
      ['image-1', true],
    ]);
    expect(timeline.alerts.map(({ alertId, sequence }) => `${alertId}.${sequence}`)).toEqual([
      'a3.0',
      'a1.0',
      'a1.1',
    ]);
  });

  it('thins a dense variable to means with their extremes', async () => {
    const path = '/api/v1/patients/p1/timeline?hours=1&points=10';
    const { heartRate } = (await json<Timeline>(await ward.get(path, token))).variables;
    expect(heartRate.times.length).toBeLessThanOrEqual(10);
    const [value, low, high] = [heartRate.values[1], heartRate.low?.[1] ?? 0, heartRate.high?.[1] ?? 0];
    expect(high - low).toBeGreaterThan(1);
    expect(value).toBe((low + high) / 2);
  });

  it('completes the store with what it does not have yet', async () => {
    const { view } = ward;
    const { recent } = view;
    recent.write({ observations: [vitalsAt(31, 99)], notes: [], images: [] } as never);
    await ward.write({ scores: [score(32, 0.6)] });
    const { heartRate } = (await json<Timeline>(await ward.get('/api/v1/patients/p1/timeline', token)))
      .variables;
    expect([heartRate.times.at(-1), heartRate.values.at(-1)]).toEqual([START + 31 * MINUTE_MS, 99]);
    expect(heartRate.times).toHaveLength(31);
  });

  it('shows note text as it is, as data', async () => {
    const { notes } = await json<NotesResponse>(await ward.get('/api/v1/patients/p1/notes', token));
    expect(notes.map(({ text, authorRole }) => [text, authorRole])).toEqual([
      ['pt <b>intubated</b>', 'nurse'],
    ]);
  });

  it('lists alarms of monitors apart from notes, from the store and from what it has not yet', async () => {
    const alarms = async () => {
      const path = `/api/v1/patients/p1/notes?kind=${MONITOR_ALARM}`;
      return (await json<NotesResponse>(await ward.get(path, token))).notes.map(({ text }) => text);
    };
    expect(await alarms()).toEqual(['High priority: HR LOW']);
    const at = { messageId: 'alarm-2', noteType: MONITOR_ALARM, eventTime: START + 12 * MINUTE_MS };
    const newer = eventOf('notes', note('SpO2 < 88 (start)', at));
    ward.view.recent.write({ observations: [], notes: [newer, newer], images: [] } as never);
    expect(await alarms()).toEqual(['SpO2 < 88 (start)', 'High priority: HR LOW']);
  });

  it('lists images and gives the bytes of one, with an ETag', async () => {
    const { images } = await json<ImagesResponse>(await ward.get('/api/v1/patients/p1/images', token));
    expect(images[0]).toMatchObject({ imageId: 'image-1', modality: 'DX', hasBytes: true, finding: FINDING });
    expect(images[0].problem).toBeNull();
    expect(images[1]).toMatchObject({
      finding: null,
      problem: 'not a frontal chest radiograph: the header says description LOWER LEG',
    });
    expect(images[2]).toMatchObject({ finding: null, problem: 'uri-refused: not allowed' });
    const response = await ward.get('/api/v1/patients/p1/images/image-1', token);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await response.arrayBuffer()).equals(PNG)).toBe(true);
    const etag = response.headers.get('etag') ?? '';
    const again = await fetch(response.url, {
      headers: { authorization: `Bearer ${token}`, 'if-none-match': etag },
    });
    expect(again.status).toBe(304);
    expect((await ward.get('/api/v1/patients/p1/images/image-2', token)).status).toBe(404);
    expect((await ward.get('/api/v1/patients/p2/images/image-1', token)).status).toBe(404);
  });

  it('says that it cannot explain where the model cannot', async () => {
    expect((await ward.get('/api/v1/patients/p1/explanation', token)).status).toBe(501);
  });

  it('gives scores of a window', async () => {
    const path = `/api/v1/scores?patientId=p1&to=${START + 10 * MINUTE_MS}`;
    const { scores } = await json<ScoresResponse>(await ward.get(path, token));
    expect(scores).toEqual([
      {
        eventTime: START + 5 * MINUTE_MS,
        modelVersion: 'v1',
        mortality: 0.2,
        risk: 0.2,
        ...NO_FORECASTS,
        news2: null,
        qsofa: null,
        sofa: NO_SOFA,
        states: [],
      },
    ]);
  });
});

describe('alerts', () => {
  const ids = async (query: string) =>
    (await json<AlertsResponse>(await ward.get(`/api/v1/alerts?${query}`, token))).alerts.map(
      ({ alertId }) => alertId,
    );

  it('lists the newest record of each, newest first, filtered', async () => {
    expect(await ids('')).toEqual(['a1', 'a3', 'a2']);
    expect(await ids('ward=V')).toEqual(['a2']);
    expect(await ids('state=ESCALATED')).toEqual(['a1']);
    expect(await ids('priority=MEDIUM')).toEqual(['a2']);
    expect(await ids('open=true')).toEqual(['a1', 'a2']);
    expect(await ids('open=false')).toEqual(['a3']);
    expect(await ids('patientId=p1')).toEqual(['a1', 'a3']);
  });

  it('pages', async () => {
    const seen: string[] = [];
    let after = '';
    for (;;) {
      const page = await json<AlertsResponse>(await ward.get(`/api/v1/alerts?limit=1${after}`, token));
      seen.push(...page.alerts.map(({ alertId }) => alertId));
      if (page.next === null) break;
      after = `&after=${page.next}`;
    }
    expect(seen).toEqual(['a1', 'a3', 'a2']);
    expect((await ward.get('/api/v1/alerts?after=nonsense', token)).status).toBe(400);
  });

  it('takes ids as they are read from Kafka, and refuses what is none', async () => {
    const status = async (path: string) => (await ward.get(`/api/v1/${path}`, token)).status;
    const ids = async (query: string) =>
      (await json<AlertsResponse>(await ward.get(`/api/v1/alerts?${query}`, token))).alerts.length;
    expect([await status('patients/%20p1%09'), await ids('patientId=%EF%BB%BFp1')]).toEqual([200, 2]);
    for (const id of ['p%001', 'p1%E2%80%AE', 'null', 'x'.repeat(201), 'p%EF%BF%BD']) {
      expect([id, await status(`patients/${id}`)]).toEqual([id, 400]);
      expect([id, await status(`alerts?patientId=${id}`)]).toEqual([id, 400]);
    }
  });

  it('tells what an alert went through', async () => {
    const { events } = await json<AlertEventsResponse>(await ward.get('/api/v1/alerts/a1/events', token));
    expect(events.map(({ state }) => state)).toEqual(['RAISED', 'ESCALATED']);
    expect((await ward.get('/api/v1/alerts/unheard-of/events', token)).status).toBe(404);
  });

  it('takes actions in the name of the token, and the same action with the same request id once', async () => {
    const snooze = { action: 'SNOOZE', minutes: 20, reason: 'in theatre', requestId: 'r1' };
    for (let time = 0; time < 2; time++) {
      expect((await ward.post('/api/v1/alerts/a1/actions', snooze, token)).status).toBe(202);
    }
    expect((await ward.post('/api/v1/alerts/a1/actions', { action: 'ACKNOWLEDGE' }, token)).status).toBe(202);
    const [first, second, third] = await ward.acknowledgements();
    expect(first).toMatchObject({
      actor: 'dr.who',
      action: 'SNOOZE',
      snoozeMs: 1_200_000,
      reason: 'in theatre',
    });
    expect(second.messageId).toBe(first.messageId);
    expect([third.action, third.actor, third.alertId]).toEqual(['ACKNOWLEDGE', 'dr.who', 'a1']);
  });

  it('refuses actions that say too little, too much, or name the actor', async () => {
    for (const body of [
      {},
      { action: 'SNOOZE', minutes: 20 },
      { action: 'SNOOZE', minutes: 0, reason: 'x' },
      { action: 'COMMENT' },
      { action: 'ACKNOWLEDGE', actor: 'someone else' },
      { action: 'DANCE' },
    ]) {
      const response = await ward.post('/api/v1/alerts/a1/actions', body, token);
      expect([body, response.status]).toEqual([body, 400]);
    }
    expect((await ward.post('/api/v1/alerts/a3/actions', { action: 'ACKNOWLEDGE' }, token)).status).toBe(404);
  });
});

describe('what is answered', () => {
  it('is what the API documents say, and nothing more', async () => {
    for (const { method, path, response } of endpointsOf({ config: {}, model: {} } as never)) {
      if (method !== 'GET' || !(response instanceof z.ZodType)) continue;
      const at = path.replace(':patientId', 'p1').replace(':alertId', 'a1');
      const answer = await ward.get(`${at}?patientId=p1`, token);
      if (answer.ok) documented(response, await answer.json());
      else expect([path, answer.status]).toEqual([path, path.includes('explanation') ? 501 : 404]);
    }
  });
});

describe('an export', () => {
  const read = async (path: string) => (await ward.get(`/api/v1/export/${path}`, token)).text();

  it('has a row a score, record or value of the window, with names', async () => {
    const [names, ...rows] = (await read(`scores?patientId=p1&to=${START + 10 * MINUTE_MS}`))
      .trim()
      .split('\n');
    expect(names.split(',').slice(0, 3)).toEqual(['"patient_id"', '"stay_id"', '"ward_id"']);
    expect(rows).toEqual([
      '"p1","p1@s","W","2026-01-01 00:05:00.000","v1",0.2,,,,,,,,false,"","","","","",,,,,,,,0.2',
    ]);
    expect((await read('observations?patientId=p1')).trim().split('\n')).toHaveLength(31);
    expect((await read('alerts?ward=V')).trim().split('\n')).toHaveLength(2);
  });

  it('is Arrow or Parquet where asked for, with a name to save it under', async () => {
    const parquet = await ward.get('/api/v1/export/scores?format=parquet', token);
    expect(parquet.headers.get('content-disposition')).toBe('attachment; filename="scores.parquet"');
    const bytes = Buffer.from(await parquet.arrayBuffer());
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    const rows = await parquetReadObjects({ file: buffer as ArrayBuffer, compressors });
    expect(rows.map(({ mortality }) => mortality).sort()).toEqual([0.1, 0.2, 0.6, 0.6]);
    const arrow = Buffer.from(
      await (await ward.get('/api/v1/export/alerts?format=arrow', token)).arrayBuffer(),
    );
    // An IPC stream begins with the continuation marker of its schema message.
    expect(arrow.readUInt32LE(0)).toBe(0xffffffff);
    expect((await ward.get('/api/v1/export/scores?format=xls', token)).status).toBe(400);
    expect((await ward.get('/api/v1/export/secrets', token)).status).toBe(400);
  });
});

describe('the rest', () => {
  it('names the models, and that there is no replay', async () => {
    const { models } = await json<{ models: { version: string; card: string | null }[] }>(
      await ward.get('/api/v1/models', token),
    );
    expect(models.length).toBeGreaterThan(0);
    expect(models.at(-1)?.card).toContain('#');
    expect((await ward.get('/api/v1/replay', token)).status).toBe(404);
  });

  it('tells what is not used apart, with its reason, from the store and from what came after that', async () => {
    const marked = (minute: number, value: number, reason: string) => {
      const event = vitalsAt(minute, value) as ObservationEvent;
      event.verdicts = Uint8Array.of(reasonCode(reason));
      return event;
    };
    const later = marked(35, 0, 'maybe-arrest');
    await ward.write({ observations: [marked(33, 300, 'jump')] });
    ward.view.recent.write({ observations: [later], notes: [], images: [] } as never);
    await ward.write({ scores: [score(36, 0.6)] });
    const timeline = await json<Timeline>(await ward.get('/api/v1/patients/p1/timeline', token));
    expect(timeline.doubted).toEqual([
      { variable: 'heartRate', at: START + 33 * MINUTE_MS, value: 300, verdict: 'doubted', reason: 'jump' },
      {
        variable: 'heartRate',
        at: START + 35 * MINUTE_MS,
        value: 0,
        verdict: 'doubted',
        reason: 'maybe-arrest',
      },
    ]);
    expect(timeline.variables.heartRate.values).not.toContain(300);
    expect(timeline.variables.heartRate.values).not.toContain(0);
  });

  it('goes on with the live timeline where the store is away', async () => {
    const away = { query: () => Promise.reject(new Error('away')) } as unknown as ClickHouseClient;
    const { History } = await import('../../src/server/history.js');
    const patient = stay('p9', 'W');
    patient.timeline.record(0, 0, 77, START + MINUTE_MS);
    await ward.view.write({ ...(await import('../helpers.js')).outputsOf({ admitted: [patient] }) });
    const history = new History(away, ward.view);
    await expect(history.alerts({ limit: 1 })).rejects.toMatchObject({ status: 503 });
    await expect(history.lastPlaceOf('p1')).rejects.toMatchObject({ status: 503 });
    const window = { from: START, to: START + 3_600_000 };
    const timeline = await history.timeline('p9', window, 100);
    expect([timeline.source, timeline.variables.heartRate?.values]).toEqual(['live', [77]]);
  });
});
