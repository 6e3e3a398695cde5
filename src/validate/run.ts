import type { Config } from '../config.js';
import { WardstreamError } from '../errors.js';
import { loadModel } from '../inference/model.js';
import { openSource } from '../replay/open.js';
import { readOutcomes } from '../replay/outcomes.js';
import { type ReplayResult, replay } from '../replay/replay.js';
import type { ReplaySource } from '../replay/source.js';
import { Random } from '../simulate/random.js';
import type { BootstrapOptions } from './bootstrap.js';
import { type Cohort, cohortOf, type Flow, flowOf, type SetAside } from './cohort.js';
import { ENDPOINTS, type EndpointFigures, endpointFigures } from './events.js';
import type { Labels } from './labels.js';
import { HOURS, type HourFigures, hourFigures, SCORE1_FOLDS, sampleAt } from './mortality.js';
import { type ObservedStay, StayCollector } from './stays.js';
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
  readonly onProgress?: (patients: number, total: number) => void;
}

/** Everything a validation found. NaN, which JSON writes as null, is a figure that is not defined. */
export interface Validation {
  readonly from: string;
  /** What the model is asked to foretell of each stay: `death in hospital`, or what the source's labels say. */
  readonly outcome: string;
  readonly outcomesFile: string;
  readonly model: string;
  readonly seed: number;
  readonly resamples: number;
  readonly alarmThreshold: number;
  readonly flow: Flow;
  readonly cohort: Cohort;
  /** Stays in which the outcome came about. */
  readonly deaths: number;
  /** Patients the model was trained on: figures on them are in-sample. */
  readonly trainedOn: number;
  /** The model's own cross-validated figures, where it has them and was trained on these patients. */
  readonly outOfFold: OutOfFold | null;
  readonly hours: readonly HourFigures[];
  readonly endpoints: readonly EndpointFigures[];
  readonly subgroupHour: number;
  readonly subgroups: readonly SubgroupFigures[];
  readonly replay: ReplayResult;
  /** All of it: replay with scoring, and evaluation. */
  readonly seconds: number;
}

const SUBGROUP_HOUR = 48;

/**
 * Replays history through the real engine and judges what it would have said: death in hospital by the last score at
 * 6, 12, 24 and 48 hours, alarms against events, and baselines on the same stays.
 * @throws WardstreamError `WS_USAGE` or `WS_SOURCE` where source or outcomes cannot be used.
 */
