import type { ScoredCohort } from '../cohort/scored-cohort.js';
import { inMemory, type ObservedStay, SIGNALS } from '../cohort/stays.js';
import { ScoringThreads } from '../cohort/threads.js';
import { STANDARD_VARIANTS, variantOf } from '../cohort/variants.js';
import { loadModel } from '../inference/model.js';
import type { ReplayResult } from '../replay/replay.js';
import type { AlertRule, Config } from '../settings/config.js';
import { Random } from '../simulate/random.js';
import type { Label } from '../sources/labels.js';
import { readOutcomes } from '../sources/outcomes.js';
import { type ClassBurdens, classBurdens } from './alarm-classes.js';
import { cohortAlarms, HYLAND_RULES } from './alarms.js';
import type { BootstrapOptions } from './bootstrap.js';
import { type BurdenFigures, burdenFigures } from './burden.js';
import { type Cases, casesOf } from './cases.js';
import { type Cohort, cohortOf, type Flow, flowOf } from './cohort.js';
import { type Comparison, compareModels } from './compare.js';
import { type CurvePoint, type MomentFigures, momentFigures, outcomeCurve } from './continuous.js';
import {
  BROUGHT_IN_MS,
  ENDPOINTS,
  type Endpoint,
  type EndpointFigures,
  endpointFigures,
  monitoredBy,
  watchOf,
} from './events.js';
import { type ScoredHistory, SUBGROUP_HOUR, scoredHistory, type Varied } from './history.js';
import { HOURS, type HourFigures, hourFigures, SCORE1_FOLDS, sampleAt } from './mortality.js';
import {
  type ConfiguredFigures,
  configuredFigures,
  foreseeable,
  type NamedPolicy,
  type PolicyFigures,
  policyFigures,
} from './policies.js';
import { raisedBy } from './raised-alerts.js';
import { type Sensitivity, sensitivityFigures } from './sensitivity.js';
import { type SubgroupAlarms, subgroupAlarms } from './subgroup-alarms.js';
import { type SubgroupFigures, subgroupFigures } from './subgroups.js';
import { countTrainedOn, type OutOfFold, readOutOfFold } from './training.js';

export interface ValidationOptions extends BootstrapOptions {
  readonly config: Config;
  /** Where the history is, `KIND:PLACE`. */
  readonly from: string;
  /** A user's file over the table of codes. */
  readonly mapping?: string | undefined;
  /** By default the one that belongs to the source. */
  readonly outcomes?: string | undefined;
  /** Only the first so many stays. */
  readonly patients?: number | undefined;
  /** Threads that score; by default 1. */
  readonly workers?: number | undefined;
  /** Where scores are kept between runs. */
  readonly scores?: string | undefined;
  /** Another model to compare with. */
  readonly against?: string | undefined;
  readonly policies?: readonly NamedPolicy[] | undefined;
  /** Stays scored again with data late, missing or lost; 0: none. By default 0. */
  readonly sensitivity?: number | undefined;
  readonly onProgress?: ((what: string, done: number, total: number) => void) | undefined;
  /** Ends scoring early; what is judged then is partial. */
  readonly signal?: AbortSignal | undefined;
}

