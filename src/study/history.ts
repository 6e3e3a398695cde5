import { type ScoredCohort, scoreCohort } from '../cohort/scored-cohort.js';
import type { ScoringJob } from '../cohort/scoring.js';
import { type ObservedStay, sorted } from '../cohort/stays.js';
import type { ScoringThreads } from '../cohort/threads.js';
import { STANDARD_VARIANTS } from '../cohort/variants.js';
import { WardstreamError } from '../errors.js';
import { Random } from '../simulate/random.js';
import type { Label, Labels } from '../sources/labels.js';
import { openSource } from '../sources/open-source.js';
import { HOURS, isAsked, momentAt } from './mortality.js';
import type { ValidationOptions } from './run.js';

/** Subgroups and a sample for the variants are of the stays with a score by then. */
export const SUBGROUP_HOUR = 48;

/** All that is scored, and how it ended. */
export interface ScoredHistory {
  readonly scored: ScoredCohort;
  readonly labels: Labels;
  readonly withOutcome: readonly ObservedStay[];
  /** With an outcome and a score. */
  readonly stays: readonly ObservedStay[];
  readonly labelOf: (stay: ObservedStay) => Label;
  /** Scored by the other model. */
  readonly other: ScoredCohort | null;
  readonly varied: Varied | null;
}

/** Some stays, and what came of them in every variant. */
export interface Varied {
  readonly asIs: readonly ObservedStay[];
  /** Their patient ids tell the variant. */
  readonly stays: readonly ObservedStay[];
}

/** Scores all that a validation judges. @throws WardstreamError as `validate`. */
export async function scoredHistory(
  options: ValidationOptions,
  given: Labels['byPatient'] | null,
  threads: ScoringThreads,
): Promise<ScoredHistory> {
  const { config, from, patients, mapping, scores } = options;
  const job: ScoringJob = { from, patients, mapping, config };
  const score: Score = (what, next, file) =>
    scoreCohort({
      job: next,
      threads,
      file,
      onProgress: (done, total) => options.onProgress?.(what, done, total),
      signal: options.signal,
    });
  const scored = await score('scoring', job, scores);
  const labels = await labelsOf(job, options.outcomes, given);
  const { byPatient } = labels;
  const withOutcome = scored.stays.filter(({ patientId }) => byPatient.has(patientId));
  const stays = withOutcome.filter(isScored);
  if (stays.length === 0) throw nothingToEvaluate(scored.stays, labels.file);
  const labelOf = ({ patientId }: ObservedStay) => byPatient.get(patientId)!;
  const other = await scoredByOther(job, options, score);
  const eligible = stays.filter((stay) => isAsked(stay, labelOf(stay), SUBGROUP_HOUR));
  const varied = await variedOf(job, options, eligible, score);
  return { scored, labels, withOutcome, stays, labelOf, other, varied };
}

/** Scores the stays of a job; those on file are read. */
type Score = (what: string, job: ScoringJob, file: string | undefined) => Promise<ScoredCohort>;

/** Scores the same stays with the other model. */
async function scoredByOther(
  job: ScoringJob,
  { against, config, scores, signal }: ValidationOptions,
  score: Score,
): Promise<ScoredCohort | null> {
  if (against === undefined || signal?.aborted === true) return null;
  // Another model has scores of its own.
  const model = { ...config.model, version: against, recalibration: undefined };
  const other: ScoringJob = { ...job, config: { ...config, model } };
  return score(`scoring with ${against}`, other, scores === undefined ? undefined : `${scores}.${against}`);
}

/** Scores a sample of the stays in every variant. */
async function variedOf(
  job: ScoringJob,
  { sensitivity = 0, seed, scores, signal }: ValidationOptions,
  eligible: readonly ObservedStay[],
  score: Score,
): Promise<Varied | null> {
  if (sensitivity === 0 || signal?.aborted === true) return null;
  const random = new Random(seed, 2);
  const drawn = eligible
    .map((stay) => ({ stay, at: random.uniform() }))
    .sort((a, b) => a.at - b.at)
    .slice(0, sensitivity);
  const asIs = sorted(drawn.map(({ stay }) => stay));
  const sample = { patients: asIs.map(({ patientId }) => patientId), variants: STANDARD_VARIANTS };
  const file = scores === undefined ? undefined : `${scores}.sensitivity`;
  const { stays, result } = await score('late, missing and lost data', { ...job, sample }, file);
  return result.partial === true ? null : { asIs, stays };
}

function isScored(stay: ObservedStay): boolean {
  return momentAt(stay, HOURS[HOURS.length - 1]) >= 0;
}

function nothingToEvaluate(all: readonly ObservedStay[], outcomesFile: string): WardstreamError {
  const what = `none of the ${all.length} stays has both a score and an outcome in ${outcomesFile}`;
  return new WardstreamError('WS_SOURCE', `${what}; is it the outcomes file of this source?`);
}

/** The outcomes named on the command line, else the source's own. @throws WardstreamError `WS_SOURCE` where there are none. */
async function labelsOf(
  { from, patients, mapping, config }: ScoringJob,
  file: string | undefined,
  given: Labels['byPatient'] | null,
): Promise<Labels> {
  if (file !== undefined && given !== null) return { outcome: 'death in hospital', file, byPatient: given };
  const labels = (await openSource(from, patients, mapping, undefined, config).labels?.()) ?? null;
  if (labels !== null) return labels;
  const what = 'this source has no outcomes of its own';
  throw new WardstreamError('WS_SOURCE', `${what}; name a file of patientId,died with --outcomes`);
}
