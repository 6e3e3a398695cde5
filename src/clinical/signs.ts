/**
 * Signs that criteria of a state are about, and how each is read from last known values. Sources:
 * [R] Rice et al., "Comparison of the SpO2/FIO2 ratio and the PaO2/FIO2 ratio", Chest 2007;132:410-417.
 */
import { HOUR_MS, MINUTE_MS } from '../durations.js';
import { MAX_LAB_AGE_MS, MAX_VITAL_AGE_MS } from './bedside.js';
import { isSilentBeside, SILENT_MONITOR_MS } from './sources.js';
import { variableIndex } from './variables.js';

/** What is out of order within a sign comes of queues and retries of one feed: minutes. */
const VITAL_WINDOW_MS = HOUR_MS;

/** What criteria are about: a measured sign, or one told from two. */
export type SignId = keyof typeof SIGNS;

/** The newest value of a sign. */
export interface Reading {
  readonly value: number;
  /** When it was observed, in milliseconds since the epoch. */
  readonly at: number;
  /** The variable it comes from. */
  readonly variable: number;
  /** It meets no criterion, and ends what is there: a tube or its sedation accounts for it, or it is a ratio of an SpO2 that tells none. */
  readonly isExcused?: boolean;
}

/** Of whom and for what a sign is read. */
export interface Asked {
  /** Which way is worse. */
  readonly direction: 'low' | 'high';
  /** The highest value of the sign's first variable that it is compared with; NaN: none. */
  readonly best: number;
  /** The variable that spoke last; -1: none. */
  readonly spoke: number;
}

/** Values and ages in ms are by variable index, NaN where never seen. */
type Reader = (
  values: ArrayLike<number>,
  ages: ArrayLike<number>,
  now: number,
  asked: Asked,
) => Reading | null;

/** What criteria are about, and how it is told from values. */
export interface Sign {
  readonly label: string;
  /** UCUM. */
  readonly unit: string;
  /** What it is read from, by variable index. */
  readonly variables: readonly number[];
  /** A value that was told so long after it was observed says nothing of the present. */
  readonly maxAgeMs: number;
  /** Values that come out of order count where they are at most so much older than the newest. */
  readonly windowMs: number;
  /** How far back it compares, as long as there is no episode; then from so long before that began. 0: it does not. */
  readonly historyMs: number;
  readonly read: Reader;
}

/** Beyond it SpO2 says little of PaO2, since the dissociation curve is flat [R]. */
export const MAX_SF_SPO2 = 97;
/** S/F 235 corresponds to P/F 200 [R]; a ratio of SpO2 is given on the scale of P/F by it. */
const SF_TO_PF = 200 / 235;

/**
 * Line and cuff agree within it, in mmHg: then who is critical by one of them (a mean of 55) is failing by the other (65). Systolic
 * pressures lie half as far again apart. Ours; a cuff that is right may err by 5 with a standard deviation of 8 (ISO 81060-2).
 */
const PRESSURES_AGREE = { mean: 10, systolic: 15 } as const;
/** So long a cuff that is worse speaks beside a line: many are measured by the hour, and five minutes late. Ours. */
const CUFF_HOLDS_MS = 65 * MINUTE_MS;

/** All signs. A blood gas comes back while saturation goes on, so oxygenation waits for it for as long as it counts. */
export const SIGNS = {
  map: pressure('mean pressure', 'map', PRESSURES_AGREE.mean),
  sbp: pressure('systolic pressure', 'sbp', PRESSURES_AGREE.systolic),
  heartRate: vital('heart rate', '/min', 'heartRate'),
  respRate: vital('respiratory rate', '/min', 'respRate'),
  spo2: vital('oxygen saturation', '%', 'spo2', 'sao2'),
  temperature: vital('temperature', 'Cel', 'temperature'),
  gcs: { ...vital('Glasgow Coma Scale', '{score}', 'gcs', 'mechVent', 'acvpu'), read: readConsciousness },
  gcsFall: {
    ...vital('fall of the Glasgow Coma Scale', '{score}', 'gcs', 'mechVent'),
    historyMs: 24 * HOUR_MS,
    read: readGcsFall,
  },
  oxygenation: {
    ...vital('PaO2/FiO2', 'mm[Hg]', 'pao2', 'spo2', 'fio2'),
    windowMs: MAX_VITAL_AGE_MS,
    read: readOxygenation,
  },
  lactate: lab('lactate', 'mmol/L', 'lactate'),
  potassium: lab('potassium', 'mmol/L', 'potassium'),
  sodium: lab('sodium', 'mmol/L', 'sodium'),
  calciumIonised: lab('ionised calcium', 'mmol/L', 'calciumIonised'),
  glucose: lab('glucose', 'mg/dL', 'glucose'),
  ph: lab('arterial pH', '{pH}', 'ph'),
  hemoglobin: lab('haemoglobin', 'g/dL', 'hemoglobin'),
  vasopressors: treatment('vasopressors and inotropes that run'),
  vasopressorsUncharted: treatment('vasopressors and inotropes that nobody has charted'),
} as const satisfies Readonly<Record<string, Sign>>;

