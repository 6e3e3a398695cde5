import type { SourceMessage } from '../../src/events/source-message.js';
import { adt, vitals } from '../helpers.js';

/** Signs of somebody who is well. */
export const WELL = {
  respRate: 14,
  spo2: 98,
  heartRate: 72,
  sbpInvasive: 124,
  mapInvasive: 88,
  dbpInvasive: 70,
};
const UNITS: Record<string, string> = { spo2: '%', sbpInvasive: 'mm[Hg]', dbpInvasive: 'mm[Hg]' };

/** Each burst of sound is one oscillator started. */
export const COUNT_BURSTS = `
  globalThis.bursts = 0;
  const { start } = OscillatorNode.prototype;
  OscillatorNode.prototype.start = function (when) { bursts++; start.call(this, when); };
`;

let sent = 0;

/** Patient `p1` comes to `Bed 1`, and so on. */
export function admission(bed: string): SourceMessage {
  const where = { wardId: 'ICU', bedId: `Bed ${bed}`, ageYears: 63, sex: 'FEMALE' as const };
  const eventTime = Date.now();
  const record = adt('ADMIT', { messageId: `a${bed}`, patientId: `p${bed}`, eventTime, ...where });
  return { topic: 'ward.adt', key: `p${bed}`, eventTime, record };
}

/** What the monitor of a bed sends now. */
export function signs(bed: string, values: Record<string, number>): SourceMessage {
  const eventTime = Date.now();
  const record = vitals(values, { messageId: `v${++sent}`, patientId: `p${bed}`, eventTime });
  for (const each of record.observations) each.unit = UNITS[each.code] ?? each.unit;
  return { topic: 'ward.vitals', key: `p${bed}`, eventTime, record };
}
