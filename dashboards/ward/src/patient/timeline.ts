import { VARIABLES } from '../../../../src/clinical/variables.js';
import { byForecast } from '../../../../src/contract/outcomes.js';
import { withPresent } from '../../../../src/contract/state-spans.js';
import { HOUR_MS, MINUTE_MS } from '../../../../src/durations.js';
import type { MarkedValue, PatientView, Series, Timeline } from '../protocol.js';

/** A span of event time, ms since the epoch. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export const MIN_SPAN_MS = 10 * MINUTE_MS;
export const MAX_SPAN_MS = 48 * HOUR_MS;
const VARIABLE_BY_ID = new Map(VARIABLES.map((variable) => [variable.id, variable]));

/** The span zoomed by `factor` (above 1: out) about a time in it, never shorter than 10 min or longer than 48 h. */
export function zoom({ from, to }: Span, factor: number, about: number): Span {
  const span = Math.min(MAX_SPAN_MS, Math.max(MIN_SPAN_MS, (to - from) * factor));
  const part = (about - from) / (to - from);
  const start = about - part * span;
  return { from: start, to: start + span };
}

/** The span moved by a part of its length, but not past `latest`. */
export function pan({ from, to }: Span, part: number, latest: number): Span {
  const by = Math.min(part * (to - from), Math.max(0, latest - to));
  return { from: from + by, to: to + by };
}

/** The index of the last time at or before `time`; −1 where there is none. `times` ascend. */
export function indexAt(times: readonly number[], time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The timeline with what the push says of the patient since it was read. */
export function extend(timeline: Timeline, patient: PatientView): Timeline {
  const variables: Record<string, Series> = { ...timeline.variables };
  for (const [id, { value, unit, at }] of Object.entries(patient.values)) {
    const series = variables[id] ?? emptySeries(id, unit);
    if (series !== undefined && at > (series.times.at(-1) ?? timeline.from - 1)) {
      variables[id] = appended(series, at, value);
    }
  }
  const { mortality, riskAt, news2, qsofa, sofa } = patient;
  const { scores } = timeline;
  const isNew = mortality !== null && riskAt !== null && riskAt > (scores.times.at(-1) ?? timeline.from - 1);
  const doubted = withDoubts(timeline.doubted ?? [], patient);
  return {
    ...timeline,
    variables,
    states: withPresent(timeline.states, patient.states, Math.max(timeline.clock, patient.lastEventAt)),
    ...(doubted.length === 0 ? {} : { doubted }),
    scores: !isNew
      ? scores
      : {
          ...scores,
          times: [...scores.times, riskAt],
          mortality: [...scores.mortality, mortality],
          ...byForecast(({ id }) => [...scores[id], patient[id]]),
          news2: [...scores.news2, news2],
          qsofa: [...scores.qsofa, qsofa],
          sofa: [...scores.sofa, sofa?.total ?? null],
        },
  };
}

/** The values that are not used, with what the push says of them now. */
function withDoubts(known: readonly MarkedValue[], { doubted = {} }: PatientView): MarkedValue[] {
  const added = Object.entries(doubted)
    .filter(([id, { at }]) => !known.some((mark) => mark.variable === id && mark.at === at))
    .map(([variable, { at, value, verdict, reason }]) => ({ variable, at, value, verdict, reason }));
  return [...known, ...added].sort((a, b) => a.at - b.at);
}

/** The timeline just read, with what the push had added to the one before and the store does not have yet. */
export function carry(read: Timeline, before: Timeline | null): Timeline {
  if (before === null || before.to > read.to) return read;
  const variables: Record<string, Series> = { ...read.variables };
  for (const [id, { times, values, unit }] of Object.entries(before.variables)) {
    let series = variables[id] ?? emptySeries(id, unit);
    if (series === undefined) continue;
    for (
      let index = indexAt(times, series.times.at(-1) ?? read.from - 1) + 1;
      index < times.length;
      index++
    ) {
      series = appended(series, times[index], values[index]);
    }
    if (series.times.length > 0) variables[id] = series;
  }
  const { scores } = before;
  const first = indexAt(scores.times, read.scores.times.at(-1) ?? read.from - 1) + 1;
  return {
    ...read,
    variables,
    scores: {
      times: [...read.scores.times, ...scores.times.slice(first)],
      mortality: [...read.scores.mortality, ...scores.mortality.slice(first)],
      ...byForecast(({ id }) => [...read.scores[id], ...scores[id].slice(first)]),
      news2: [...read.scores.news2, ...scores.news2.slice(first)],
      qsofa: [...read.scores.qsofa, ...scores.qsofa.slice(first)],
      sofa: [...read.scores.sofa, ...scores.sofa.slice(first)],
    },
  };
}

function emptySeries(id: string, unit: string): Series | undefined {
  const known = VARIABLE_BY_ID.get(id);
  if (known === undefined) return undefined;
  const { label, kind, decimals } = known;
  return { label, unit, kind, decimals, times: [], values: [] };
}

function appended(series: Series, at: number, value: number): Series {
  const { low, high } = series;
  return {
    ...series,
    times: [...series.times, at],
    values: [...series.values, value],
    ...(low === undefined ? {} : { low: [...low, value] }),
    ...(high === undefined ? {} : { high: [...high, value] }),
  };
}