export const SIGN_IDS = Object.keys(SIGNS) as SignId[];

/** The preferred of some variables, the first, unless it is silent beside another. */
function newestOf(maxAgeMs: number, variables: readonly number[]): Reader {
  return (values, ages, now) => {
    let best = -1;
    for (const variable of variables) {
      // A value never seen has no age: the comparison is false.
      if (!(ages[variable] <= maxAgeMs)) continue;
      if (best < 0 || isSilentBeside(ages[best], ages[variable], SILENT_MONITOR_MS)) best = variable;
    }
    return best < 0 ? null : { value: values[best], at: now - ages[best], variable: best };
  };
}

function vital(label: string, unit: string, ...ids: readonly string[]): Sign {
  return sign(label, unit, ids, MAX_VITAL_AGE_MS, VITAL_WINDOW_MS);
}

/** Told by an arterial line and a cuff. */
function pressure(label: string, id: 'map' | 'sbp', agree: number): Sign {
  const both = vital(label, 'mm[Hg]', `${id}Invasive`, `${id}Cuff`);
  const [line, cuff] = both.variables;
  return { ...both, read: readPressure(line, cuff, agree) };
}

/** Results come hours after their specimen, and are corrected later still. */
function lab(label: string, unit: string, id: string): Sign {
  return sign(label, unit, [id], MAX_LAB_AGE_MS, MAX_LAB_AGE_MS);
}

/** Told from what is charted of treatments, not from a value: see src/align/infusions.ts. */
function treatment(label: string): Sign {
  return { ...sign(label, '{count}', [], MAX_VITAL_AGE_MS, VITAL_WINDOW_MS), read: () => null };
}

function sign(label: string, unit: string, ids: readonly string[], maxAgeMs: number, windowMs: number): Sign {
  const variables = ids.map(variableIndex);
  return { label, unit, variables, maxAgeMs, windowMs, historyMs: 0, read: newestOf(maxAgeMs, variables) };
}

const GCS = variableIndex('gcs');
const ACVPU = variableIndex('acvpu');
const MECH_VENT = variableIndex('mechVent');
const PAO2 = variableIndex('pao2');
const SPO2 = variableIndex('spo2');
const FIO2 = variableIndex('fio2');

/**
 * PaO2/FiO2 in mmHg, or, where SpO2 is newer than the last blood gas, SpO2/FiO2 on the same scale. Null where the inspired oxygen is not
 * known: room air is not assumed. SpO2 above 97 % tells no ratio, but takes back what a lower one said: only a gas stands beside it.
 */
function readOxygenation(
  values: ArrayLike<number>,
  ages: ArrayLike<number>,
  now: number,
  { spoke }: Asked,
): Reading | null {
  const fio2 = values[FIO2];
  if (!(ages[FIO2] <= MAX_VITAL_AGE_MS) || !(fio2 > 0)) return null;
  const gasAge = ages[PAO2] <= MAX_VITAL_AGE_MS ? ages[PAO2] : Number.POSITIVE_INFINITY;
  if (ages[SPO2] <= MAX_VITAL_AGE_MS && ages[SPO2] < gasAge) {
    const bySpo2 = { value: (values[SPO2] / fio2) * SF_TO_PF, at: now - ages[SPO2], variable: SPO2 };
    if (values[SPO2] <= MAX_SF_SPO2) return bySpo2;
    if (spoke === SPO2 || gasAge === Number.POSITIVE_INFINITY) return { ...bySpo2, isExcused: true };
  }
  if (gasAge === Number.POSITIVE_INFINITY) return null;
  return { value: values[PAO2] / fio2, at: now - gasAge, variable: PAO2 };
}

