import { type ObservedStay, watchHours } from '../cohort/stays.js';
import type { AlertRule } from '../settings/config.js';
import type { Label } from '../sources/labels.js';
import { alarmFigures, cohortAlarms, HYLAND_RULES } from './alarms.js';
import type { BootstrapOptions } from './bootstrap.js';
import { CALIBRATION_BINS, expectedCalibrationError } from './calibration.js';
import { line } from './cases.js';
import { delong, type PairedAurocs } from './delong.js';
import { alarmThreshold, BROUGHT_IN_MS, type Endpoint, modelSignal, monitoredBy } from './events.js';
import { areas } from './metrics.js';
import { type Estimate, estimate, HOURS, sampleAt } from './mortality.js';
import { rank } from './ranking.js';

/** Patients shown at most. */
const MOST_DISAGREEMENTS = 10;

/** Both models at one hour, on the same patients. */
export interface ComparedHour {
  readonly hour: number;
  readonly patients: number;
  readonly auroc: { readonly a: Estimate; readonly b: Estimate; readonly difference: PairedAurocs };
  /** A less B, by paired bootstrap. */
  readonly auprc: { readonly a: Estimate; readonly b: Estimate; readonly difference: Estimate };
  readonly ece: { readonly a: Estimate; readonly b: Estimate; readonly difference: Estimate };
}

/** Both models' alarms against one endpoint, each at its own threshold. */
export interface ComparedEndpoint {
  readonly id: string;
  readonly label: string;
  readonly thresholds: readonly [a: number, b: number];
  readonly recall: readonly [a: Estimate, b: Estimate, difference: Estimate];
  readonly precision: readonly [a: Estimate, b: Estimate, difference: Estimate];
  readonly alarmsPerPatientDay: readonly [a: Estimate, b: Estimate, difference: Estimate];
}

/** A stay of which the models think differently. */
export interface Disagreement {
  readonly patientId: string;
  readonly stayId: string;
  readonly outcome: boolean;
  /** Risk by the last score. */
  readonly a: number;
  readonly b: number;
  /** The hour of the last score, since the patient's first admission. */
  readonly at: number;
  readonly lines: Readonly<Record<'a' | 'b', readonly (readonly [hour: number, value: number])[]>>;
}

export interface Comparison {
  readonly a: string;
  readonly b: string;
  readonly hours: readonly ComparedHour[];
  readonly endpoints: readonly ComparedEndpoint[];
  readonly disagreements: readonly Disagreement[];
}

/** Two models on the same stays: `stays` scored by A, `others` the same ones by B, in the same order. */
export function compareModels(
  names: readonly [a: string, b: string],
  stays: readonly ObservedStay[],
  others: readonly ObservedStay[],
  labelOf: (stay: ObservedStay) => Label,
  endpoints: readonly Endpoint[],
  rules: readonly AlertRule[],
  options: BootstrapOptions,
): Comparison {
  const risks = stays.map((stay, index) => ({
    stay,
    other: others[index],
    a: lastRisk(stay),
    b: lastRisk(others[index]),
  }));
  const hourOf = watchHours(stays);
  return {
    a: names[0],
    b: names[1],
    hours: HOURS.map((hour) => compareHour(hour, stays, others, labelOf, options)),
    endpoints: endpoints.map((endpoint) => compareEndpoint(endpoint, stays, others, rules, options)),
    disagreements: risks
      .filter(({ a, b }) => a !== b)
      .sort((first, second) => Math.abs(second.a - second.b) - Math.abs(first.a - first.b))
      .slice(0, MOST_DISAGREEMENTS)
      .map(({ stay, other, a, b }) => ({
        patientId: stay.patientId,
        stayId: stay.stayId,
        outcome: labelOf(stay).happened,
        a,
        b,
        at: hourOf(stay, stay.times[stay.times.length - 1]),
        lines: { a: line(stay, 'model', 1), b: line(other, 'model', 1) },
      })),
  };
}

function compareHour(
  hour: number,
  stays: readonly ObservedStay[],
  others: readonly ObservedStay[],
  labelOf: (stay: ObservedStay) => Label,
  options: BootstrapOptions,
): ComparedHour {
  const { signals: one, outcomes } = sampleAt(stays, labelOf, hour);
  const { signals: other } = sampleAt(others, labelOf, hour);
  const [a, b] = [rank(one.model, outcomes), rank(other.model, outcomes)];
  const estimates = estimate(outcomes.length, options, (weights) => {
    const figures = [a, b].map((ranking) => {
      const { auroc, auprc } = areas(ranking, weights);
      return [auroc, auprc, expectedCalibrationError(ranking, CALIBRATION_BINS, weights)];
    });
    return [...figures[0], ...figures[1], ...figures[0].map((value, index) => value - figures[1][index])];
  });
  return {
    hour,
    patients: outcomes.length,
    auroc: { a: estimates[0], b: estimates[3], difference: delong(one.model, other.model, outcomes) },
    auprc: { a: estimates[1], b: estimates[4], difference: estimates[7] },
    ece: { a: estimates[2], b: estimates[5], difference: estimates[8] },
  };
}

function compareEndpoint(
  endpoint: Endpoint,
  stays: readonly ObservedStay[],
  others: readonly ObservedStay[],
  rules: readonly AlertRule[],
  options: BootstrapOptions,
): ComparedEndpoint {
  const events = stays.map(endpoint.eventsOf);
  const sides = [stays, others].map((of) => {
    const signal = modelSignal(endpoint, of);
    const { threshold } = alarmThreshold(signal, rules, of, events);
    return cohortAlarms(monitoredBy(signal, of, events), threshold, HYLAND_RULES, BROUGHT_IN_MS);
  });
  const estimates = estimate(stays.length, options, (weights) => {
    const [a, b] = sides.map((side) => {
      const { recall, precision, alarmsPerPatientDay } = alarmFigures(side, weights);
      return [recall, precision, alarmsPerPatientDay];
    });
    return [...a, ...b, ...a.map((value, index) => value - b[index])];
  });
  const triple = (figure: number) =>
    [estimates[figure], estimates[3 + figure], estimates[6 + figure]] as const;
  return {
    id: endpoint.id,
    label: endpoint.label,
    thresholds: [sides[0].threshold, sides[1].threshold],
    recall: triple(0),
    precision: triple(1),
    alarmsPerPatientDay: triple(2),
  };
}

function lastRisk({ signals }: ObservedStay): number {
  return signals.model[signals.model.length - 1];
}
