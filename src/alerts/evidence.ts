import { SIGN_IDS, SIGNS } from '../clinical/signs.js';
import { VARIABLES } from '../clinical/variables.js';
import type { Evidence } from '../contract/messages.js';

/** Values shown as evidence: what a state is told from, and what says how other organs do. */
const EVIDENCE = new Set([
  ...SIGN_IDS.flatMap((id) => SIGNS[id].variables.map((variable) => VARIABLES[variable].id)),
  ...['creatinine', 'platelets', 'bilirubin'],
]);
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