/** Everything a validation found. NaN, which JSON writes as null, is a figure that is not defined. */
export interface Validation {
  readonly from: string;
  /** What the model is asked to foretell of each stay: `death in hospital`, or what the source's labels say. */
  readonly outcome: string;
  /** Whether the source tells when it came about. */
  readonly hasOnsets: boolean;
  readonly outcomesFile: string;
  readonly model: string;
  readonly seed: number;
  readonly resamples: number;
  /** Scoring was interrupted: only stays that were over by then are judged. */
  readonly partial: boolean;
  readonly flow: Flow;
  readonly cohort: Cohort;
  /** Stays in which the outcome came about. */
  readonly deaths: number;
  /** Patients the model was trained on: figures on them are in-sample. */
  readonly trainedOn: number;
  /** The model's own cross-validated figures, where it has them and was trained on these patients. */
  readonly outOfFold: OutOfFold | null;
  readonly hours: readonly HourFigures[];
  readonly curve: readonly CurvePoint[];
  readonly endpoints: readonly EndpointFigures[];
  readonly moments: readonly MomentFigures[];
  /** The alerts that the configured rules raise, against the first endpoint, and who hears them when. */
  readonly configured: ConfiguredFigures;
  readonly burden: BurdenFigures;
  /** What each class of alarms costs: risk, NEWS2, states, technical. */
  readonly alarmClasses: ClassBurdens;
  readonly subgroupHour: number;
  readonly subgroups: readonly SubgroupFigures[];
  /** Of the first endpoint's alarm. */
  readonly subgroupAlarms: readonly SubgroupAlarms[];
  readonly sensitivity: Sensitivity | null;
  readonly policies: readonly PolicyFigures[];
  readonly comparison: Comparison | null;
  readonly cases: Cases;
  readonly replay: ReplayResult;
  /** Stays whose scores were on file. */
  readonly stored: number;
  /** All of it: replay with scoring, and evaluation. */
  readonly seconds: number;
  /** The most memory the process had, threads included. */
  readonly peakRssMb: number;
}

/** Each policy and model goes over all moments: intervals of the curve need fewer resamples than the headline. */
const CURVE_RESAMPLES = 200;

/**
 * Replays history through the real engine and judges what it would have said: the outcome by the last score at
 * 6, 12, 24 and 48 hours and in between, alarms against events, and baselines on the same stays.
 * @throws WardstreamError `WS_USAGE` or `WS_SOURCE` where source or outcomes cannot be used.
 */
