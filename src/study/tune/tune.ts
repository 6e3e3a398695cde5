import { scoreCohort } from '../../cohort/scored-cohort.js';
import type { ObservedStay } from '../../cohort/stays.js';
import { ScoringThreads } from '../../cohort/threads.js';
import { FORECAST_IDS } from '../../contract/outcomes.js';
import { DAY_MS } from '../../durations.js';
import { WardstreamError } from '../../errors.js';
import { type AlertRule, type Config, DEFAULT_CONFIG } from '../../settings/config.js';
import { type ClassBurdens, classBurdens } from '../alarm-classes.js';
import type { BootstrapOptions } from '../bootstrap.js';
import { type BurdenFigures, burdenFigures } from '../burden.js';
import { ENDPOINTS, type Endpoint, type EndpointId } from '../events.js';
import {
  type AlertFigures,
  type ConfiguredFigures,
  configuredFigures,
  type Foreseeable,
  foreseeable,
  type NamedPolicy,
} from '../policies.js';
import { raisedBy, type ScoredStay, signalOf } from '../raised-alerts.js';
import { type CurvePoint, figuresOf, type Ground, news2Curve, thresholdCurve } from './curves.js';
import { type Bounds, merit, TuningStays } from './gain.js';
import { halvesOf } from './halves.js';
import { type Found, Search } from './search.js';
import { FORMS, type Form } from './space.js';

/** A policy is as good as another whose merit is higher by no more than this. */
const AS_GOOD = 0.005;
/** Lists of a stay that rules look at. */
const SEARCHED = ['model', ...FORECAST_IDS, 'failing'] as const;

export interface TuneOptions extends BootstrapOptions {
  readonly config: Config;
  /** Where the history is, `KIND:PLACE`. */
  readonly from: string;
  readonly mapping?: string | undefined;
  /** Only the first so many stays. */
  readonly patients?: number | undefined;
  readonly workers: number;
  /** Where scores are kept between runs. */
  readonly scores?: string | undefined;
  /** What alerts should foretell. */
  readonly events: EndpointId;
  /** Alerts a patient-day at most. */
  readonly budget: number;
  /** True alerts of all, at least. */
  readonly precision: number;
  /** Other policies to report on. */
  readonly policies: readonly NamedPolicy[];
  readonly onProgress?: ((what: string, done: number, total: number) => void) | undefined;
  /** Ends scoring early; the policy is then tuned on the stays that were over. */
  readonly signal?: AbortSignal | undefined;
}

/** Who is in one half. */
export interface HalfSize {
  readonly patients: number;
  readonly stays: number;
  readonly patientDays: number;
  /** Events that count. */
  readonly events: number;
}

/** A policy on the half reported on. */
export interface ReportedFigures extends ConfiguredFigures {
  /** Recall of each kind of event that the endpoint is made of, by its label; empty where it has no parts. */
  readonly recallOf: Readonly<Record<string, number>>;
}

/** The best policy of a form, as it was found and on the other half. */
export interface FoundForm {
  readonly form: string;
  readonly label: string;
  readonly tuned: AlertFigures;
  readonly reported: ReportedFigures;
}

/** What a search over policies found. NaN, which JSON writes as null, is a figure that is not defined. */
export interface Tuning {
  readonly from: string;
  readonly model: string;
  readonly events: string;
  readonly budget: number;
  readonly leastPrecision: number;
  readonly seed: number;
  readonly resamples: number;
  readonly partial: boolean;
  readonly scoresDigest: string;
  readonly halves: { readonly tuned: HalfSize; readonly reported: HalfSize };
  /** Policies that were tried. */
  readonly tried: number;
  /** The best of all forms, and the best of each, with the best first. */
  readonly best: FoundForm;
  readonly forms: readonly FoundForm[];
  /** Policies to compare with, on the half reported on: as configured, as shipped, and those named. */
  readonly others: readonly ReportedFigures[];
  readonly burden: BurdenFigures;
  /** What each class of alarms costs beside the policy found. */
  readonly alarmClasses: ClassBurdens;
  /** Over thresholds, on the half reported on. */
  readonly curves: { readonly best: readonly CurvePoint[]; readonly news2: readonly CurvePoint[] };
  readonly seconds: number;
}

/**
 * Searches alert rules under a budget: history is replayed once, or read where it is scored already, and the search goes over these
 * scores. Rules are found on half of the patients; all figures but `tuned` are of the other half, on which nothing is chosen.
 * @throws WardstreamError `WS_USAGE` or `WS_SOURCE` where there is nothing to search on, or no policy within the bounds catches an event.
 */
