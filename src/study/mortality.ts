import { lastMoment, type ObservedStay, type SignalId } from '../cohort/stays.js';
import { HOUR_MS } from '../durations.js';
import type { Label } from '../sources/labels.js';
import { type BootstrapOptions, bootstrap, type Interval95 } from './bootstrap.js';
import {
  CALIBRATION_BINS,
  expectedCalibrationError,
  type HosmerLemeshow,
  hosmerLemeshow,
  type ReliabilityBin,
  reliabilityCurve,
} from './calibration.js';
import { delong, type PairedAurocs } from './delong.js';
import { areas, brier, crossFittedScore1, decisionCurve, type NetBenefit } from './metrics.js';
import { type Ranking, rank, type Weights } from './ranking.js';
import { BASELINES } from './signals.js';

/** Hours since admission at which a stay is judged by its last score so far. */
export const HOURS = [6, 12, 24, 48] as const;
/** Threshold probabilities of the decision curve. */
const DECISION_THRESHOLDS = Array.from({ length: 60 }, (_, index) => (index + 1) / 100);
export const SCORE1_FOLDS = 5;
/** What is asked of a stay at an hour; high means danger. */
const SAMPLED = [{ id: 'model', sign: 1 }, ...BASELINES] as const;

/** A figure with its 95 % interval. */
export interface Estimate {
  readonly value: number;
  readonly interval: Interval95;
}

/** Discrimination of one signal at one hour. */
export interface Discrimination {
  readonly auroc: Estimate;
  readonly auprc: Estimate;
  /** Stays in which the signal was not known at the hour: ranked below all others. */
  readonly unknown: number;
}

/** A baseline beside the model: `model.first − baseline.second` by DeLong. */
export interface ComparedDiscrimination extends Discrimination {
  readonly difference: PairedAurocs;
}

/** Death in hospital, told by the last score at or before an hour. */
export interface HourFigures {
  readonly hour: number;
  /** Stays with a score by then. */
  readonly patients: number;
  readonly deaths: number;
  readonly model: Discrimination & {
    readonly score1: Estimate;
    readonly ece: Estimate;
    readonly brier: Estimate;
  };
  readonly hosmerLemeshow: HosmerLemeshow;
  readonly reliability: readonly ReliabilityBin[];
  readonly decision: readonly NetBenefit[];
  readonly baselines: Readonly<Record<string, ComparedDiscrimination>>;
}

/** Stays at an hour: whose, what each signal said, how it ended. Shapes [stays with a score by then]. */
export interface HourSample {
  readonly stays: readonly ObservedStay[];
  readonly outcomes: Uint8Array;
  readonly signals: Readonly<Record<SignalId, Float64Array>>;
}

/**
 * The last score of every stay at or before an hour; a signal not known ranks below all others (−∞). Where the outcome has an
 * onset, stays in which it lies at or before the hour are left out: there is nothing left to foretell.
 */
export function sampleAt(
  stays: readonly ObservedStay[],
  labelOf: (stay: ObservedStay) => Label,
  hour: number,
): HourSample {
  const values = SAMPLED.map(() => new Float64Array(stays.length));
  const scored = stays.filter((stay) => isAsked(stay, labelOf(stay), hour));
  scored.forEach((stay, place) => {
    const moment = momentAt(stay, hour);
    SAMPLED.forEach(({ id, sign }, signal) => {
      const value = stay.signals[id][moment];
      values[signal][place] = Number.isNaN(value) ? Number.NEGATIVE_INFINITY : sign * value;
    });
  });
  return {
    stays: scored,
    outcomes: Uint8Array.from(scored, (stay) => (labelOf(stay).happened ? 1 : 0)),
    signals: Object.fromEntries(
      SAMPLED.map(({ id }, signal) => [id, values[signal].slice(0, scored.length)]),
    ) as Record<SignalId, Float64Array>,
  };
}

/** Whether there is a score by an hour, and the outcome still to be foretold. */
export function isAsked(stay: ObservedStay, { onsetMs }: Label, hour: number): boolean {
  return !(onsetMs !== null && onsetMs <= hour * HOUR_MS) && momentAt(stay, hour) >= 0;
}

/** Place of the last score at or before an hour, or −1. */
export function momentAt({ times, admittedAt }: ObservedStay, hour: number): number {
  return lastMoment(times, admittedAt + hour * HOUR_MS);
}

/** All figures of one hour. `fittedHere` says that the model's probabilities were fitted to these patients. */
export function hourFigures(
  hour: number,
  sample: HourSample,
  folds: Uint8Array,
  fittedHere: boolean,
  options: BootstrapOptions,
): HourFigures {
  const { outcomes, signals } = sample;
  const model = rank(signals.model, outcomes);
  const others = BASELINES.map(({ id }) => rank(signals[id], outcomes));
  const areasOf = (ranking: Ranking, weights?: Weights) => {
    const { auroc, auprc } = areas(ranking, weights);
    return { auroc, auprc };
  };
  const estimates = estimateByName(outcomes.length, options, (weights) => ({
    model: {
      ...areasOf(model, weights),
      score1: crossFittedScore1(model, folds, SCORE1_FOLDS, weights),
      ece: expectedCalibrationError(model, CALIBRATION_BINS, weights),
      brier: brier(model, weights),
    },
    others: others.map((other) => areasOf(other, weights)),
  }));
  const baselines = BASELINES.map(({ id }, index) => [
    id,
    {
      ...estimates.others[index],
      unknown: unknownIn(others[index]),
      difference: delong(signals.model, signals[id], outcomes),
    },
  ]);
  return {
    hour,
    patients: outcomes.length,
    deaths: outcomes.reduce((sum, outcome) => sum + outcome, 0),
    model: { ...estimates.model, unknown: 0 },
    hosmerLemeshow: hosmerLemeshow(model, fittedHere),
    reliability: reliabilityCurve(model),
    decision: decisionCurve(model, DECISION_THRESHOLDS),
    baselines: Object.fromEntries(baselines),
  };
}

/** Figures over all patients with their bootstrap intervals. */
export function estimate(
  patients: number,
  options: BootstrapOptions,
  figures: (weights?: Weights) => readonly number[],
): Estimate[] {
  const intervals = bootstrap(patients, options, figures);
  return figures().map((value, index) => ({ value, interval: intervals[index] ?? [Number.NaN, Number.NaN] }));
}

/** What stands in the place of each figure: its estimate. */
export type Estimates<Figures> = {
  readonly [Name in keyof Figures]: Figures[Name] extends number ? Estimate : Estimates<Figures[Name]>;
};

/** As `estimate`, of figures in objects and lists, whose names and lengths are the same every time. */
export function estimateByName<Figures extends object>(
  patients: number,
  options: BootstrapOptions,
  figures: (weights?: Weights) => Figures,
): Estimates<Figures> {
  const estimates = estimate(patients, options, (weights) => numbersOf(figures(weights))).values();
  const named = (of: object): object => {
    const entries = Object.entries(of).map(([name, value]) => [
      name,
      typeof value === 'number' ? estimates.next().value : named(value),
    ]);
    return Array.isArray(of) ? entries.map(([, value]) => value) : Object.fromEntries(entries);
  };
  return named(figures()) as Estimates<Figures>;
}

/** All numbers, in the order of their names. */
function numbersOf(figures: object): number[] {
  return Object.values(figures).flatMap((value) => (typeof value === 'number' ? value : numbersOf(value)));
}

function unknownIn({ scores }: Ranking): number {
  return scores.reduce((sum, score) => sum + (score === Number.NEGATIVE_INFINITY ? 1 : 0), 0);
}
