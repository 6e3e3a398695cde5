import type { Interval } from '../clinical/intervals.js';
import { lastMoment, type ObservedStay, type SignalId, watchHours } from '../cohort/stays.js';
import { HOUR_MS } from '../durations.js';
import type { Label } from '../sources/labels.js';
import { catchable, HYLAND_RULES, stayAlarms } from './alarms.js';
import { BROUGHT_IN_MS, type Endpoint, monitoredBy } from './events.js';

/** Cases of each kind. */
const CASES = 10;
/** Points of a case's line at most. */
const MOST_POINTS = 240;

/** One stay shown in full, times in hours since admission. */
export interface Case {
  readonly patientId: string;
  readonly stayId: string;
  readonly ageYears: number | null;
  readonly sex: string | null;
  readonly outcome: boolean;
  /** Why it is shown. */
  readonly because: string;
  /** The hour to look at first, since the patient's first admission: just after the alarm that caught it, the onset missed, or the last alarm. */
  readonly at: number;
  readonly hours: number;
  readonly threshold: number;
  readonly risk: readonly (readonly [hour: number, value: number])[];
  /** NEWS2 as a share of its 20 points. */
  readonly news2: readonly (readonly [hour: number, value: number])[];
  readonly events: readonly (readonly [from: number, to: number])[];
  readonly alarms: readonly number[];
}

export interface Cases {
  readonly earliestCatches: readonly Case[];
  readonly worstMisses: readonly Case[];
  readonly costliestFalseAlarms: readonly Case[];
}

interface Seen {
  readonly stay: ObservedStay;
  readonly events: readonly Interval[];
  readonly alarms: readonly number[];
  readonly falseAlarms: number;
  /** Of events caught: onset and lead; of those missed: onset, and the highest risk in the window before. */
  readonly caught: readonly { readonly onset: number; readonly lead: number }[];
  readonly missed: readonly Missed[];
}

interface Missed {
  readonly onset: number;
  readonly lasts: number;
  /**
   * The highest signal in the window before it while an alarm could sound; null: none could, since all of the window lay within or
   * just after another event.
   */
  readonly highest: number | null;
}

/**
 * Stays that show best what an alarm does: the ten events foretold earliest (longest lead of the first alarm in the window, to a tenth
 * of an hour, then fewest false alarms), the ten missed that weigh most (those an alarm could have foretold first, then patients who had
 * the outcome, then the longest events), and the ten stays with most false alarms. Each stay is shown once in a list. Ties keep the order
 * of patient ids.
 */
export function casesOf(
  endpoint: Endpoint,
  signal: SignalId,
  threshold: number,
  stays: readonly ObservedStay[],
  labelOf: (stay: ObservedStay) => Label,
): Cases {
  const seen = stays.map((stay) => look(endpoint, signal, threshold, stay));
  const had = ({ stay }: Seen) => Number(labelOf(stay).happened);
  const hourOf = watchHours(stays);
  const shown = (each: Seen, time: number, because: string) =>
    caseOf(each, signal, threshold, labelOf(each.stay), hourOf(each.stay, time), because);
  const hoursIn = (stay: ObservedStay, time: number) => ((time - stay.admittedAt) / HOUR_MS).toFixed(1);
  const catches = seen
    .flatMap((each) => best(each.caught, ({ lead }) => lead).map((found) => ({ each, ...found })))
    .sort((a, b) => tenths(b.lead) - tenths(a.lead) || a.each.falseAlarms - b.each.falseAlarms);
  const misses = seen
    .flatMap((each) =>
      best(each.missed, ({ lasts, highest }) => (highest === null ? -1 / lasts : lasts)).map((found) => ({
        each,
        ...found,
      })),
    )
    .sort(
      (a, b) =>
        Number(a.highest === null) - Number(b.highest === null) ||
        had(b.each) - had(a.each) ||
        b.lasts - a.lasts,
    );
  const costly = seen
    .filter(({ falseAlarms }) => falseAlarms > 0)
    .sort((a, b) => b.falseAlarms - a.falseAlarms);
  return {
    earliestCatches: catches
      .slice(0, CASES)
      .map(({ each, onset, lead }) =>
        shown(
          each,
          onset - lead,
          `Onset at ${hoursIn(each.stay, onset)} h, first alarm ${(lead / HOUR_MS).toFixed(1)} h before`,
        ),
      ),
    worstMisses: misses.slice(0, CASES).map(({ each, onset, highest, lasts }) => {
      const before =
        highest === null
          ? 'the 8 h before lay within or just after another event, when no alarm sounds'
          : `risk at most ${highest.toFixed(3)} while an alarm could sound in the 8 h before`;
      return shown(
        each,
        onset,
        `Onset at ${hoursIn(each.stay, onset)} h, lasting ${(lasts / HOUR_MS).toFixed(1)} h; ${before}`,
      );
    }),
    costliestFalseAlarms: costly
      .slice(0, CASES)
      .map((each) =>
        shown(
          each,
          each.alarms[each.alarms.length - 1],
          `${each.falseAlarms} false of ${each.alarms.length} alarms`,
        ),
      ),
  };
}

