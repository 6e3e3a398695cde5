import type { PatientTimeline } from '../align/timeline.js';
import { bedsideScores } from '../clinical/bedside.js';
import {
  sofaCardiovascular,
  sofaCoagulation,
  sofaLiver,
  sofaNervous,
  sofaRenal,
  sofaRespiration,
} from '../clinical/sofa.js';
import { VARIABLE_COUNT, variableIndex } from '../clinical/variables.js';
import { HOUR_MS } from '../durations.js';

/** Bedside scores exported beside the features, for comparison: points, NaN where not known. */
export const SCORE_NAMES = ['news2', 'qsofa', 'sofa', 'map', 'spo2'] as const;

/** Urine of fewer hours than this says nothing of a day's. */
const LEAST_URINE_HOURS = 6;
const [PAO2, FIO2, VENT, PLATELETS, BILIRUBIN, GCS, CREATININE, URINE, MAP_LINE, MAP_CUFF, SPO2, SAO2] = [
  'pao2',
  'fio2',
  'mechVent',
  'platelets',
  'bilirubin',
  'gcs',
  'creatinine',
  'urine',
  'mapInvasive',
  'mapCuff',
  'spo2',
  'sao2',
].map(variableIndex);

const values = new Float32Array(VARIABLE_COUNT);
const ages = new Float32Array(VARIABLE_COUNT);

/**
 * Scores of the open step as of `asOf`, of last known values: NEWS2, qSOFA, the sum of the SOFA parts known (without
 * drugs), MAP in mmHg and SpO2 in % (the line's and the oximeter's where read, else the cuff's and a blood gas's; the
 * newer one). Shape [SCORE_NAMES].
 */
export function writeScores(
  timeline: PatientTimeline,
  asOf: number,
  out: Float32Array,
  offset: number,
): void {
  timeline.lastKnown(asOf, values, ages);
  const { news2, qsofa } = bedsideScores(values, ages);
  const known = (index: number): number | null => (Number.isNaN(values[index]) ? null : values[index]);
  const newer = (a: number, b: number): number =>
    ages[b] < ages[a] || Number.isNaN(ages[a]) ? values[b] : values[a];
  const map = newer(MAP_LINE, MAP_CUFF);
  const hours = (asOf - timeline.origin) / HOUR_MS;
  const { summary } = timeline;
  const isUrineKnown = hours >= LEAST_URINE_HOURS && summary.seen[URINE] > 0;
  const urinePerDay = isUrineKnown ? (24 * summary.mean[URINE] * summary.seen[URINE]) / hours : null;
  const parts = [
    sofaRespiration(known(PAO2), known(FIO2), known(VENT) === 1),
    sofaCoagulation(known(PLATELETS)),
    sofaLiver(known(BILIRUBIN)),
    sofaCardiovascular(Number.isNaN(map) ? null : map, null),
    sofaNervous(known(GCS)),
    sofaRenal(known(CREATININE), urinePerDay),
  ].filter((part) => part !== null);
  out[offset] = news2 ?? Number.NaN;
  out[offset + 1] = qsofa ?? Number.NaN;
  out[offset + 2] = parts.length === 0 ? Number.NaN : parts.reduce((sum, part) => sum + part, 0);
  out[offset + 3] = map;
  out[offset + 4] = newer(SPO2, SAO2);
}
