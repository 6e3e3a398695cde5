import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TOPICS } from '../../../src/contract/topics.js';
import { openFhirDoor } from '../../../src/doors/fhir/fhir-door.js';
import { parseConfig } from '../../../src/settings/config.js';
import type { FhirDoorConfig } from '../../../src/settings/doors.js';
import { openDoor } from '../http-senders.js';
import { bundle, observation } from './resources.js';

const TOKEN = { authorization: 'Bearer gateway' };
const FHIR = { ...TOKEN, 'content-type': 'application/fhir+json; charset=UTF-8; fhirVersion=4.0' };

async function open(settings: object = {}) {
  const [config] = parseConfig({ doors: [{ kind: 'fhir', port: 0, name: 'ehr', ...settings }] }).doors;
  const opened = await openDoor((context) => openFhirDoor(config as FhirDoorConfig, context));
  const post = async (
    path: string,
    body: unknown,
    headers: Record<string, string> = FHIR,
    method = 'POST',
  ) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(`${opened.url}${path}`, { method, headers, body: text });
    const answer = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: answer === '' ? null : JSON.parse(answer),
    };
  };
  return { ...opened, post };
}

describe('the door', () => {
  it('answers once the log has it', async () => {
    const { post, bus, meters } = await open();
    let release: () => void = () => undefined;
    let isHeld = false;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    bus.work = () => {
      isHeld = true;
      return held;
    };
    let isAnswered = false;
    const answer = post('/fhir/Observation', observation({ id: 'o1' })).then((each) => {
      isAnswered = true;
      return each;
    });
    await expect.poll(() => isHeld).toBe(true);
    expect(meters.connections.get('ehr')).toBe(1);
    expect(isAnswered).toBe(false);
    release();
    const { status, headers, body } = await answer;
    expect([status, headers.get('location'), headers.get('content-type')]).toEqual([
      201,
      '/fhir/Observation/o1',
      'application/fhir+json; charset=utf-8',
    ]);
    expect(body).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ severity: 'information' }] });
    expect(bus.vitals()).toMatchObject([{ patientId: 'p1', source: 'gateway' }]);
  });

  it('takes what is sent again without a second message', async () => {
    const { post, bus, meters } = await open();
    for (const id of ['a', 'b']) await post(`/fhir/Observation/${id}`, observation(), FHIR, 'PUT');
    expect(bus.vitals()).toHaveLength(1);
    const [sender] = meters.senders();
    expect([sender.sender, sender.repeated, sender.values.used]).toEqual(['gateway', 1, 2]);
  });

  it('brings a transaction to the log, admissions first', async () => {
    const { post, bus } = await open();
    const patient = { resourceType: 'Patient', id: 'p1', gender: 'female' };
    const { status, body } = await post('/fhir', bundle('transaction', [observation(), patient]));
    expect([status, body.type]).toEqual([200, 'transaction-response']);
    expect(bus.produced.map(({ topic }) => topic)).toEqual([TOPICS.adt, TOPICS.vitals]);
  });

  it('keeps what cannot be used with its own bytes', async () => {
    const { post, bus } = await open();
    const bad = observation({ id: 'bad', valueQuantity: { value: 82 } });
    expect((await post('/fhir/Observation', bad)).status).toBe(422);
    expect((await post('/fhir', bundle('batch', [observation(), { ...bad, id: 'worse' }]))).status).toBe(200);
    expect((await post('/fhir', '{"resourceType": "Observation"')).status).toBe(400);
    const letters = bus.deadLetters();
    expect(letters.map(({ topic, reason }) => [topic, reason])).toEqual([
      ['door:ehr', 'unknown-unit'],
      ['door:ehr', 'unknown-unit'],
      ['door:ehr', 'undecodable'],
    ]);
    expect(letters[0].raw.toString()).toBe(JSON.stringify(bad));
    expect(JSON.parse(letters[1].raw.toString()).resource.id).toBe('worse');
    expect(letters[2].raw.toString()).toBe('{"resourceType": "Observation"');
  });

  it('says 503, and when to come again, where the log does not take it', async () => {
    const { post, bus } = await open();
    bus.work = () => Promise.reject(new Error('away'));
    const { status, headers, body } = await post('/fhir/Observation', observation());
    expect([status, headers.get('retry-after'), body.issue[0].code]).toEqual([503, '5', 'transient']);
    bus.work = async () => undefined;
    expect((await post('/fhir/Observation', observation())).status).toBe(201);
    expect(bus.vitals()).toHaveLength(1);
  });

  it.each([
    ['without a token', '/fhir', { 'content-type': 'application/fhir+json' }, 401, 'login'],
    ['XML', '/fhir', { ...TOKEN, 'content-type': 'application/fhir+xml' }, 415, 'not-supported'],
    ['at another place', '/fhir/Observation/1/2', FHIR, 404, 'not-found'],
    ['that is too large', '/fhir', FHIR, 413, 'too-long'],
  ])('refuses what comes %s', async (_, path, headers, status, code) => {
    const { post, bus } = await open({ maxBodyBytes: 2000 });
    const body =
      status === 413 ? JSON.stringify(observation({ note: [{ text: 'x'.repeat(3000) }] })) : observation();
    const answer = await post(path, body, headers as Record<string, string>);
    expect([answer.status, answer.body]).toEqual([
      status,
      { resourceType: 'OperationOutcome', issue: [expect.objectContaining({ severity: 'error', code })] },
    ]);
    expect(bus.produced).toEqual([]);
  });

  it('says what it takes', async () => {
    const { url } = await open();
    const response = await fetch(`${url}/fhir/metadata`, { headers: TOKEN });
    const statement = (await response.json()) as {
      resourceType: string;
      rest: [{ resource: { type: string }[] }];
    };
    expect([statement.resourceType, statement.rest[0].resource.map(({ type }) => type)]).toEqual([
      'CapabilityStatement',
      ['Observation', 'DiagnosticReport', 'Encounter', 'Patient', 'DocumentReference', 'ImagingStudy'],
    ]);
  });

  it('answers whatever is sent, and goes on', async () => {
    const { post, bus } = await open();
    const text = JSON.stringify(bundle('transaction', [observation(), observation({ id: 'b' })]));
    const cut = fc.tuple(fc.nat(text.length), fc.nat(40), fc.string({ maxLength: 12 }));
    const mutated = cut.map(([at, length, put]) => text.slice(0, at) + put + text.slice(at + length));
    await fc.assert(
      fc.asyncProperty(mutated, async (body) => {
        const { status, body: answer } = await post('/fhir', body);
        expect([200, 201, 400, 404, 422]).toContain(status);
        expect(answer.resourceType).toMatch(/^(OperationOutcome|Bundle)$/);
      }),
      { numRuns: 200 },
    );
    expect((await post('/fhir/Observation', observation())).status).toBe(201);
    expect(bus.vitals().at(-1)?.patientId).toBe('p1');
  });
});
