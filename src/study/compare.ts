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
import { type Estimate, estimateByName, HOURS, sampleAt } from './mortality.js';
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
  const estimates = estimateByName(outcomes.length, options, (weights) => {
    const [ofA, ofB] = [a, b].map((ranking) => {
      const { auroc, auprc } = areas(ranking, weights);
      return { auroc, auprc, ece: expectedCalibrationError(ranking, CALIBRATION_BINS, weights) };
    });
    const difference = { auprc: ofA.auprc - ofB.auprc, ece: ofA.ece - ofB.ece };
    return { a: ofA, b: ofB, difference };
  });
  return {
    hour,
    patients: outcomes.length,
    auroc: {
      a: estimates.a.auroc,
      b: estimates.b.auroc,
      difference: delong(one.model, other.model, outcomes),
    },
    auprc: { a: estimates.a.auprc, b: estimates.b.auprc, difference: estimates.difference.auprc },
    ece: { a: estimates.a.ece, b: estimates.b.ece, difference: estimates.difference.ece },
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
  const estimates = estimateByName(stays.length, options, (weights) => {
    const [a, b] = sides.map((side) => {
      const { recall, precision, alarmsPerPatientDay } = alarmFigures(side, weights);
      return { recall, precision, alarmsPerPatientDay };
    });
    const difference = {
      recall: a.recall - b.recall,
      precision: a.precision - b.precision,
      alarmsPerPatientDay: a.alarmsPerPatientDay - b.alarmsPerPatientDay,
    };
    return { a, b, difference };
  });
  const triple = (figure: keyof typeof estimates.a) =>
    [estimates.a[figure], estimates.b[figure], estimates.difference[figure]] as const;
  return {
    id: endpoint.id,
    label: endpoint.label,
    thresholds: [sides[0].threshold, sides[1].threshold],
    recall: triple('recall'),
    precision: triple('precision'),
    alarmsPerPatientDay: triple('alarmsPerPatientDay'),
  };
}

function lastRisk({ signals }: ObservedStay): number {
  return signals.model[signals.model.length - 1];
}
