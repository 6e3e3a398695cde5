import { SIGN_IDS, SIGNS } from '../clinical/signs.js';
import { VARIABLES } from '../clinical/variables.js';
import type { Evidence } from '../contract/messages.js';
import { DAY_MS } from '../durations.js';

/** Values shown as evidence: what a state is told from, and what says how other organs do. */
const EVIDENCE = new Set([
  ...SIGN_IDS.flatMap((id) => SIGNS[id].variables.map((variable) => VARIABLES[variable].id)),
  ...['creatinine', 'platelets', 'bilirubin'],
]);
/** Evidence older than this is left out. */
const EVIDENCE_AGE_MS = DAY_MS;

/** By variable index. */
const IS_SHOWN = VARIABLES.map(({ id }) => EVIDENCE.has(id));

/** The last values an alert is shown with, each with its age; a leading one first. */
export function evidenceOf(
  { values, ages }: { readonly values: Float32Array; readonly ages: Float32Array },
  leading = -1,
): Evidence[] {
  const evidence: Evidence[] = [];
  if (leading >= 0) add(evidence, leading, values[leading], ages[leading]);
  for (let index = 0; index < VARIABLES.length; index++) {
    if (IS_SHOWN[index] && index !== leading) add(evidence, index, values[index], ages[index]);
  }
  return evidence;
}

function add(to: Evidence[], index: number, value: number, age: number): void {
  if (!(age <= EVIDENCE_AGE_MS)) return;
  const { id: variable, unit } = VARIABLES[index];
  to.push({ variable, value, unit, ageMs: Math.round(age), effect: null });
}
