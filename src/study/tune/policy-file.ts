import { stringify } from 'yaml';
import { estimated, fixed } from '../report/figures.js';
import type { Provenance } from '../report/report.js';
import type { Tuning } from './tune.js';

/** What made a policy, besides its figures. */
export type Made = Pick<Provenance, 'command' | 'version' | 'madeAt'>;

/** The policy found as settings: `alerts.rules`, with comments that say what it was tuned on and what it does elsewhere. */
export function policyYaml(tuning: Tuning, { command, version, madeAt }: Made): string {
  const { best, halves, model, from, events, budget, leastPrecision, seed, scoresDigest, partial } = tuning;
  const { reported } = best;
  const { intervals } = reported;
  const comment = [
    `Alert rules found by Wardstream ${version}, ${madeAt.slice(0, 10)}: ${best.label}.`,
    command,
    `Model ${model}, scores of ${from}, SHA-256 ${scoresDigest}.`,
    ...(partial ? ['Scoring was interrupted: only stays that were over by then were used.'] : []),
    `Tuned on ${halves.tuned.stays} stays of ${halves.tuned.patients} patients (half, by seed ${seed}), with at most ${budget} alerts a patient-day and a precision of at least ${leastPrecision}:`,
    `  ${fixed(best.tuned.alertsPerPatientDay, 2)} alerts a patient-day, recall ${fixed(best.tuned.recall)}, precision ${fixed(best.tuned.precision)}.`,
    `On the other ${halves.reported.stays} stays, on which nothing was chosen [95 % interval], against ${events.toLowerCase()}:`,
    `  alerts a patient-day ${estimated(reported.alertsPerPatientDay, intervals.alertsPerPatientDay, 2)}`,
    `  recall ${estimated(reported.recall, intervals.recall)}, precision ${estimated(reported.precision, intervals.precision)}`,
    `  patients warned ${estimated(reported.warned, intervals.warned)}, at any time before ${estimated(reported.warnedEver, intervals.warnedEver)}`,
    `  share of bed-time with an alert open ${estimated(reported.openShare, intervals.openShare)}`,
  ];
  const lines = comment.map((line) => `# ${line}`.replace(/\s+$/, '').replaceAll('\n', ' '));
  return `${lines.join('\n')}\n${stringify({ alerts: { rules: reported.rules } })}`;
}
