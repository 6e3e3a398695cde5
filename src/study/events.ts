import { NEWS2_EMERGENCY } from '../clinical/news2.js';
import {
  BROUGHT_IN_MS,
  eitherOf,
  type Onset,
  type OnsetId,
  onsetsOf,
  WASH_OUT_MS,
} from '../clinical/onsets.js';
import type { ObservedStay, SignalId } from '../cohort/stays.js';
import type { ForecastId } from '../contract/outcomes.js';
import { HOUR_MS } from '../durations.js';
import type { AlertRule } from '../settings/config.js';
import { thresholdAtBurden, thresholdsOf } from './alarm-thresholds.js';
import {
  type AlarmFigures,
  alarmFigures,
  alarmSweep,
  type CohortAlarms,
  cohortAlarms,
  HYLAND_RULES,
  watched,
} from './alarms.js';
import type { BootstrapOptions } from './bootstrap.js';
import { MonitoredStays, type StudiedEvent, type Watch } from './monitored.js';
import { type Estimate, estimateByName } from './mortality.js';
import type { Weights } from './ranking.js';
import { BASELINES, type Signal, thresholdLabel } from './signals.js';

/** Thresholds of the model's curve at most, and of a baseline's. */
const MODEL_THRESHOLDS = 201;
const BASELINE_THRESHOLDS = 61;

export { BROUGHT_IN_MS };

/** What of a stay endpoints are told from. */
type ChartedStay = Pick<ObservedStay, 'charted' | 'admittedAt'>;

/** Something that happens during a stay and should have been foreseen. */
export interface Endpoint {
  readonly id: EndpointId;
  readonly label: string;
  /** The model's output that foretells it, where it has one. */
  readonly output: ForecastId;
  /** Kinds of onsets of which it is any. */
  readonly kinds: readonly OnsetId[];
  /** So long after an event no other can begin. */
  readonly washOutMs: number;
  /** Events, ascending and without overlap; those that were brought in are none to be foretold. */
  readonly eventsOf: (stay: ChartedStay) => Onset[];
  /** Onsets of each kind, also those that begin while another kind is there; ascending. */
  readonly onsetsOf: (stay: ChartedStay) => Onset[];
}
export type EndpointId = 'deterioration' | 'hypotension' | 'circulatoryFailure' | 'respiratoryFailure';

function endpoint(id: EndpointId, output: ForecastId, label: string, kinds: readonly OnsetId[]): Endpoint {
  const ofKinds = ({ charted, admittedAt }: ChartedStay) =>
    kinds.map((kind) => onsetsOf(kind, charted, admittedAt));
  return {
    ...{ id, output, label, kinds },
    washOutMs: kinds.length === 1 ? WASH_OUT_MS : 0,
    eventsOf: (stay) => eitherOf(ofKinds(stay)),
    onsetsOf: (stay) =>
      ofKinds(stay)
        .flat()
        .sort((a, b) => a.start - b.start),
  };
}

/** The first is the headline. */
export const ENDPOINTS: readonly Endpoint[] = [
  endpoint('deterioration', 'deterioration', 'Hypotension or respiratory failure', [
    'hypotension',
    'respiratory',
  ]),
  endpoint('hypotension', 'hypotension', 'Hypotension', ['hypotension']),
  endpoint('circulatoryFailure', 'circulatory', 'Circulatory failure (published)', ['circulatory']),
  endpoint('respiratoryFailure', 'respiratory', 'Respiratory failure', ['respiratory']),
];

/** Events of one endpoint told from a whole chart. */
export function endpointEvents(id: EndpointId, stay: ChartedStay): Onset[] {
  return ENDPOINTS.filter((each) => each.id === id).flatMap(({ eventsOf }) => eventsOf(stay));
}

/** Figures at one threshold with 95 % intervals. */
export interface OperatingPoint {
  readonly label: string;
  /** In the signal's own unit. */
  readonly threshold: number;
  readonly figures: AlarmFigures;
  readonly recall: Estimate;
  readonly precision: Estimate;
  readonly alarmsPerPatientDay: Estimate;
  readonly medianLeadHours: Estimate;
}

/** A baseline at a threshold clinicians know, and the model at a threshold that alarms at most as often. */
export interface EqualBurden {
  readonly signal: string;
  readonly baseline: OperatingPoint;
  /** Null where even the model's highest threshold alarms more often. */
  readonly model: OperatingPoint | null;
  /** Model less baseline, by paired bootstrap. */
  readonly recallDifference: Estimate | null;
  readonly precisionDifference: Estimate | null;
}