function look(endpoint: Endpoint, signal: SignalId, threshold: number, stay: ObservedStay): Seen {
  const events = endpoint.eventsOf(stay);
  const monitored = monitoredBy({ id: signal, sign: 1 }, [stay], [events]).at(0);
  const candidates = catchable(monitored, HYLAND_RULES, BROUGHT_IN_MS);
  const alarms: number[] = [];
  let falseAlarms = 0;
  const { caught, leads } = stayAlarms(monitored, candidates, threshold, HYLAND_RULES, (time, isTrue) => {
    alarms.push(time);
    if (!isTrue) falseAlarms++;
  });
  const missed = candidates.filter((index) => !caught.includes(index));
  return {
    stay,
    events,
    alarms,
    falseAlarms,
    caught: caught.map((index, place) => ({ onset: events[index].start, lead: leads[place] })),
    missed: missed.map((index) => {
      const { start, end } = events[index];
      const from = lastMoment(stay.times, start - HYLAND_RULES.horizonMs) + 1;
      const to = lastMoment(stay.times, start - HYLAND_RULES.leastMs) + 1;
      const open = stay.signals[signal].subarray(from, to).filter((_, moment) => {
        const time = stay.times[from + moment];
        return !events.some((event) => event.start <= time && time < event.end + HYLAND_RULES.resetMs);
      });
      return { onset: start, lasts: end - start, highest: open.length === 0 ? null : Math.max(...open) };
    }),
  };
}

function tenths(lead: number): number {
  return Math.round((10 * lead) / HOUR_MS);
}

/** The item with the highest figure, as a list of one; none of none. */
function best<Item>(items: readonly Item[], figure: (item: Item) => number): Item[] {
  const top = items.reduce<Item | null>(
    (found, item) => (found === null || figure(item) > figure(found) ? item : found),
    null,
  );
  return top === null ? [] : [top];
}

function caseOf(
  { stay, events, alarms }: Seen,
  signal: SignalId,
  threshold: number,
  { happened }: Label,
  at: number,
  because: string,
): Case {
  const { patientId, stayId, demographics, admittedAt, endAt } = stay;
  const hour = (time: number) => Number(((time - admittedAt) / HOUR_MS).toFixed(3));
  return {
    patientId,
    stayId,
    ageYears: demographics.ageYears,
    sex: demographics.sex,
    outcome: happened,
    because,
    at,
    hours: hour(endAt),
    threshold,
    risk: line(stay, signal, 1),
    news2: line(stay, 'news2', 1 / 20),
    events: events.map(({ start, end }) => [hour(start), hour(Math.min(end, endAt))]),
    alarms: alarms.map(hour),
  };
}

/** A signal over the hours since admission, thinned where there are many moments; each run of them keeps its highest. */
export function line(
  { times, signals, admittedAt }: ObservedStay,
  id: SignalId,
  scale: number,
): (readonly [hour: number, value: number])[] {
  const values = signals[id];
  const every = Math.max(1, Math.ceil(times.length / MOST_POINTS));
  const points: (readonly [number, number])[] = [];
  for (let start = 0; start < times.length; start += every) {
    let top = -1;
    for (let index = start; index < Math.min(times.length, start + every); index++) {
      if (!Number.isNaN(values[index]) && (top < 0 || values[index] > values[top])) top = index;
    }
    if (top < 0) continue;
    const hour = (times[top] - admittedAt) / HOUR_MS;
    points.push([Number(hour.toFixed(3)), Number((values[top] * scale).toFixed(4))]);
  }
  return points;
}
