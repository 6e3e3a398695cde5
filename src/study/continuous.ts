import type { ObservedStay, SignalId } from '../cohort/stays.js';
import { HOUR_MS } from '../durations.js';
import type { Label } from '../sources/labels.js';
import { HYLAND_RULES } from './alarms.js';
import { askedHours, valuesAt } from './asked-hours.js';
import type { BootstrapOptions } from './bootstrap.js';
import { type Endpoint, modelSignal } from './events.js';
import { areas, crossFittedScore1 } from './metrics.js';
import { type Estimate, estimate, SCORE1_FOLDS, sampleAt } from './mortality.js';
import { rank, type Weights } from './ranking.js';

const STEP_HOURS = 2;
const LAST_HOUR = 48;
/** Resamples of figures over all moments at most: each goes over every hour of every stay. */
const MOST_RESAMPLES = 200;

/** The outcome foretold at one hour since admission. */
export interface CurvePoint {
  readonly hour: number;
  readonly patients: number;
  readonly auroc: Estimate;
  readonly auprc: Estimate;
  readonly score1: Estimate;
}

/** An endpoint foretold at every full hour: is there an onset within the horizon? */
export interface MomentFigures {
  readonly id: string;
  readonly label: string;
  readonly horizonHours: number;
  /** Hours of stays that count: not during an event. */
  readonly moments: number;
  /** Those followed by an onset within the horizon. */
  readonly positive: number;
  readonly signals: readonly {
    readonly id: SignalId;
    readonly label: string;
    readonly auroc: Estimate;
    readonly auprc: Estimate;
  }[];
}

/** AUROC, AUPRC and Score1 of the model by hours since admission. */
export function outcomeCurve(
  stays: readonly ObservedStay[],
  labelOf: (stay: ObservedStay) => Label,
  foldsOf: (size: number) => Uint8Array,
  options: BootstrapOptions,
): CurvePoint[] {
  const longest =
    stays.reduce((most, { admittedAt, endAt }) => Math.max(most, endAt - admittedAt), 0) / HOUR_MS;
  const hours = Array.from({ length: LAST_HOUR / STEP_HOURS }, (_, index) => (index + 1) * STEP_HOURS);
  return hours
    .filter((hour) => hour < longest + STEP_HOURS)
    .map((hour) => {
      const { signals, outcomes } = sampleAt(stays, labelOf, hour);
      const ranking = rank(signals.model, outcomes);
      const folds = foldsOf(outcomes.length);
      const [area, precision, score1] = estimate(outcomes.length, options, (weights) => {
        const { auroc, auprc } = areas(ranking, weights);
        return [auroc, auprc, crossFittedScore1(ranking, folds, SCORE1_FOLDS, weights)];
      });
      return { hour, patients: outcomes.length, auroc: area, auprc: precision, score1 };
    });
}

/**
 * Discrimination over all hours of all stays, as Hyland et al. 2020 evaluate time points: at every full hour since admission that is
 * not within an event, the newest score against an onset within the next 8 hours. Resampled by patient.
 */
export function momentFigures(
  endpoint: Endpoint,
  stays: readonly ObservedStay[],
  { seed, resamples }: BootstrapOptions,
): MomentFigures {
  const ids: readonly SignalId[] = [modelSignal(endpoint, stays).id, 'news2'];
  const asked = askedHours(endpoint, stays);
  const { owners, outcomes } = asked;
  const { length } = owners;
  const rankings = ids.map((id) => {
    const values = valuesAt(asked, stays, id);
    return rank(
      values.map((value) => (Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value)),
      outcomes,
    );
  });
  const expanded = new Uint32Array(length);
  const options = { seed, resamples: Math.min(MOST_RESAMPLES, resamples) };
  const estimates = estimate(stays.length, options, (weights?: Weights) => {
    if (weights !== undefined) {
      for (let index = 0; index < expanded.length; index++) expanded[index] = weights[owners[index]];
    }
    const drawn = weights === undefined ? undefined : expanded;
    return rankings.flatMap((ranking) => {
      const { auroc, auprc } = areas(ranking, drawn);
      return [auroc, auprc];
    });
  });
  return {
    id: endpoint.id,
    label: endpoint.label,
    horizonHours: HYLAND_RULES.horizonMs / HOUR_MS,
    moments: length,
    positive: outcomes.reduce((total, each) => total + each, 0),
    signals: ids.map((id, index) => ({
      id,
      label: id === 'news2' ? 'NEWS2' : 'This model',
      auroc: estimates[2 * index],
      auprc: estimates[2 * index + 1],
    })),
  };
}
