import type { ObservedStay } from '../../cohort/stays.js';
import type { ModelOutput } from '../../contract/outcomes.js';
import { WardstreamError } from '../../errors.js';
import { type Curve, recalibrated } from '../../inference/recalibration.js';
import { type BootstrapOptions, bootstrapStays } from '../bootstrap.js';
import { CALIBRATION_BINS, expectedCalibrationError } from '../calibration.js';
import { brier } from '../metrics.js';
import type { Estimate } from '../mortality.js';
import { rank, type Weights } from '../ranking.js';
import { halvesOf } from '../tune/halves.js';
import { fitIsotonic } from './isotonic.js';
import { type Foretold, fitIntercept, fitLine } from './logistic.js';
import type { OutputRows } from './rows.js';

export type Form = Curve['form'];

/**
 * Patients with the outcome, and without it, that a curve is fitted to at least. Logistic: ten for each of its two numbers (Peduzzi et
 * al., J Clin Epidemiol 1996;49:1373-1379). Isotonic: what a flexible curve needs (Van Calster et al., J Clin Epidemiol 2016;74:167-176).
 */
export const LEAST_PATIENTS: Readonly<Record<Form, number>> = { logistic: 20, isotonic: 200 };
/** With fewer, what is measured says little (Vergouwe et al., J Clin Epidemiol 2005;58:475-483). */
export const SURE_PATIENTS = 100;

/** How well probabilities are calibrated, with 95 % intervals by patient. */
export interface Calibration {
  /** Of the line through the logits; 1 is right, below 1 they are too far apart. */
  readonly slope: Estimate;
  /** What is missing on the logits where the slope is left at 1; 0 is right, below 0 they are too high. */
  readonly intercept: Estimate;
  readonly ece: Estimate;
  readonly brier: Estimate;
}

/** One output: its curve, and what it does for patients it was not fitted to. */
export interface RecalibratedOutput {
  /** Fitted to all patients. */
  readonly curve: Curve;
  /** Patients with rows, and those of them with the outcome. */
  readonly patients: number;
  readonly events: number;
  /** Moments. */
  readonly rows: number;
  readonly before: Calibration;
  /** Each half of the patients under the curve of the other half. */
  readonly after: Calibration;
}

export interface OutputAsked {
  readonly output: ModelOutput;
  readonly rows: OutputRows;
}

export interface RecalibrateOptions extends BootstrapOptions {
  readonly form: Form;
}

/**
 * Fits a curve to each output on all patients, and measures it by halves: each half of the patients, drawn by the seed, under the curve
 * fitted to the other.
 * @throws WardstreamError `WS_SOURCE` where an output has too few events, or a curve does not rise.
 */
export function recalibrateOutputs(
  asked: readonly OutputAsked[],
  stays: readonly ObservedStay[],
  options: RecalibrateOptions,
): Partial<Record<ModelOutput, RecalibratedOutput>> {
  const counts = asked.map(({ output, rows }) => ({ output, ...patientsIn(rows, stays) }));
  requireEnough(counts, options.form);
  const first = new Set(halvesOf(stays, options.seed).tuned);
  const isFirst = stays.map((stay) => first.has(stay));
  const found = asked.map(({ output, rows }, index): [ModelOutput, RecalibratedOutput] => {
    const { patients, events } = counts[index];
    const halves = [true, false].map((half) => subsetOf(rows, (row) => isFirst[rows.owners[row]] === half));
    const [ofFirst, ofSecond] = halves.map((half) =>
      curveOf(output, half, options.form, 'half of the patients'),
    );
    const after = rows.logits.map((logit, row) =>
      recalibrated(isFirst[rows.owners[row]] ? ofSecond : ofFirst, logit),
    );
    return [
      output,
      {
        curve: curveOf(output, rows, options.form, 'all patients'),
        patients,
        events,
        rows: rows.logits.length,
        before: calibrationOf(rows, stays, options),
        after: calibrationOf({ ...rows, logits: after }, stays, options),
      },
    ];
  });
  return Object.fromEntries(found);
}

/** Patients with rows, and those with a row of which the outcome came about. */
function patientsIn({ owners, outcomes }: OutputRows, stays: readonly ObservedStay[]) {
  const all = new Set<string>();
  const ill = new Set<string>();
  owners.forEach((owner, row) => {
    const { patientId } = stays[owner];
    all.add(patientId);
    if (outcomes[row] === 1) ill.add(patientId);
  });
  return { patients: all.size, events: ill.size };
}

function requireEnough(
  counts: readonly { readonly output: ModelOutput; readonly patients: number; readonly events: number }[],
  form: Form,
): void {
  const least = LEAST_PATIENTS[form];
  const short = counts.filter(({ patients, events }) => Math.min(events, patients - events) < least);
  if (short.length === 0) return;
  const which = short
    .map(({ output, patients, events }) => `${output} has ${events} with and ${patients - events} without`)
    .join(', ');
  throw new WardstreamError(
    'WS_SOURCE',
    `too few patients: ${form} recalibration needs ${least} with the outcome and ${least} without, but ${which}; give more history, or name other outputs with --output`,
  );
}

/** @throws WardstreamError `WS_SOURCE` where nothing rises. */
function curveOf(output: ModelOutput, rows: Foretold, form: Form, whom: string): Curve {
  const fault = (what: string) =>
    new WardstreamError(
      'WS_SOURCE',
      `${output} cannot be recalibrated: ${what} on ${whom}, and the ranking must not change; the model does not fit these patients`,
    );
  if (form === 'isotonic') {
    const curve = fitIsotonic(rows);
    if (curve === null) throw fault('what came about does not rise with it');
    return curve;
  }
  const { intercept, slope } = fitLine(rows);
  if (Number.isNaN(slope)) throw fault('it has no slope');
  if (slope <= 0) throw fault(`its slope is ${slope.toFixed(3)}`);
  return { form, intercept, slope };
}

function subsetOf({ logits, outcomes }: Foretold, keep: (row: number) => boolean): Foretold {
  const rows = Uint32Array.from(logits, (_, row) => row).filter(keep);
  return {
    logits: Float64Array.from(rows, (row) => logits[row]),
    outcomes: Uint8Array.from(rows, (row) => outcomes[row]),
  };
}

/** Calibration of rows; whole patients are drawn for the intervals. */
export function calibrationOf(
  rows: OutputRows,
  stays: readonly ObservedStay[],
  options: BootstrapOptions,
): Calibration {
  const { logits, outcomes, owners } = rows;
  const ranking = rank(
    logits.map((logit) => 1 / (1 + Math.exp(-logit))),
    outcomes,
  );
  const line = fitLine(rows);
  const intercept = fitIntercept(rows);
  const drawn = new Uint32Array(owners.length);
  const figures = (weights: Weights) => {
    for (let row = 0; row < owners.length; row++) drawn[row] = weights[owners[row]];
    return [
      fitLine(rows, drawn, line).slope,
      fitIntercept(rows, drawn, intercept),
      expectedCalibrationError(ranking, CALIBRATION_BINS, drawn),
      brier(ranking, drawn),
    ];
  };
  const intervals = bootstrapStays(stays, options, figures);
  const values = [line.slope, intercept, expectedCalibrationError(ranking), brier(ranking)];
  const [slope, shift, ece, score] = values.map((value, index) => ({ value, interval: intervals[index] }));
  return { slope, intercept: shift, ece, brier: score };
}