/** One point of the curve over thresholds. */
export interface SweepPoint extends AlarmFigures {
  readonly threshold: number;
}

/** Event-based alarm evaluation against one endpoint. */
export interface EndpointFigures {
  readonly id: string;
  readonly label: string;
  /** Stays with at least one event that counts. */
  readonly staysWithEvents: number;
  /** All events; those that count are fewer, without those brought in or never watched before. */
  readonly allEvents: number;
  readonly events: number;
  /** Which of the model's outputs alarms. */
  readonly signal: SignalId;
  /** Whether its threshold is a rule's of the configuration, or that of the burden of NEWS2 ≥ 7. */
  readonly isConfigured: boolean;
  readonly model: OperatingPoint;
  readonly comparisons: readonly EqualBurden[];
  /** Over the whole range of thresholds, ascending. */
  readonly sweeps: Readonly<Record<string, readonly SweepPoint[]>>;
  /** Events caught by lead time of the first alarm, per hour of the horizon: [0, 1) h … [7, 8] h. At `model.threshold`. */
  readonly leadHistogram: readonly number[];
}

/** Stays as alarms see them, as a copy: a stay's own lists may be in a file. */
export function watchOf(stays: readonly ObservedStay[]): Watch {
  const offsets = new Uint32Array(stays.length + 1);
  stays.forEach(({ times }, place) => {
    offsets[place + 1] = offsets[place] + times.length;
  });
  const times = new Float64Array(offsets[stays.length]);
  stays.forEach((stay, place) => {
    times.set(stay.times, offsets[place]);
  });
  return {
    times,
    offsets,
    starts: Float64Array.from(stays, ({ admittedAt }) => admittedAt),
    ends: Float64Array.from(stays, ({ endAt }) => endAt),
  };
}

/**
 * Stays as alarms of one signal against one endpoint see them; `watch` where it is at hand. `signal` is written over: of what was
 * monitored by way of it before, only figures are left.
 */
export function monitoredBy(
  { id, sign }: Pick<Signal, 'id' | 'sign'>,
  stays: readonly ObservedStay[],
  events: readonly (readonly StudiedEvent[])[],
  watch = watchOf(stays),
  signal = new Float64Array(watch.times.length),
): MonitoredStays {
  stays.forEach(({ signals }, place) => {
    signal.set(signals[id], watch.offsets[place]);
  });
  if (sign === -1) for (let at = 0; at < signal.length; at++) signal[at] = -signal[at];
  return new MonitoredStays(watch, signal, events);
}

/** The model as a signal for an endpoint: its own output where it has one, else the risk of death. */
export function modelSignal({ output }: Endpoint, stays: readonly ObservedStay[]): Signal {
  const hasOutput = stays.some(({ signals }) => signals[output].some((value) => !Number.isNaN(value)));
  return hasOutput ? { ...MODEL, id: output, label: `Model’s ${output} risk` } : MODEL;
}

/**
 * The probability at which the model alarms for an endpoint: the rule's of the configuration; without one, that at which it alarms
 * as often as NEWS2 ≥ 7.
 */
export function alarmThreshold(
  { id }: Signal,
  rules: readonly AlertRule[],
  stays: readonly ObservedStay[],
  events: readonly (readonly StudiedEvent[])[],
  watch = watchOf(stays),
): { readonly threshold: number; readonly isConfigured: boolean } {
  const rule = rules.find(({ signal }) => signal === (id === 'model' ? 'mortality' : id));
  if (rule !== undefined) return { threshold: rule.raiseAt, isConfigured: true };
  const signal = new Float64Array(watch.times.length);
  const monitored = (by: SignalId) => monitoredBy({ id: by, sign: 1 }, stays, events, watch, signal);
  const { alarmsPerPatientDay } = alarmFigures(
    cohortAlarms(monitored('news2'), NEWS2_EMERGENCY, HYLAND_RULES, BROUGHT_IN_MS),
  );
  const most = Number.isNaN(alarmsPerPatientDay) ? 0 : alarmsPerPatientDay;
  const threshold = thresholdAtBurden(monitored(id), most, HYLAND_RULES);
  return { threshold: threshold ?? 1, isConfigured: false };
}