export async function tune(options: TuneOptions): Promise<Tuning> {
  const started = performance.now();
  const { config, from, mapping, patients, workers, scores: file, signal, seed, resamples } = options;
  const { budget, precision: leastPrecision } = options;
  const threads = new ScoringThreads(workers);
  const scored = await scoreCohort({
    job: { from, patients, mapping, config },
    threads,
    file,
    onProgress: (done, total) => options.onProgress?.('scoring', done, total),
    signal,
  }).finally(() => threads.close());
  const endpoint = ENDPOINTS.find(({ id }) => id === options.events)!;
  const halves = halvesOf(
    scored.stays.filter(({ times }) => times.length > 0),
    seed,
  );
  const on = { tuned: ground(halves.tuned, endpoint), reported: ground(halves.reported, endpoint) };
  checkEvents(on.tuned, on.reported, endpoint);
  const { found, tried } = searched(on.tuned, options);
  const sampling = { seed, resamples };
  const { stays, against } = on.reported;
  const parts = partsOf(endpoint).map((part) => [part.label, ground(stays, part)] as const);
  const judged = (policy: NamedPolicy): ReportedFigures => ({
    ...configuredFigures(policy, raisedBy(policy.rules, stays), stays, against, sampling),
    recallOf: Object.fromEntries(parts.map(([label, part]) => [label, figuresOf(policy.rules, part).recall])),
  });
  const forms = found.map(({ form: { id, label }, rules }) => ({
    form: id,
    label,
    tuned: figuresOf(rules, on.tuned),
    reported: judged({ name: label, rules }),
  }));
  const [best] = forms;
  const raised = raisedBy(best.reported.rules, stays);
  return {
    from,
    model: scored.result.model,
    events: endpoint.label,
    budget,
    leastPrecision,
    seed,
    resamples,
    partial: scored.result.partial === true,
    scoresDigest: scored.result.scoresDigest,
    halves: { tuned: sizeOf(on.tuned), reported: sizeOf(on.reported) },
    tried,
    best,
    forms,
    others: toCompare(options).map(judged),
    burden: burdenFigures(stays, raised, scored.hasClock),
    alarmClasses: classBurdens(stays, best.reported.rules, raised),
    curves: {
      best: thresholdCurve(found[0].form, found[0].candidate, on.reported),
      news2: news2Curve(on.reported),
    },
    seconds: Number(((performance.now() - started) / 1000).toFixed(2)),
  };
}

function ground(stays: readonly ObservedStay[], endpoint: Endpoint): Ground {
  return { stays, against: foreseeable(endpoint, stays) };
}

/** Endpoints of which one is any; none of one that is of a single kind. */
function partsOf({ kinds }: Endpoint): Endpoint[] {
  if (kinds.length === 1) return [];
  return ENDPOINTS.filter((each) => each.kinds.length === 1 && kinds.includes(each.kinds[0]));
}

function sizeOf({ stays, against }: Ground): HalfSize {
  const ms = stays.reduce((sum, { admittedAt, endAt }) => sum + endAt - admittedAt, 0);
  return {
    patients: new Set(stays.map(({ patientId }) => patientId)).size,
    stays: stays.length,
    patientDays: ms / DAY_MS,
    events: eventsIn(against),
  };
}

function eventsIn({ counting }: Foreseeable): number {
  return counting.reduce((sum, { length }) => sum + length, 0);
}

function checkEvents(tuned: Ground, reported: Ground, { label }: Endpoint): void {
  const counts = [tuned, reported].map(({ against }) => eventsIn(against));
  if (counts.every((count) => count > 0)) return;
  const what = `of the event "${label.toLowerCase()}" ${counts[0]} are in the half to tune on and ${counts[1]} in the other`;
  throw new WardstreamError('WS_SOURCE', `${what}: both need some; take more stays, or other --events`);
}

/** The best policy of each form, the best first. @throws WardstreamError `WS_USAGE` where none within the bounds catches an event. */
function searched({ stays, against }: Ground, { budget, precision, seed }: TuneOptions) {
  const on = new TuningStays(stays.map(atHand), against);
  const search = new Search(on, { budget, precision }, seed);
  const found = FORMS.filter((form) => isKnown(form, stays)).flatMap((form) => search.best(form) ?? []);
  if (found.length === 0) {
    const what = `no policy catches an event with as few as ${budget} alerts a patient-day and a precision of ${precision} on these stays`;
    throw new WardstreamError(
      'WS_USAGE',
      `${what}; give a larger --budget, a smaller --precision or more stays`,
    );
  }
  return { found: bestFirst(found, { budget, precision }), tried: search.tried };
}

/** By merit; what is no worse than the best by more than `AS_GOOD` and comes first among the forms, the simpler ones, goes before it. */
function bestFirst(found: readonly Found[], bounds: Bounds): Found[] {
  const meritOf = ({ gain }: Found) => merit(gain, bounds);
  const most = Math.max(...found.map(meritOf));
  const best = found.find((each) => meritOf(each) >= most - AS_GOOD)!;
  return [best, ...found.filter((each) => each !== best).sort((a, b) => meritOf(b) - meritOf(a))];
}

/** Whether the model gives what a form watches, and not what the form stands in for. */
function isKnown({ signals, without }: Form, stays: readonly ObservedStay[]): boolean {
  const isGiven = (signal: AlertRule['signal']) =>
    stays.some((stay) => stay.signals[signalOf({ signal })].some((value) => !Number.isNaN(value)));
  return signals.every(isGiven) && (without === undefined || !isGiven(without));
}

/** A stay with its own lists, since those of kept stays may be in a file, and the search goes over them again and again. */
function atHand({ admittedAt, endAt, times, signals }: ObservedStay): ScoredStay {
  const lists = SEARCHED.map((id) => [id, signals[id].slice()] as const);
  const own = Object.fromEntries(lists) as unknown as ScoredStay['signals'];
  return { admittedAt, endAt, times: times.slice(), signals: own };
}

/** The policies beside the one found: as configured, as shipped, and those named. */
function toCompare({ config, policies }: TuneOptions): NamedPolicy[] {
  const shipped = DEFAULT_CONFIG.alerts.rules;
  const { rules } = config.alerts;
  const isShipped = JSON.stringify(rules) === JSON.stringify(shipped);
  return [
    ...(isShipped ? [] : [{ name: 'as configured', rules }]),
    { name: 'as shipped', rules: shipped },
    ...policies,
  ];
}