/** A tube that is charted once a shift is in for as long as that, unless it is charted as out. Ours. */
const TUBE_CHARTED_MS = 12 * HOUR_MS;
/**
 * Points of the Glasgow Coma Scale by ACVPU. Medians of alert and voice: McNarry and Goldhill, Anaesthesia 2004;59:34-37; new confusion is
 * one point of speech, and who does not respond to pain has the least. Of who responds to pain it tells too little.
 */
const POINTS_BY_ACVPU: readonly number[] = [15, 14, 13, Number.NaN, 3];
const UNRESPONSIVE = 4;

/** The points; who is ventilated is excused from the moment at which that is charted. */
function readGcs(values: ArrayLike<number>, ages: ArrayLike<number>, now: number): Reading | null {
  if (!(ages[GCS] <= MAX_VITAL_AGE_MS)) return null;
  return besideTube(values, ages, now, { value: values[GCS], at: now - ages[GCS], variable: GCS });
}

function besideTube(
  values: ArrayLike<number>,
  ages: ArrayLike<number>,
  now: number,
  points: Reading,
): Reading {
  if (!(ages[MECH_VENT] <= TUBE_CHARTED_MS && values[MECH_VENT] === 1)) return points;
  return { ...points, at: Math.max(points.at, now - ages[MECH_VENT]), isExcused: true };
}

/** The points, or those of ACVPU where it is newer, and says that nothing is responded to, said so last, or is alone. */
function readConsciousness(
  values: ArrayLike<number>,
  ages: ArrayLike<number>,
  now: number,
  { spoke }: Asked,
): Reading | null {
  const byGcs = readGcs(values, ages, now);
  const age = ages[ACVPU];
  if (!(age <= MAX_VITAL_AGE_MS) || ages[GCS] <= age) return byGcs;
  if (values[ACVPU] !== UNRESPONSIVE && spoke !== ACVPU && byGcs !== null) return byGcs;
  const value = POINTS_BY_ACVPU[values[ACVPU]];
  // Also of a level that is none.
  if (!(value > 0)) return null;
  return besideTube(values, ages, now, { value, at: now - age, variable: ACVPU });
}

/** Points lost since the best of the history. */
function readGcsFall(
  values: ArrayLike<number>,
  ages: ArrayLike<number>,
  now: number,
  { best }: Asked,
): Reading | null {
  const points = readGcs(values, ages, now);
  return points === null ? null : { ...points, value: best - points.value };
}

/**
 * The line where line and cuff agree; else the worse of the two, if it is the newer. A cuff that spoke so is not silenced by the line, which
 * goes on beside it all the time: it speaks until there is another one, or a lower line, or `CUFF_HOLDS_MS` have passed.
 */
function readPressure(line: number, cuff: number, agree: number): Reader {
  return (values, ages, now, { direction, spoke }) => {
    const [lineAge, cuffAge] = [ages[line], ages[cuff]];
    const by = (variable: number, age: number) => ({ value: values[variable], at: now - age, variable });
    const hasCuff = cuffAge <= MAX_VITAL_AGE_MS;
    if (!(lineAge <= MAX_VITAL_AGE_MS) || isSilentBeside(lineAge, cuffAge, SILENT_MONITOR_MS)) {
      return hasCuff ? by(cuff, cuffAge) : null;
    }
    if (!hasCuff) return by(line, lineAge);
    const above = values[line] - values[cuff];
    if (Math.abs(above) <= agree) return by(line, Math.min(lineAge, cuffAge));
    const isCuffWorse = above > 0 === (direction === 'low');
    const speaks = cuffAge <= lineAge || (spoke === cuff && !isSilentBeside(cuffAge, lineAge, CUFF_HOLDS_MS));
    return isCuffWorse && speaks ? by(cuff, cuffAge) : by(line, lineAge);
  };
}