export async function validate(options: ValidationOptions): Promise<Validation> {
  const started = performance.now();
  const { config, from, seed, resamples } = options;
  const source = openSource(from, options.patients, options.mapping);
  // What is wrong with the outcomes is said before the replay, where that is possible.
  const given = options.outcomes === undefined ? null : readOutcomes(options.outcomes);
  const threshold = alarmThreshold(config);
  const collector = new StayCollector();
  const { onProgress } = options;
  const replayed = await replay(source, {
    config,
    speed: 'max',
    sinks: [collector],
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  const all = collector.stays();
  const labels = await labelsOf(source, options.outcomes, given);
  const { byPatient } = labels;
  const withOutcome = all.filter(({ patientId }) => byPatient.has(patientId));
  const stays = withOutcome.filter(isScored);
  if (stays.length === 0) throw nothingToEvaluate(all, labels.file);
  const labelOf = ({ patientId }: ObservedStay) => byPatient.get(patientId)!;
  // Ids are the Challenge's own there; elsewhere like numbers name other patients.
  const trainedOn = from.startsWith('physionet2012:')
    ? countTrainedOn(stays.map(({ patientId }) => patientId))
    : 0;
  const { directory } = loadModel(config.model.version, config.model.directory);
  const sampling = { seed, resamples };
  const samples = HOURS.map((hour) => ({ hour, sample: sampleAt(stays, labelOf, hour) }));
  const last = samples.find(({ hour }) => hour === SUBGROUP_HOUR)!.sample;
  return {
    from,
    outcome: labels.outcome,
    outcomesFile: labels.file,
    model: replayed.model,
    seed,
    resamples,
    alarmThreshold: threshold,
    flow: flowOf(source.total, asideOf(source), all, withOutcome, stays, labels),
    cohort: cohortOf(stays),
    deaths: stays.filter((stay) => labelOf(stay).happened).length,
    trainedOn,
    outOfFold: trainedOn === 0 ? null : readOutOfFold(directory),
    hours: samples.map(({ hour, sample }) =>
      hourFigures(hour, sample, foldsOf(sample.stays.length, seed), trainedOn > 0, sampling),
    ),
    endpoints: ENDPOINTS.map((endpoint) => endpointFigures(endpoint, stays, threshold, sampling)),
    subgroupHour: SUBGROUP_HOUR,
    subgroups: subgroupFigures(last, sampling),
    replay: replayed,
    seconds: Number(((performance.now() - started) / 1000).toFixed(2)),
  };
}

/** The figures as `--json` prints them: the headline endpoint, Score1 and calibration at the last hour. */
export function headline(validation: Validation) {
  const { hours, endpoints, flow, deaths, seconds, replay: replayed } = validation;
  const byHour = (figure: (hour: HourFigures) => number) =>
    Object.fromEntries(hours.map((each) => [String(each.hour), figure(each)]));
  const last = hours[hours.length - 1];
  const [endpoint] = endpoints;
  const baselines = endpoint.comparisons.map(({ signal, baseline, model }) => ({ signal, baseline, model }));
  const { figures } = endpoint.model;
  return {
    patients: flow.evaluated,
    deaths,
    auroc: byHour(({ model }) => model.auroc.value),
    auprc: byHour(({ model }) => model.auprc.value),
    score1: last.model.score1.value,
    ece: last.model.ece.value,
    alarmsPerPatientDay: figures.alarmsPerPatientDay,
    events: figures.events,
    recall: figures.recall,
    precision: figures.precision,
    medianLeadHours: figures.medianLeadHours,
    baselines: Object.fromEntries(
      Object.keys(last.baselines).map((id) => [
        id,
        {
          auroc: byHour((hour) => hour.baselines[id].auroc.value),
          auprc: byHour((hour) => hour.baselines[id].auprc.value),
          // The last threshold listed is the strictest.
          ...pointOf(baselines.filter(({ signal }) => signal === id).at(-1)?.baseline ?? null),
          modelAtSameBurden: pointOf(baselines.filter(({ signal }) => signal === id).at(-1)?.model ?? null),
        },
      ]),
    ),
    threshold: validation.alarmThreshold,
    trainedOn: validation.trainedOn,
    seconds,
    scoresDigest: replayed.scoresDigest,
  };
}

function pointOf(point: EndpointFigures['model'] | null) {
  if (point === null) return null;
  const { threshold, figures } = point;
  const { alarmsPerPatientDay, recall, precision, medianLeadHours } = figures;
  return { threshold, alarmsPerPatientDay, recall, precision, medianLeadHours };
}

/** The risk at which the configuration raises its first risk alert. */
function alarmThreshold(config: Config): number {
  const rule = config.alerts.rules.find(({ signal }) => signal === 'risk');
  if (rule === undefined) {
    throw new WardstreamError(
      'WS_CONFIG',
      'alerts.rules has no rule with signal risk: there is no alarm to validate',
    );
  }
  return rule.raiseAt;
}

function isScored({ times, admittedAt }: ObservedStay): boolean {
  return times.length > 0 && times[0] <= admittedAt + HOURS[HOURS.length - 1] * 3_600_000;
}

function nothingToEvaluate(all: readonly ObservedStay[], outcomesFile: string): WardstreamError {
  const what = `none of the ${all.length} stays has both a score and an outcome in ${outcomesFile}`;
  return new WardstreamError('WS_SOURCE', `${what}; is it the outcomes file of this source?`);
}

/** The outcomes named on the command line, else the source's own. @throws WardstreamError `WS_SOURCE` where there are none. */
async function labelsOf(
  source: ReplaySource,
  file: string | undefined,
  given: Labels['byPatient'] | null,
): Promise<Labels> {
  if (file !== undefined && given !== null) return { outcome: 'death in hospital', file, byPatient: given };
  const labels = (await source.labels?.()) ?? null;
  if (labels !== null) return labels;
  const what = 'this source has no outcomes of its own';
  throw new WardstreamError('WS_SOURCE', `${what}; name a file of patientId,died with --outcomes`);
}

function asideOf({ ledger }: ReplaySource): SetAside {
  const list = (counts: ReadonlyMap<string, number> = new Map()) =>
    [...counts].map(([what, count]) => ({ what, count }));
  return {
    stays: list(ledger?.stays),
    notes: list(ledger?.notes),
    values: list(ledger?.values),
    unmapped: list(ledger?.unmapped),
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
