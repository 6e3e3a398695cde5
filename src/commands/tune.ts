import { defaultWorkers } from '../cohort/threads.js';
import { loadConfig, parseConfig } from '../settings/config.js';
import type { EndpointId } from '../study/events.js';
import type { AlertFigures, ConfiguredFigures } from '../study/policies.js';
import { policyYaml } from '../study/tune/policy-file.js';
import { renderTuning } from '../study/tune/report.js';
import { type Tuning, tune } from '../study/tune/tune.js';
import { printResult, stopOnInterrupt, withModel } from './cli.js';
import { readPolicies } from './policy-file.js';
import { StayProgress } from './progress.js';
import { checkPlace, provenance, writeReport, writeWhole } from './report-files.js';

export interface TuneCommandOptions {
  readonly from: string;
  readonly budget: number;
  readonly precision: number;
  readonly events: EndpointId;
  readonly out: string;
  readonly report?: string;
  readonly mapping?: string;
  readonly patients?: number;
  readonly scores?: string;
  readonly model?: string;
  readonly policy?: readonly string[];
  readonly workers?: number;
  readonly seed: number;
  readonly resamples: number;
  readonly config?: string;
  readonly json: boolean;
}

/** `wardstream tune`: the alert rules that catch most within a budget of alerts, as a file of settings and a report. */
export async function tuneCommand(options: TuneCommandOptions): Promise<void> {
  const { from, budget, events, out, report, mapping, patients, scores, seed, resamples, json } = options;
  checkPlace(out, '--out', '.yaml');
  if (report !== undefined) checkPlace(report);
  const config = withModel(
    options.config === undefined ? parseConfig({}) : loadConfig(options.config),
    options.model,
  );
  const policies = readPolicies(options.policy ?? [], config);
  const progress = new StayProgress();
  const stop = stopOnInterrupt('going on with the stays that are over; Ctrl-C again ends at once');
  let tuning: Tuning;
  try {
    tuning = await tune({
      config,
      from,
      mapping,
      patients,
      scores,
      events,
      budget,
      precision: options.precision,
      seed,
      resamples,
      workers: options.workers ?? defaultWorkers(),
      policies,
      onProgress: (what, done, total) => progress.update(what, done, total),
      signal: stop.signal,
    });
  } finally {
    progress.stop();
    stop.release();
  }
  const made = provenance(options);
  writeWhole('the policy', [[out, policyYaml(tuning, made)]]);
  if (report !== undefined) writeReport(report, renderTuning(tuning, made), { ...made, ...tuning });
  printResult({ ...summary(tuning), out, ...(report === undefined ? {} : { report }) }, json);
}

/** The result as `--json` prints it. All figures but those under `tuned` are of the half on which nothing was chosen. */
function summary(tuning: Tuning) {
  const { best, forms, others, curves, burden: _, ...rest } = tuning;
  return {
    ...rest,
    rules: best.reported.rules,
    form: best.form,
    tuned: best.tuned,
    reported: withoutRules(best.reported),
    forms: forms.map(({ form, tuned, reported }) => ({ form, tuned, reported })),
    others,
    curve: curves.best.map(point),
    news2: curves.news2.map(point),
  };
}

function withoutRules({ rules: _, ...figures }: ConfiguredFigures) {
  return figures;
}

function point({
  raiseAt,
  alertsPerPatientDay,
  recall,
  precision,
  warned,
}: AlertFigures & { raiseAt: number }) {
  return { raiseAt, alertsPerPatientDay, recall, precision, warned };
}
