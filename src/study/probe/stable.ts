import { bedsideScores } from '../../clinical/bedside.js';
import { NEWS2_INPUTS } from '../../clinical/news2.js';
import { SIGNS } from '../../clinical/signs.js';
import { CRITERIA, judge, noEpisode, settle } from '../../clinical/state.js';
import { VARIABLE_COUNT } from '../../clinical/variables.js';
import { HOUR_MS } from '../../durations.js';
import { WardstreamError } from '../../errors.js';
import type { ReplaySource } from '../../sources/source.js';
import { chartsOf, type StableStay, type StayChart } from './stays.js';

/** Stable for so long before the first sign is moved. */
export const BEFORE_MS = 6 * HOUR_MS;
/** And, as charted, for so long after it: the longest intervention, and the time to get back. */
export const AFTER_MS = 9.25 * HOUR_MS;
/** The sign is moved at the first whole hour since admission, up to this one, around which the stay is stable. */
const LATEST_MS = 8 * HOUR_MS;
/** NEWS2 up to here is low risk (Royal College of Physicians, 2017, chart 2). */
export const MOST_NEWS2 = 4;
/** A higher one that is over sooner is an artefact of a feed, as it is for criteria of state. */
const TRANSIENT_MS = 600_000;
/** Of the seven signs of NEWS2 so many are known at every moment from an hour before it on. Ours. */
export const LEAST_SIGNS = 4;

export interface StableStays {
  readonly stays: readonly StableStay[];
  /** Stays looked at to find them. */
  readonly seen: number;
}

/**
 * The first stable stays of a source, in the order in which they end: the same each time.
 * @throws WardstreamError `WS_SOURCE` where there is none.
 */
export async function findStable(
  source: ReplaySource,
  wanted: number,
  onProgress: (found: number) => void = () => undefined,
): Promise<StableStays> {
  const stays: StableStay[] = [];
  let seen = 0;
  for await (const chart of chartsOf(source)) {
    seen++;
    const startMs = stableAt(chart);
    if (startMs === null) continue;
    stays.push({ number: stays.length, chart, startMs });
    onProgress(stays.length);
    if (stays.length === wanted) break;
  }
  if (stays.length > 0) return { stays, seen };
  const what = `none of ${seen} stays is stable for ${(BEFORE_MS + AFTER_MS) / HOUR_MS} hours with ${LEAST_SIGNS} signs of NEWS2 charted`;
  throw new WardstreamError('WS_SOURCE', `${what}: there is nothing to probe`);
}

/** The first hour around which the stay is in no state, and has a low NEWS2 but for moments; null where there is none. */
export function stableAt(chart: StayChart): number | null {
  for (let startMs = BEFORE_MS; startMs <= LATEST_MS; startMs += HOUR_MS) {
    if (startMs + AFTER_MS > chart.endMs) return null;
    if (isStable(chart, startMs)) return startMs;
  }
  return null;
}

function isStable({ values: charted }: StayChart, startMs: number): boolean {
  const values = new Float64Array(VARIABLE_COUNT).fill(Number.NaN);
  const times = new Float64Array(VARIABLE_COUNT).fill(Number.NaN);
  const ages = new Float64Array(VARIABLE_COUNT);
  /** The highest so far, by variable: signs that fall are told from it. A stay is looked at for less than a day. */
  const best = new Float64Array(VARIABLE_COUNT).fill(Number.NEGATIVE_INFINITY);
  const episodes = CRITERIA.map(noEpisode);
  /** Since when NEWS2 is not low; NaN: it is. */
  let raisedMs = Number.NaN;
  const endMs = startMs + AFTER_MS;
  for (let index = 0; ; ) {
    // The end is a moment as well: what was charted long before says nothing of it.
    const atMs = Math.min(charted[index]?.atMs ?? endMs, endMs);
    for (; index < charted.length && charted[index].atMs === atMs; index++) {
      const { variable, value } = charted[index];
      values[variable] = value;
      times[variable] = atMs;
      best[variable] = Math.max(best[variable], value);
    }
    for (let variable = 0; variable < VARIABLE_COUNT; variable++) ages[variable] = atMs - times[variable];
    let isInState = false;
    CRITERIA.forEach((criterion, place) => {
      const episode = episodes[place];
      const { sign, direction } = criterion;
      const { read, variables } = SIGNS[sign];
      const asked = { direction, best: best[variables[0]], spoke: episode.variable };
      const reading = read(values, ages, atMs, asked);
      settle(episode, criterion, atMs);
      if (reading !== null) judge(episode, criterion, reading);
      settle(episode, criterion, atMs);
      if (episode.phase === 'present' || episode.phase === 'ending') isInState = true;
    });
    const { news2, news2Missing } = bedsideScores(Float32Array.from(values), Float32Array.from(ages));
    const lastedMs = atMs - raisedMs;
    if (!((news2 ?? 0) > MOST_NEWS2)) raisedMs = Number.NaN;
    else if (Number.isNaN(raisedMs)) raisedMs = atMs;
    const known = NEWS2_INPUTS.length - news2Missing.length;
    if (atMs >= startMs - BEFORE_MS && (isInState || lastedMs >= TRANSIENT_MS)) return false;
    if (atMs >= startMs - HOUR_MS && known < LEAST_SIGNS) return false;
    if (atMs === endMs) return true;
  }
}
