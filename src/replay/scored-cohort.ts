import { createHash } from 'node:crypto';
import { loadModel } from '../inference/model.js';
import { transitionsOf } from '../validate/policies.js';
import { type ObservedStay, sorted } from '../validate/stays.js';
import { AlertsDigest, lineOf, ScoresDigest } from './digest.js';
import { joined, type ReplayResult } from './replay.js';
import { ScoresFile, type ScoresOrigin, sha256Of } from './scores-file.js';
import type { Aside, ScoringJob, Tally } from './scoring.js';
import { scoreInThreads } from './threads.js';

/** A source's stays with their scores, however they came about. */
export interface ScoredCohort {
  /** By patient id, then admission. */
  readonly stays: readonly ObservedStay[];
  readonly result: ReplayResult;
  readonly aside: Aside;
  /** Stays of the source. */
  readonly total: number;
  /** Whether times of day are real. */
  readonly hasClock: boolean;
  /** Stays that came from the scores file. */
  readonly stored: number;
}

export interface ScoreOptions {
  readonly job: ScoringJob;
  readonly workers: number;
  /** Where scored stays are kept: a complete file is read instead of scoring, one begun is gone on with. */
  readonly file?: string | undefined;
  readonly onProgress?: ((patients: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Sources in which a patient has one stay, so that a stay that is over need not be replayed again. */
const STAYS_APART = /^(physionet2012|physionet2019|yaib):/;

type Summary = Omit<ScoredCohort, 'stays' | 'stored'>;

/**
 * Scores a source, or reads what is scored already. Interrupted (`signal`), it gives the stays that were over by then, and the
 * file keeps them.
 * @throws WardstreamError of the source, the model and the file.
 */
export async function scoreCohort({
  job,
  workers,
  file: name,
  onProgress,
  signal,
}: ScoreOptions): Promise<ScoredCohort> {
  const started = performance.now();
  const file = name === undefined ? null : new ScoresFile<Summary>(name, originOf(job));
  const found = (await file?.read()) ?? [];
  const summary = file?.summary() ?? null;
  if (summary !== null)
    return { ...summary, ...withDigests(found, job, summary.result), stored: found.length };
  const known = STAYS_APART.test(job.from) && job.sample === undefined ? found : [];
  await file?.begin(known);
  const stays = [...known];
  let writing: Promise<void> = Promise.resolve();
  const shares = await scoreInThreads({ ...job, known: known.map(({ patientId }) => patientId) }, workers, {
    onStay: (stay) => {
      stays.push(stay);
      if (file !== null) writing = writing.then(() => file.add(stay));
    },
    onProgress: (patients, total) => onProgress?.(known.length + patients, total),
    signal,
  });
  await writing;
  const seconds = (performance.now() - started) / 1000;
  let result = joined(
    shares.map(({ part }) => part),
    seconds,
  );
  const isPartial = result.partial === true;
  if (!isPartial) for (const { open } of shares) stays.push(...open);
  const [first] = shares;
  const aside: Aside = {
    unmapped: summed(shares.map((share) => share.aside.unmapped)),
    values: summed(shares.map((share) => share.aside.values)),
    stays: summed(shares.map((share) => share.aside.stays)),
    notes: summed(shares.map((share) => share.aside.notes)),
  };
  if (known.length > 0 || isPartial) result = withDigests(stays, job, result).result;
  const rest = { result, aside, total: first.total, hasClock: first.hasClock };
  await file?.finish(!isPartial, rest);
  return { stays: sorted(stays), ...rest, stored: known.length };
}

/** What the stays alone tell of a replay: its digests, and how much there was. */
function withDigests(
  stays: readonly ObservedStay[],
  { config }: ScoringJob,
  result: ReplayResult,
): Pick<ScoredCohort, 'stays' | 'result'> {
  const inOrder = sorted(stays);
  const scores = new ScoresDigest();
  let count = 0;
  let observations = 0;
  for (const { stayId, times, signals, observations: used } of inOrder) {
    const list = new Float64Array(2 * times.length);
    times.forEach((time, index) => {
      list[2 * index] = time;
      list[2 * index + 1] = signals.model[index];
    });
    if (times.length > 0) scores.add(stayId, list);
    count += times.length;
    observations += used;
  }
  const alerts = new AlertsDigest();
  let raised = 0;
  for (const transition of transitionsOf(inOrder, config.alerts.rules, result.model)) {
    if (transition.sequence === 0) raised++;
    alerts.lines.push(lineOf(transition));
  }
  const digests = { scoresDigest: scores.digest(), alertsDigest: alerts.digest() };
  const counts = { patients: inOrder.length, scores: count, observations, alerts: raised };
  return { stays: inOrder, result: { ...result, ...counts, ...digests } };
}

function originOf({ from, patients, mapping, config, sample }: ScoringJob): ScoresOrigin {
  const model = loadModel(config.model.version, config.model.directory);
  return {
    from,
    patients: patients ?? null,
    mapping: sha256Of(mapping),
    model: model.config.version,
    modelSha256: model.config.sha256,
    settings: JSON.stringify({ align: config.align, limits: config.limits, sample: sampleKey(sample) }),
  };
}

/** Tells samples apart; null: everybody. */
function sampleKey(sample: ScoringJob['sample']): string | null {
  return sample === undefined ? null : createHash('sha256').update(JSON.stringify(sample)).digest('hex');
}

function summed(tallies: readonly Tally[]): Tally {
  const sums = new Map<string, number>();
  for (const tally of tallies)
    for (const [what, count] of tally) sums.set(what, (sums.get(what) ?? 0) + count);
  return [...sums];
}
