import { DAY_MS, HOUR_MS } from '../durations.js';
import { type News2Inputs, news2 } from './news2.js';
import { qsofa } from './qsofa.js';
import {
  type Sofa,
  sofa,
  sofaCardiovascular,
  sofaCoagulation,
  sofaLiver,
  sofaNervous,
  sofaRenal,
  sofaRespiration,
  type Vasopressors,
} from './sofa.js';
import { isSilentBeside, SILENT_CHART_MS, SILENT_MONITOR_MS } from './sources.js';
import { variableIndex } from './variables.js';

/** A vital sign older than this says nothing of the present and counts as missing. */
export const MAX_VITAL_AGE_MS = 4 * HOUR_MS;
/** A laboratory value older than this says nothing of the present. Ours: most are drawn at least daily. */
export const MAX_LAB_AGE_MS = DAY_MS;

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
const MAP_INVASIVE = variableIndex('mapInvasive');
const MAP_CUFF = variableIndex('mapCuff');
const PAO2 = variableIndex('pao2');
const PLATELETS = variableIndex('platelets');
const BILIRUBIN = variableIndex('bilirubin');
const CREATININE = variableIndex('creatinine');

/** FiO2 of room air. */
const ROOM_AIR = 0.21;
const GCS_ALERT = 15;

export interface BedsideScores {
  /** NEWS2 over the inputs present; null where there are none. */
  readonly news2: number | null;
  readonly news2Missing: readonly string[];
  readonly qsofa: number | null;
  readonly sofa: Sofa;
}

/**
 * NEWS2, qSOFA and SOFA of last known values and their ages in ms, both by variable index, NaN where never seen. `drugs`: null where none
 * is charted.
 */
export function bedsideScores(
  values: Float32Array,
  ages: Float32Array,
  scale: 1 | 2 = 1,
  drugs: Vasopressors | null = null,
): BedsideScores {
  const inputs = bedsideInputs(values, ages);
  const { total, missing } = news2(inputs, scale);
  return { news2: total, news2Missing: missing, qsofa: qsofa(inputs), sofa: sofaNow(values, ages, drugs) };
}

/**
 * SOFA of the last known values, not of the worst of a day. Urine is not known here: the kidney goes by creatinine alone. Where no
 * vasopressor is charted the circulation scores at most 1.
 */
function sofaNow(values: Float32Array, ages: Float32Array, drugs: Vasopressors | null): Sofa {
  const recent = (index: number): number | null => (ages[index] <= MAX_VITAL_AGE_MS ? values[index] : null);
  const lab = (index: number): number | null => (ages[index] <= MAX_LAB_AGE_MS ? values[index] : null);
  const isLineSilent = isSilentBeside(ages[MAP_INVASIVE], ages[MAP_CUFF], SILENT_MONITOR_MS);
  const map = isLineSilent ? recent(MAP_CUFF) : (recent(MAP_INVASIVE) ?? recent(MAP_CUFF));
  const ventilated = recent(MECH_VENT);
  return sofa({
    respiration: sofaRespiration(recent(PAO2), recent(FIO2), ventilated === null ? null : ventilated === 1),
    coagulation: sofaCoagulation(lab(PLATELETS)),
    liver: sofaLiver(lab(BILIRUBIN)),
    cardiovascular: sofaCardiovascular(map, drugs),
    nervous: sofaNervous(recent(GCS)),
    renal: sofaRenal(lab(CREATININE), null),
  });
}

/**
 * The inputs of NEWS2 and qSOFA. An arterial line goes before a cuff, a pulse oximeter before a blood gas, unless it is
 * silent; of what is charted on oxygen and on consciousness, the worse of what is not silent counts.
 */
export function bedsideInputs(values: Float32Array, ages: Float32Array): News2Inputs {
  const recent = (index: number): number | null => (ages[index] <= MAX_VITAL_AGE_MS ? values[index] : null);
  const first = (preferred: number, other: number): number | null =>
    isSilentBeside(ages[preferred], ages[other], SILENT_MONITOR_MS)
      ? recent(other)
      : (recent(preferred) ?? recent(other));
  return {
    respRate: recent(RESP_RATE),
    spo2: first(SPO2, SAO2),
    supplementalOxygen: isAnyOf(OXYGEN, values, ages),
    sbp: first(SBP_INVASIVE, SBP_CUFF),
    heartRate: recent(HEART_RATE),
    alert: negated(isAnyOf(NOT_ALERT, values, ages)),
    temperature: recent(TEMPERATURE),
  };
}

/** A charted variable and what of it says yes. */
type Sign = readonly [index: number, says: (value: number) => boolean];

/** Oxygen is given. The margin takes up the rounding of a 32-bit 0.21. */
const OXYGEN: readonly Sign[] = [
  [FIO2, (fraction) => fraction > ROOM_AIR + 1e-6],
  [OXYGEN_FLOW, (flow) => flow > 0],
  [MECH_VENT, (ventilated) => ventilated === 1],
];
/** The patient is confused, or responds to voice, pain or nothing. */
const NOT_ALERT: readonly Sign[] = [
  [ACVPU, (level) => level > 0],
  [GCS, (points) => points < GCS_ALERT],
];

/** Whether any sign that is not silent says yes; null where none has a recent value. */
function isAnyOf(signs: readonly Sign[], values: Float32Array, ages: Float32Array): boolean | null {
  let newest = Number.POSITIVE_INFINITY;
  for (const [index] of signs) if (ages[index] < newest) newest = ages[index];
  if (newest > MAX_VITAL_AGE_MS) return null;
  for (const [index, says] of signs) {
    const counts = ages[index] <= MAX_VITAL_AGE_MS && !isSilentBeside(ages[index], newest, SILENT_CHART_MS);
    if (counts && says(values[index])) return true;
  }
  return false;
}

function negated(answer: boolean | null): boolean | null {
  return answer === null ? null : !answer;
}
