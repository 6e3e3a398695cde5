import { VARIABLES } from '../clinical/variables.js';
import type { Evidence } from '../contract/messages.js';

/** Values shown as evidence: vitals and the laboratory's alarm values. */
const EVIDENCE = new Set(
  [
    'heartRate',
    'sbpInvasive',
    'mapInvasive',
    'sbpCuff',
    'mapCuff',
    'respRate',
    'temperature',
    'spo2',
    'gcs',
    'fio2',
  ].concat(['ph', 'pao2', 'lactate', 'creatinine', 'potassium', 'platelets', 'bilirubin']),
);
/** Evidence older than this is left out. */
const EVIDENCE_AGE_MS = 24 * 3_600_000;

/** The last values an alert is shown with, each with its age. */
export function evidenceOf({
  values,
  ages,
}: {
  readonly values: Float32Array;
  readonly ages: Float32Array;
}): Evidence[] {
  return VARIABLES.flatMap(({ id, unit }, index) => {
    const isShown = EVIDENCE.has(id) && ages[index] <= EVIDENCE_AGE_MS;
    return isShown
      ? [{ variable: id, value: values[index], unit, ageMs: Math.round(ages[index]), effect: null }]
      : [];
  });
}
