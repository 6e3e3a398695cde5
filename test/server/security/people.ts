import { alert, eventOf, note, score } from '../../helpers.js';
import { openTestStore, openWard, stay, type TestWard } from '../ward.js';

/** Every endpoint about a patient or alert, with whose it is in the place of `$`. */
export const ABOUT: readonly (readonly [method: 'GET' | 'POST', path: string, body?: object])[] = [
  ['GET', '/api/v1/patients/p$'],
  ['GET', '/api/v1/patients/p$/timeline'],
  ['GET', '/api/v1/patients/p$/notes'],
  ['GET', '/api/v1/patients/p$/images'],
  ['GET', '/api/v1/patients/p$/images/i$'],
  ['GET', '/api/v1/patients/p$/explanation'],
  ['GET', '/api/v1/scores?patientId=p$'],
  ['GET', '/api/v1/alerts/a$/events'],
  ['POST', '/api/v1/alerts/a$/actions', { action: 'COMMENT', reason: 'seen' }],
  ['GET', '/fhir/Flag/a$'],
  ['GET', '/fhir/Flag/a$/$bundle'.replace('$bundle', '€bundle')],
];
/** Every endpoint that lists. */
export const LISTS = [
  '/api/v1/patients',
  '/api/v1/alerts',
  '/api/v1/export/scores?format=csv',
  '/api/v1/export/alerts?format=csv',
  '/api/v1/export/observations?format=csv',
  '/fhir/Flag',
  '/fhir/RiskAssessment',
];

/** Calls an endpoint of the list above. */
export function send(
  ward: TestWard,
  method: 'GET' | 'POST',
  path: string,
  token?: string,
  body?: object,
): Promise<Response> {
  return method === 'GET' ? ward.get(path, token) : ward.post(path, body, token);
}

export interface People extends TestWard {
  readonly store: Awaited<ReturnType<typeof openTestStore>>['store'];
}

/** A ward W with pw, a ward V with pv, and a patient of whom no ward is known; each with an alert, a note and a score. */
export async function openPeople(more: Parameters<typeof openWard>[1] = {}): Promise<People> {
  const { store, close } = await openTestStore();
  const ward = await openWard(store, more);
  await ward.write({
    admitted: [stay('pw', 'W'), stay('pv', 'V'), stay('nowhere', null)],
    notes: ['pw', 'pv', 'nowhere'].map(
      (patientId) => eventOf('notes', note('a note', { patientId, messageId: `n-${patientId}` })) as never,
    ),
    scores: [
      score(1, 0.5, { patientId: 'pw', wardId: 'W' }),
      score(1, 0.5, { patientId: 'pv', wardId: 'V' }),
      score(1, 0.5, { patientId: 'nowhere', wardId: null }),
    ],
    alerts: [
      alert('aw', 0, { patientId: 'pw', wardId: 'W' }),
      alert('av', 0, { patientId: 'pv', wardId: 'V' }),
      alert('anowhere', 0, { patientId: 'nowhere', wardId: null }),
    ],
  });
  return {
    ...ward,
    store,
    close: async () => {
      await ward.close();
      await close();
    },
  };
}