/** Evaluates one endpoint at the alerts' configured thresholds; `watch` where it is at hand. */
export function endpointFigures(
  endpoint: Endpoint,
  stays: readonly ObservedStay[],
  rules: readonly AlertRule[],
  options: BootstrapOptions,
  watch = watchOf(stays),
): EndpointFigures {
  const events = stays.map(endpoint.eventsOf);
  const signal = modelSignal(endpoint, stays);
  const { threshold, isConfigured } = alarmThreshold(signal, rules, stays, events, watch);
  const model = monitoredBy(signal, stays, events, watch);
  const once = new Float64Array(watch.times.length);
  const at = (of: MonitoredStays, value: number) => cohortAlarms(of, value, HYLAND_RULES, BROUGHT_IN_MS);
  const sweep = (of: MonitoredStays, { sign }: Pick<Signal, 'sign'>, most: number) => {
    const thresholds = thresholdsOf(of, most);
    const figures = alarmSweep(of, thresholds, HYLAND_RULES, BROUGHT_IN_MS);
    return figures.map((each, index) => ({ ...each, threshold: sign * thresholds[index] }));
  };
  const sweeps: Record<string, SweepPoint[]> = { model: sweep(model, MODEL, MODEL_THRESHOLDS) };
  const headline = at(model, threshold);
  const pairs: Pair[] = [];
  for (const baselineSignal of BASELINES) {
    const of = monitoredBy(baselineSignal, stays, events, watch, once);
    const sweepOf = sweep(of, baselineSignal, BASELINE_THRESHOLDS);
    sweeps[baselineSignal.id] = baselineSignal.sign === 1 ? sweepOf : sweepOf.reverse();
    for (const known of baselineSignal.thresholds) {
      const baseline = at(of, baselineSignal.sign * known);
      const most = alarmFigures(baseline).alarmsPerPatientDay;
      const same = thresholdAtBurden(model, most, HYLAND_RULES);
      pairs.push({ signal: baselineSignal, known, baseline, model: same === null ? null : at(model, same) });
    }
  }
  return {
    id: endpoint.id,
    label: endpoint.label,
    staysWithEvents: headline.events.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0),
    allEvents: events.reduce((sum, { length }) => sum + length, 0),
    events: alarmFigures(headline).events,
    signal: signal.id,
    isConfigured,
    ...withIntervals(signal, headline, pairs, options),
    sweeps,
    leadHistogram: histogram(headline.leads),
  };
}

/** The model as a signal; its threshold is the configuration's. */
export const MODEL: Signal = {
  id: 'model',
  label: 'Model risk',
  sign: 1,
  thresholds: [],
  unit: '',
  source: '',
};

/** A baseline at a known threshold, and the model at its burden. */
interface Pair {
  readonly signal: Signal;
  readonly known: number;
  readonly baseline: CohortAlarms;
  readonly model: CohortAlarms | null;
}

/** Intervals of all operating points and differences from the same resamples, so that differences are paired. */
function withIntervals(
  own: Signal,
  headline: CohortAlarms,
  pairs: readonly Pair[],
  options: BootstrapOptions,
): Pick<EndpointFigures, 'model' | 'comparisons'> {
  const estimates = estimateByName(headline.hours.length, options, (weights?: Weights) => {
    const all = watched(headline, weights);
    const figuresOf = (cohort: CohortAlarms) => {
      const figures = alarmFigures(cohort, weights, all);
      const { recall, precision, alarmsPerPatientDay, medianLeadHours } = figures;
      return { recall, precision, alarmsPerPatientDay, medianLeadHours };
    };
    return {
      headline: figuresOf(headline),
      pairs: pairs.map((pair) => {
        const baseline = figuresOf(pair.baseline);
        const model = figuresOf(pair.model ?? pair.baseline);
        const difference = {
          recall: model.recall - baseline.recall,
          precision: model.precision - baseline.precision,
        };
        return { baseline, model, difference };
      }),
    };
  });
  const pointOf = (
    signal: Signal,
    threshold: number,
    cohort: CohortAlarms,
    estimated: typeof estimates.headline,
  ): OperatingPoint => ({
    label: thresholdLabel(signal, threshold),
    threshold,
    figures: alarmFigures(cohort),
    ...estimated,
  });
  const comparisons = pairs.map(({ signal, known, baseline, model }, index): EqualBurden => {
    const of = estimates.pairs[index];
    return {
      signal: signal.id,
      baseline: pointOf(signal, known, baseline, of.baseline),
      model: model === null ? null : pointOf(own, model.threshold, model, of.model),
      recallDifference: model === null ? null : of.difference.recall,
      precisionDifference: model === null ? null : of.difference.precision,
    };
  });
  return { model: pointOf(own, headline.threshold, headline, estimates.headline), comparisons };
}

function histogram(leads: Float64Array): number[] {
  const hours = HYLAND_RULES.horizonMs / HOUR_MS;
  const counts = new Array<number>(hours).fill(0);
  for (const lead of leads) counts[Math.min(hours - 1, Math.floor(lead / HOUR_MS))]++;
  return counts;
}