export async function validate(options: ValidationOptions): Promise<Validation> {
  const started = performance.now();
  // What is wrong with the outcomes is said before the replay, where that is possible.
  const given = options.outcomes === undefined ? null : readOutcomes(options.outcomes);
  const threads = new ScoringThreads(options.workers ?? 1);
  // All that is scored is scored before any of it is judged: threads and figures are never in memory together.
  const history = await scoredHistory(options, given, threads).finally(() => threads.close());
  return {
    ...judged(history, options),
    seconds: Number(((performance.now() - started) / 1000).toFixed(2)),
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

function judged(
  { scored, labels, withOutcome, stays, labelOf, other, varied }: ScoredHistory,
  options: ValidationOptions,
): Omit<Validation, 'seconds' | 'peakRssMb'> {
  const { config, from, seed, resamples } = options;
  const { rules } = config.alerts;
  // Ids are the Challenge's own there; elsewhere like numbers name other patients.
  const trainedOn = from.startsWith('physionet2012:')
    ? countTrainedOn(stays.map(({ patientId }) => patientId))
    : 0;
  const { directory } = loadModel(config.model.version, config.model.directory);
  const sampling = { seed, resamples };
  const samples = HOURS.map((hour) => ({ hour, sample: sampleAt(stays, labelOf, hour) }));
  const { sample: last } = samples.find(({ hour }) => hour === SUBGROUP_HOUR)!;
  const folds = (size: number) => foldsOf(size, seed);
  const watch = watchOf(stays);
  const endpoints = ENDPOINTS.map((endpoint) => endpointFigures(endpoint, stays, rules, sampling, watch));
  const [headlineEndpoint] = ENDPOINTS;
  const { signal, model } = endpoints[0];
  const version = scored.result.model;
  const raised = raisedBy(rules, stays);
  const configured = { name: 'as configured', rules };
  const against = foreseeable(headlineEndpoint, stays);
  return {
    from,
    outcome: labels.outcome,
    hasOnsets: [...labels.byPatient.values()].some(({ onsetMs }) => onsetMs !== null),
    outcomesFile: labels.file,
    model: version,
    seed,
    resamples,
    partial: scored.result.partial === true,
    flow: flowOf(scored.total, asCounted(scored.aside), scored.stays, withOutcome, stays, labels),
    cohort: cohortOf(stays),
    deaths: stays.filter((stay) => labelOf(stay).happened).length,
    trainedOn,
    outOfFold: trainedOn === 0 ? null : readOutOfFold(directory),
    hours: samples.map(({ hour, sample }) =>
      hourFigures(hour, sample, folds(sample.stays.length), trainedOn > 0, sampling),
    ),
    curve: outcomeCurve(stays, labelOf, folds, { seed, resamples: Math.min(CURVE_RESAMPLES, resamples) }),
    endpoints,
    moments: ENDPOINTS.map((endpoint) => momentFigures(endpoint, stays, sampling)),
    configured: configuredFigures(configured, raised, stays, against, sampling),
    burden: burdenFigures(stays, raised, scored.hasClock),
    alarmClasses: classBurdens(stays, rules, raised),
    subgroupHour: SUBGROUP_HOUR,
    subgroups: subgroupFigures(last, sampling),
    subgroupAlarms: subgroupAlarms(
      stays,
      cohortAlarms(
        monitoredBy({ id: signal, sign: 1 }, stays, against.events, watch),
        model.threshold,
        HYLAND_RULES,
        BROUGHT_IN_MS,
      ),
      sampling,
    ),
    cases: casesOf(headlineEndpoint, signal, model.threshold, stays, labelOf),
    policies: (options.policies ?? []).map((policy) =>
      policyFigures(policy, raisedBy(policy.rules, stays), stays, against),
    ),
    comparison: other === null ? null : compared(scored, other, stays, labelOf, rules, sampling),
    sensitivity:
      varied === null ? null : sensitivityOf(varied, labelOf, headlineEndpoint, endpoints[0], sampling),
    replay: scored.result,
    stored: scored.stored,
  };
}

function compared(
  { result }: ScoredCohort,
  other: ScoredCohort,
  stays: readonly ObservedStay[],
  labelOf: (stay: ObservedStay) => Label,
  rules: readonly AlertRule[],
  sampling: BootstrapOptions,
): Comparison {
  const byStay = new Map(other.stays.map((stay) => [stay.stayId, stay]));
  const both = stays.filter(({ stayId, times }) => byStay.get(stayId)?.times.length === times.length);
  const names = [result.model, other.result.model] as const;
  const others = both.map(({ stayId }) => byStay.get(stayId)!);
  return compareModels(names, both, others, labelOf, ENDPOINTS, rules, sampling);
}

function sensitivityOf(
  { asIs, stays }: Varied,
  labelOf: (stay: ObservedStay) => Label,
  endpoint: Endpoint,
  { signal, model }: EndpointFigures,
  sampling: BootstrapOptions,
): Sensitivity {
  const variants = STANDARD_VARIANTS.map(({ id, label }) => {
    const byPatient = new Map<string, ObservedStay>();
    for (const stay of stays) {
      const of = variantOf(stay.patientId);
      if (of.variant === id) byPatient.set(of.patientId, { ...inMemory(stay), patientId: of.patientId });
    }
    return { id, label, stays: asIs.map((stay) => byPatient.get(stay.patientId) ?? unscored(stay)) };
  });
  return sensitivityFigures(
    [{ id: 'as-is', label: 'as charted', stays: asIs }, ...variants],
    labelOf,
    SUBGROUP_HOUR,
    endpoint,
    signal,
    model.threshold,
    sampling,
  );
}

/** A stay of which nothing arrived. */
function unscored(stay: ObservedStay): ObservedStay {
  const none = new Float64Array(0);
  const signals = Object.fromEntries(SIGNALS.map((id) => [id, none])) as ObservedStay['signals'];
  return { ...inMemory(stay), times: none, signals };
}

function asCounted({ stays, notes, values, unmapped }: ScoredCohort['aside']) {
  const counted = (tally: ScoredCohort['aside']['stays']) => tally.map(([what, count]) => ({ what, count }));
  return {
    stays: counted(stays),
    notes: counted(notes),
    values: counted(values),
    unmapped: counted(unmapped),
  };
}

/** Which fold each subject is in, at random: as many in each. */
function foldsOf(size: number, seed: number): Uint8Array {
  const random = new Random(seed, 1);
  const folds = Uint8Array.from({ length: size }, (_, index) => index % SCORE1_FOLDS);
  for (let index = size - 1; index > 0; index--) {
    const other = Math.floor(random.uniform() * (index + 1));
    [folds[index], folds[other]] = [folds[other], folds[index]];
  }
  return folds;
}
