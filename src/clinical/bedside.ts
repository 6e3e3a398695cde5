import { type News2Inputs, news2 } from './news2.js';
import { qsofa } from './qsofa.js';
import { variableIndex } from './variables.js';

/** A vital sign older than this says nothing of the present and counts as missing. */
export const MAX_VITAL_AGE_MS = 4 * 3_600_000;

const RESP_RATE = variableIndex('respRate');
const SPO2 = variableIndex('spo2');
const SAO2 = variableIndex('sao2');
const SBP_INVASIVE = variableIndex('sbpInvasive');
const SBP_CUFF = variableIndex('sbpCuff');
const HEART_RATE = variableIndex('heartRate');
const TEMPERATURE = variableIndex('temperature');
const GCS = variableIndex('gcs');
const ACVPU = variableIndex('acvpu');
const FIO2 = variableIndex('fio2');
const OXYGEN_FLOW = variableIndex('oxygenFlow');
const MECH_VENT = variableIndex('mechVent');

/** FiO2 of room air. */
const ROOM_AIR = 0.21;
const GCS_ALERT = 15;

export interface BedsideScores {
  /** NEWS2 over the inputs present; null where there are none. */
  readonly news2: number | null;
  readonly news2Missing: readonly string[];
  readonly qsofa: number | null;
}

/** NEWS2 and qSOFA of last known values and their ages in ms, both by variable index, NaN where never seen. */
export function bedsideScores(values: Float32Array, ages: Float32Array): BedsideScores {
  const inputs = bedsideInputs(values, ages);
  const { total, missing } = news2(inputs);
  return { news2: total, news2Missing: missing, qsofa: qsofa(inputs) };
}

/** The inputs of NEWS2 and qSOFA. An arterial line goes before a cuff, a pulse oximeter before a blood gas. */
export function bedsideInputs(values: Float32Array, ages: Float32Array): News2Inputs {
  const recent = (index: number): number | null => (ages[index] <= MAX_VITAL_AGE_MS ? values[index] : null);
  return {
    respRate: recent(RESP_RATE),
    spo2: recent(SPO2) ?? recent(SAO2),
    supplementalOxygen: onOxygen(recent(FIO2), recent(OXYGEN_FLOW), recent(MECH_VENT)),
    sbp: recent(SBP_INVASIVE) ?? recent(SBP_CUFF),
    heartRate: recent(HEART_RATE),
    alert: isAlert(recent(ACVPU), recent(GCS)),
    temperature: recent(TEMPERATURE),
  };
}

function onOxygen(fio2: number | null, flow: number | null, ventilated: number | null): boolean | null {
  if (fio2 === null && flow === null && ventilated === null) return null;
  // The margin takes up the rounding of a 32-bit 0.21.
  return (fio2 ?? 0) > ROOM_AIR + 1e-6 || (flow ?? 0) > 0 || ventilated === 1;
}

function isAlert(acvpu: number | null, gcs: number | null): boolean | null {
  if (acvpu === null && gcs === null) return null;
  return (acvpu ?? 0) === 0 && (gcs ?? GCS_ALERT) >= GCS_ALERT;
}
