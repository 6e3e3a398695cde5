import { createHash } from 'node:crypto';
import { WardstreamError } from '../errors.js';
import type { EpochMs } from '../events/event.js';
import { loadServed } from '../inference/served-model.js';
import { AlertsDigest } from '../replay/digest.js';
import { joined, type ReplayResult } from '../replay/replay.js';
import { openSource } from '../sources/open-source.js';
import { scoresDigestOf } from './digest.js';
import { KeptStays } from './kept-stays.js';
import { transitionsOf } from './policy-run.js';
import { SCORES_FORMAT, ScoresFile, type ScoresOrigin, sha256Of } from './scores-file.js';
import type { Aside, ScoredShare, ScoringJob, Tally } from './scoring.js';
import { type ObservedStay, sorted } from './stays.js';
import type { ScoringThreads } from './threads.js';

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
  readonly threads: ScoringThreads;
  /** Where scored stays are kept: a complete file is read instead of scoring, one begun is gone on with. */
  readonly file?: string | undefined;
  readonly onProgress?: ((patients: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Sources in which a patient has one stay, so that a stay that is over need not be replayed again. */
const STAYS_APART = /^(physionet2012|physionet2019|yaib|meds):/;

/** What a scores file says besides its stays; `rules` are those its alerts were raised by, as JSON, `count` its number of stays. */
type Summary = Omit<ScoredCohort, 'stays' | 'stored'> & { readonly rules: string; readonly count: number };

/**
 * Scores a source, or reads what is scored already. Interrupted (`signal`), it gives the stays that were over by then, and the
 * file keeps them.
 * @throws WardstreamError of the source, the model and the file.
 */
export async function scoreCohort({
  job,
  threads,
  file: name,
  onProgress,
  signal,
}: ScoreOptions): Promise<ScoredCohort> {
  const started = performance.now();
  const file = name === undefined ? null : new ScoresFile<Summary>(name, originOf(job));
  const kept = new KeptStays();
  const byId = new Map<string, ObservedStay>();
  for await (const stay of file?.read() ?? []) byId.set(stay.stayId, kept.keep(stay));
  const found = [...byId.values()];
  const summary = file?.summary() ?? null;
  const rules = JSON.stringify(job.config.alerts.rules);
  if (summary !== null) {
    const { rules: before, count, ...rest } = summary;
    if (found.length !== count) {
      const what = `${name} is damaged: it holds ${found.length} of its ${count} stays`;
      throw new WardstreamError('WS_SOURCE', `${what}; delete it to score again`);
    }
    const alerts = before === rules ? {} : alertsOf(found, job, summary.result);
    const result = { ...summary.result, ...countsOf(found), ...alerts };
    return { ...rest, stays: sorted(found), result, stored: found.length };
  }
  const known = await settled(found, job);
  await file?.begin(known);
  const stays = [...known];
  let writing: Promise<void> = Promise.resolve();
  const ids = [...new Set(known.map(({ patientId }) => patientId))];
  // What was counted when they were scored went with that run.
  const counted =
    ids.length === 0
      ? []
      : await threads.score({ ...job, counted: ids }, { onStay: () => undefined, onProgress, signal });
  const shares = await threads.score(
    { ...job, known: ids },
    {
      onStay: (stay) => {
        stays.push(kept.keep(stay));
        if (file !== null) writing = writing.then(() => file.add(stay));
      },
      onProgress: (patients, total) => onProgress?.(known.length + patients, total),
      signal,
    },
  );
  await writing;
  const seconds = (performance.now() - started) / 1000;
  const all = [...counted, ...shares];
  const parts = all.map(({ part }) => part);
  let result: ReplayResult = joined(parts, seconds);
  const isPartial = result.partial === true;
  if (!isPartial) {
    for (const { open } of shares) {
      for (const stay of open) {
        stays.push(kept.keep(stay));
        await file?.add(stay);
      }
    }
  }
  const [first] = shares;
  const aside: Aside = {
    unmapped: summed(all.map((share) => share.aside.unmapped)),
    values: summed(all.map((share) => share.aside.values)),
    stays: summed(all.map((share) => share.aside.stays)),
    notes: summed(all.map((share) => share.aside.notes)),
  };
  if (isPartial) result = { ...result, ...countsOf(stays), ...alertsOf(stays, job, result) };
  else if (known.length > 0) {
    const alerts = alertsOf(known, job, result, shares);
    result = { ...result, ...countsOf(stays), ...alerts };
  } else result = { ...result, ...countsOf(stays) };
  const rest = { result, aside, total: first.total, hasClock: first.hasClock };
  await file?.finish(!isPartial, { ...rest, rules, count: stays.length });
  return { stays: sorted(stays), ...rest, stored: known.length };
}

/**
 * Of the stays found, those of patients of whom nothing more follows in the source. A patient's stays are written in order, so
 * where the newest is there all are.
 */
async function settled(found: readonly ObservedStay[], job: ScoringJob): Promise<readonly ObservedStay[]> {
  if (found.length === 0 || job.sample !== undefined) return [];
  if (STAYS_APART.test(job.from)) return found;
  const { from, patients, mapping, config } = job;
  const newest = new Map<string, EpochMs>();
  for await (const { key, eventTime } of openSource(from, patients, mapping, undefined, config).messages())
    newest.set(key, Math.max(eventTime, newest.get(key) ?? eventTime));
  for (const { patientId, endAt } of found) {
    if (endAt >= (newest.get(patientId) ?? endAt)) newest.delete(patientId);
  }
  return found.filter(({ patientId }) => !newest.has(patientId));
}

/** How much there was in stays, and the digest of their scores. */
function countsOf(
  stays: readonly ObservedStay[],
): Pick<ReplayResult, 'patients' | 'scores' | 'observations' | 'scoresDigest'> {
  let [scores, observations] = [0, 0];
  for (const { times, observations: used } of stays) {
    scores += times.length;
    observations += used;
  }
  return { patients: stays.length, scores, observations, scoresDigest: scoresDigestOf(stays) };
}

/** The alerts that the configured rules raise of stays, with those raised already of others. */
function alertsOf(
  stays: readonly ObservedStay[],
  { config }: ScoringJob,
  { model }: ReplayResult,
  others: readonly ScoredShare[] = [],
): Pick<ReplayResult, 'alerts' | 'alertsDigest'> {
  const digest = new AlertsDigest();
  let alerts = 0;
  for (const { part } of others) {
    alerts += part.result.alerts;
    digest.join(part.alerts.parts);
  }
  for (const transition of transitionsOf(stays, config.alerts.rules, model)) {
    if (transition.sequence === 0) alerts++;
    digest.add(transition);
  }
  return { alerts, alertsDigest: digest.digest() };
}

function originOf({ from, patients, mapping, config, sample }: ScoringJob): ScoresOrigin {
  const model = loadServed(config.model);
  return {
    format: SCORES_FORMAT,
    from,
    patients: patients ?? null,
    mapping: sha256Of(mapping),
    model: model.config.version,
    modelSha256: model.config.sha256,
    settings: JSON.stringify({
      align: config.align,
      limits: config.limits,
      state: config.alerts.state,
      baselines: config.alerts.baselines,
      sample: sampleKey(sample),
    }),
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
