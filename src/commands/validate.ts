import { defaultWorkers } from '../cohort/threads.js';
import { loadConfig, parseConfig } from '../settings/config.js';
import { headline } from '../study/headline.js';
import { renderReport } from '../study/report/report.js';
import { type Validation, validate } from '../study/run.js';
import { printResult, stopOnInterrupt, withModel } from './cli.js';
import { readPolicies } from './policy-file.js';
import { StayProgress } from './progress.js';
import { checkPlace, provenance, writeReport } from './report-files.js';

export interface ValidateCommandOptions {
  readonly from: string;
  readonly outcomes?: string;
  readonly patients?: number;
  readonly mapping?: string;
  readonly report?: string;
  readonly seed: number;
  readonly resamples: number;
  readonly workers?: number;
  readonly scores?: string;
  readonly model?: string;
  readonly against?: string;
  readonly policy?: readonly string[];
  readonly sensitivity: number;
  readonly config?: string;
  readonly json: boolean;
}

/** `wardstream validate`: what the model would have caught in history, as a report, as JSON and on stdout. */
export async function validateCommand(options: ValidateCommandOptions): Promise<void> {
  const { from, outcomes, patients, mapping, report, seed, resamples, scores, against, json } = options;
  if (report !== undefined) checkPlace(report);
  const config = withModel(
    options.config === undefined ? parseConfig({}) : loadConfig(options.config),
    options.model,
  );
  const policies = readPolicies(options.policy ?? [], config);
  const progress = new StayProgress();
  const stop = stopOnInterrupt('finishing with the stays that are over; Ctrl-C again ends at once');
  let validation: Validation;
  try {
    validation = await validate({
      config,
      from,
      outcomes,
      patients,
      mapping,
      seed,
      resamples,
      scores,
      against,
      workers: options.workers ?? defaultWorkers(),
      policies,
      sensitivity: report === undefined ? 0 : options.sensitivity,
      onProgress: (what, done, total) => progress.update(what, done, total),
      signal: stop.signal,
    });
  } finally {
    progress.stop();
    stop.release();
  }
  if (report !== undefined) {
    const made = provenance(options);
    const figures = { ...made, ...headline(validation), ...validation };
    writeReport(report, renderReport(validation, made), figures);
  }
  printResult({ ...headline(validation), ...(report === undefined ? {} : { report }) }, json);
}
