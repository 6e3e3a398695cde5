import { TOPICS } from '../../../src/contract/topics.js';
import type { SourceMessage } from '../../../src/events/source-message.js';
import { ack, adt, vitals } from '../../helpers.js';

/** A rule that a set of vital signs raises or resolves at once; `escalateAfterMs` is what a test waits for. */
export const quickRule = (escalateAfterMs: number) => ({
  id: 'news2',
  signal: 'news2',
  priority: 'HIGH',
  raiseAt: 7,
  resolveBelow: 5,
  holdMs: 0,
  refractoryMs: 0,
  escalateAfterMs,
});

/** NEWS2 0 and 7; not all signs at once, which would be doubted as another patient's. */
const SIGNS = {
  well: { HR: 76, NISysABP: 124, RespRate: 15, SpO2: 98, Temp: 36.8, GCS: 15 },
  ill: { HR: 135, NISysABP: 124, RespRate: 31, SpO2: 95, Temp: 36.8, GCS: 15 },
};
const UNITS: Readonly<Record<string, string>> = {
  HR: '/min',
  NISysABP: 'mm[Hg]',
  RespRate: '/min',
  SpO2: '%',
  Temp: 'Cel',
  GCS: '{score}',
};
let count = 0;

/** What is sent of a patient now. */
function now(patientId: string) {
  return { messageId: `now-${++count}`, patientId, eventTime: Date.now() };
}

export function admission(patientId: string): SourceMessage {
  const record = adt('ADMIT', { ...now(patientId), wardId: 'W', bedId: `Bed ${patientId}` });
  return { topic: TOPICS.adt, key: patientId, eventTime: record.eventTime, record };
}

export function signs(patientId: string, how: keyof typeof SIGNS): SourceMessage {
  const set = vitals(SIGNS[how], now(patientId));
  const observations = set.observations.map((each) => ({ ...each, unit: UNITS[each.code] }));
  return { topic: TOPICS.vitals, key: patientId, eventTime: set.eventTime, record: { ...set, observations } };
}

export function action(
  patientId: string,
  alertId: string,
  more: Parameters<typeof ack>[1] = {},
): SourceMessage {
  const record = ack(alertId, { ...now(patientId), ...more });
  return { topic: TOPICS.acks, key: patientId, eventTime: record.eventTime, record };
}
