import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { defaultWorkers } from '../cohort/threads.js';
import type { ModelOutput } from '../contract/outcomes.js';
import { WardstreamError } from '../errors.js';
import { loadConfig, parseConfig } from '../settings/config.js';
import type { Estimate } from '../study/mortality.js';
import { type Form, type RecalibratedOutput, SURE_PATIENTS } from '../study/recalibrate/recalibrate.js';
import { recalibrateSite, recalibrationFile, type SiteRecalibration } from '../study/recalibrate/site.js';
import { estimated } from '../study/report/figures.js';
import { printResult, stopOnInterrupt, withModel } from './cli.js';
import { StayProgress } from './progress.js';
import { writeWhole } from './report-files.js';

export interface RecalibrateCommandOptions {
  readonly from: readonly string[];
  readonly out: string;
  readonly form: Form;
  readonly output: readonly ModelOutput[];
  readonly name?: string;
  readonly outcomes?: string;
  readonly mapping?: string;
  readonly patients?: number;
  readonly scores?: string;
  readonly model?: string;
  readonly workers?: number;
  readonly seed: number;
  readonly resamples: number;
  readonly config?: string;
  readonly json: boolean;
}

/** What the file is called in its folder. */
const FILE = 'recalibration.json';

/** `wardstream recalibrate`: a small file that makes the model's probabilities those of a site, and what it changes. */
export async function recalibrateCommand(options: RecalibrateCommandOptions): Promise<void> {
  const { out, name, scores, from, config, model, json, output, workers, ...asked } = options;
  checkAsked(options);
  const progress = new StayProgress();
  const stop = stopOnInterrupt('ending; nothing is written');
  let found: SiteRecalibration;
  try {
    found = await recalibrateSite({
      ...asked,
      from,
      name,
      scores,
      outputs: output,
      config: withModel(config === undefined ? parseConfig({}) : loadConfig(config), model),
      workers: workers ?? defaultWorkers(),
      onProgress: (what, done, total) => progress.update(what, done, total),
      signal: stop.signal,
    });
  } finally {
    progress.stop();
    stop.release();
  }
  const file = join(out, FILE);
  writeWhole('the recalibration', [[file, recalibrationFile(found)]]);
  for (const warning of warningsOf(found)) process.stderr.write(`wardstream: ${warning}\n`);
  if (json) printResult({ ...found, file }, true);
  else process.stdout.write(`${table(found)}\n${file}: name it as model.recalibration in the settings\n`);
}

/** What is wrong with the options is said before the replay. */
function checkAsked({ from, out, scores, name }: RecalibrateCommandOptions): void {
  if (scores !== undefined && from.length > 1)
    throw new WardstreamError('WS_USAGE', '--scores goes with one --from only');
  if (name !== undefined && !/^[0-9A-Za-z.-]+$/.test(name)) {
    const what = `--name ${name}: it is part of a version, made of letters, digits, points and hyphens`;
    throw new WardstreamError('WS_USAGE', what);
  }
  if (existsSync(out) && !statSync(out).isDirectory())
    throw new WardstreamError('WS_USAGE', `--out ${out} is not a folder`);
  try {
    mkdirSync(out, { recursive: true });
  } catch (error) {
    throw new WardstreamError('WS_USAGE', `--out ${out} cannot be made`, { cause: error });
  }
}

function warningsOf({ outputs, trainedOn }: SiteRecalibration): string[] {
  const unsure = Object.entries(outputs).filter(
    ([, { patients, events }]) => Math.min(events, patients - events) < SURE_PATIENTS,
  );
  const right = Object.entries(outputs).filter(
    ([, { before }]) => holds(before.slope, 1) && holds(before.intercept, 0),
  );
  return [
    ...right.map(
      ([output]) =>
        `${output}: slope and intercept are right within their intervals as they are; leave it out with --output unless there is a reason`,
    ),
    ...unsure.map(
      ([output, { events }]) =>
        `${output}: ${events} patients with the outcome; with fewer than ${SURE_PATIENTS} with and without it the figures are uncertain, see their intervals`,
    ),
    ...(trainedOn === 0
      ? []
      : [
          `the model was trained on ${trainedOn} of these patients: what is fitted to them does not hold for others`,
        ]),
  ];
}

function holds({ interval: [low, high] }: Estimate, value: number): boolean {
  return low <= value && value <= high;
}

/** A line an output and figure: before and after. */
function table({ model, cohort, outputs, leftOut }: SiteRecalibration): string {
  const lines = Object.entries(outputs).flatMap(([output, found]) => [
    `${output}: ${found.events} of ${found.patients} patients with the outcome; ${curveText(found)}`,
    figure('slope', found, ({ slope }) => slope, 2),
    figure('intercept', found, ({ intercept }) => intercept, 2),
    figure('ECE', found, ({ ece }) => ece, 4),
    figure('Brier score', found, ({ brier }) => brier, 4),
  ]);
  const left = Object.entries(leftOut).map(([output, why]) => `${output}: as it was, ${why}`);
  return [`Model ${model} on ${cohort}, before and after [95 % interval]`, ...lines, ...left].join('\n');
}

function curveText({ curve }: RecalibratedOutput): string {
  if (curve.form === 'isotonic') return `isotonic, ${curve.from.length} points`;
  return `logit' = ${curve.intercept.toFixed(3)} + ${curve.slope.toFixed(3)} × logit`;
}

function figure(
  label: string,
  { before, after }: RecalibratedOutput,
  of: (calibration: RecalibratedOutput['before']) => Estimate,
  digits: number,
): string {
  const [was, is] = [before, after].map(of).map(({ value, interval }) => estimated(value, interval, digits));
  return `  ${label.padEnd(12)} ${was.padEnd(26)} ${is}`;
}
