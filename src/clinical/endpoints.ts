/**
 * Endpoints: when a patient was in circulatory or respiratory failure, told from the whole stay, as labels for
 * validation. They look ahead and must never be used live. Sources:
 * [H] Hyland et al., "Early prediction of circulatory failure in the intensive care unit using machine learning",
 *     Nature Medicine 2020;26:364-373, with its code at github.com/ratschlab/circEWS.
 * [R] Hüser et al., "A comprehensive ML-based respiratory monitoring system for physiological monitoring & resource
 *     planning in the ICU", medRxiv 2024.01.23.24301516.
 * [S] Rice et al., "Comparison of the SpO2/FIO2 ratio and the PaO2/FIO2 ratio in patients with acute lung injury or the acute
 *     respiratory distress syndrome", Chest 2007;132:410-417.
 * What departs from them is said at each function and constant; data charted once an hour, without drugs, force it.
 */
import { HOUR_MS, MINUTE_MS } from '../durations.js';
import { MAX_VITAL_AGE_MS } from './bedside.js';
import { type Interval, intersection, union } from './intervals.js';
import { MAX_SF_SPO2 } from './signs.js';

/** Mean arterial pressure in mmHg, at or below: hypotension [H]. */
export const HYPOTENSION_MAP = 65;
/** Hypotension lasts at least this long: two thirds of the 45-minute window of [H]. */
export const HYPOTENSION_LASTS_MS = 30 * MINUTE_MS;
/** Two readings further apart than this are not one spell. Ours: charts are hourly, [H] had a value every 2 minutes. */
export const MAP_GAP_MS = 2 * HOUR_MS;
/** Arterial lactate in mmol/L, at or above: raised [H]. */
export const RAISED_LACTATE = 2;
/** A raised lactate speaks for this long before and after it where no other value says more [H]. */
export const LACTATE_REACH_MS = 3 * HOUR_MS;
/** Between a raised and a normal lactate closer than this, the level is a straight line [H]. */
export const LACTATE_LINE_MS = 6 * HOUR_MS;
/** PaO2/FiO2 in mmHg, below: moderate or severe hypoxaemia [R]. */
export const RESPIRATORY_FAILURE_PF = 200;
/** A ratio speaks for this long unless a newer one comes. Ours: [R] estimates PaO2 between blood gases from SpO2. */
export const PF_REACH_MS = 6 * HOUR_MS;
/** SpO2/FiO2, below: it corresponds to PaO2/FiO2 200 mmHg by the line of [S], S/F = 64 + 0.84 × P/F, rounded. */
export const RESPIRATORY_FAILURE_SF = 235;
/** Low SpO2/FiO2 lasts at least this long, as hypotension does. Ours: a probe slips, a blood gas does not. */
export const SF_LASTS_MS = 30 * MINUTE_MS;
/** Two ratios by SpO2 further apart than this are not one spell. Ours: as of mean pressure. */
export const SF_GAP_MS = 2 * HOUR_MS;
/** Ventilation charted after a charted "off", or after no reading for this long, starts. Ours: in set A 99 % follow within 9 hours. */
export const VENTILATION_PAUSE_MS = 12 * HOUR_MS;
/** A start of ventilation is an event of this length; being ventilated is treatment, not a new failure. Ours. */
export const VENTILATION_EVENT_MS = HOUR_MS;

/** Measurements of one variable in its canonical unit, ascending in time (ms). Shapes [measurements]. */
export interface Series {
  readonly times: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

/**
 * Mean arterial pressure in mmHg: the arterial line, and the cuff where the line has been silent for `MAP_GAP_MS`. Of two
 * lines read at one moment the higher counts, so that the order in which they are charted does not matter.
 */
export function meanPressure(line: Series, cuff: Series): Series {
  const times: number[] = [];
  const values: number[] = [];
  const take = (time: number, value: number) => {
    if (times.at(-1) === time) {
      values[values.length - 1] = Math.max(values[values.length - 1], value);
      return;
    }
    times.push(time);
    values.push(value);
  };
  let at = 0;
  const takeLineUntil = (time: number) => {
    for (; at < line.times.length && line.times[at] <= time; at++) take(line.times[at], line.values[at]);
  };
  for (let index = 0; index < cuff.times.length; index++) {
    const time = cuff.times[index];
    takeLineUntil(time);
    if (at > 0 && time - line.times[at - 1] <= MAP_GAP_MS) continue;
    take(time, cuff.values[index]);
  }
  takeLineUntil(Number.POSITIVE_INFINITY);
  return { times, values };
}

/**
 * Spells of mean pressure ≤ 65 mmHg whose first and last low reading lie at least 30 minutes apart, so that no single
 * reading makes one; each ends at the first reading above, or at the last low one where readings cease. [H] asks for two
 * thirds of every 45-minute window instead, which needs readings a few minutes apart.
 */
export function hypotension({ times, values }: Series): Interval[] {
  return spells(times, (index) => values[index] <= HYPOTENSION_MAP, HYPOTENSION_LASTS_MS, MAP_GAP_MS);
}

/** Runs of readings that are low, at most `gapMs` apart, whose first and last lie at least `lastsMs` apart. */
function spells(
  times: ArrayLike<number>,
  isLow: (index: number) => boolean,
  lastsMs: number,
  gapMs: number,
): Interval[] {
  const found: Interval[] = [];
  for (let index = 0; index < times.length; index++) {
    if (!isLow(index)) continue;
    const start = times[index];
    while (index + 1 < times.length && isLow(index + 1) && times[index + 1] - times[index] <= gapMs) index++;
    const last = times[index];
    if (last - start < lastsMs) continue;
    const next = index + 1 < times.length ? times[index + 1] : Number.POSITIVE_INFINITY;
    found.push({ start, end: next - last <= gapMs ? next : last });
  }
  return found;
}

/**
 * Spans of lactate ≥ 2 mmol/L by the interpolation of [H]: all the time between two raised values; between a raised and a
 * normal one less than 6 hours apart, up to where the straight line crosses 2; else 3 hours to either side of a raised value.
 */
export function raisedLactate({ times, values }: Series): Interval[] {
  const spans: Interval[] = [];
  for (let index = 0; index < times.length; index++) {
    if (values[index] < RAISED_LACTATE) continue;
    const start = index === 0 ? times[0] - LACTATE_REACH_MS : crossing(times, values, index, index - 1);
    const isLast = index === times.length - 1;
    const end = isLast ? times[index] + LACTATE_REACH_MS : crossing(times, values, index, index + 1);
    spans.push({ start, end });
  }
  return union(spans);
}

/** How far towards a neighbour a raised value reaches. */
function crossing(
  times: ArrayLike<number>,
  values: ArrayLike<number>,
  raised: number,
  neighbour: number,
): number {
  const gap = times[neighbour] - times[raised];
  if (values[neighbour] >= RAISED_LACTATE) return times[neighbour];
  if (Math.abs(gap) >= LACTATE_LINE_MS) return times[raised] + Math.sign(gap) * LACTATE_REACH_MS;
  return times[raised] + (gap * (values[raised] - RAISED_LACTATE)) / (values[raised] - values[neighbour]);
}

/** What circulatory endpoints are told from: mean pressure in mmHg, lactate in mmol/L. */
export interface Circulation {
  readonly map: Series;
  readonly lactate: Series;
}

/**
 * Circulatory failure: hypotension and raised lactate at once [H]. The original also counts a normal pressure under
 * vasopressors or inotropes; where the source has no drugs (PhysioNet 2012) those patients are missed, so events are fewer
 * and begin later than by the original.
 */
export function circulatoryFailure({ map, lactate }: Circulation): Interval[] {
  return intersection(hypotension(map), raisedLactate(lactate));
}

/** What hypoxaemia is told from: PaO2 in mmHg, FiO2 as a fraction. */
interface Oxygenation {
  readonly pao2: Series;
  readonly fio2: Series;
}

/**
 * Spans of PaO2/FiO2 < 200 mmHg [R]; each ratio speaks until the next, for six hours at most. A ratio takes the FiO2 charted last, at
 * most 4 hours before; without one there is no ratio: room air is not assumed, nor PaO2 estimated from SpO2 as in [R].
 */
export function hypoxaemia({ pao2, fio2 }: Oxygenation): Interval[] {
  const { times, ratios } = ratiosTo(fio2, pao2);
  return times.flatMap((start, index) => {
    if (ratios[index] >= RESPIRATORY_FAILURE_PF) return [];
    const next = times[index + 1] ?? Number.POSITIVE_INFINITY;
    return [{ start, end: Math.min(next, start + PF_REACH_MS) }];
  });
}

/**
 * Spells of SpO2/FiO2 < 235 [S], told only where no PaO2/FiO2 of the last six hours says more. As with hypotension, the first
 * and the last low ratio lie at least 30 minutes apart. An SpO2 above 97 % ends a spell: hypoxaemia cannot be told from it.
 */
export function hypoxaemiaBySpo2({ pao2, fio2, spo2 }: Oxygenation & { readonly spo2: Series }): Interval[] {
  const gases = ratiosTo(fio2, pao2);
  const { times, values, ratios } = ratiosTo(fio2, spo2);
  let newest = -1;
  const isSilent = times.map((time) => {
    while (newest + 1 < gases.times.length && gases.times[newest + 1] <= time) newest++;
    return newest < 0 || time - gases.times[newest] > PF_REACH_MS;
  });
  const isLow = (index: number) =>
    isSilent[index] && values[index] <= MAX_SF_SPO2 && ratios[index] < RESPIRATORY_FAILURE_SF;
  return spells(times, isLow, SF_LASTS_MS, SF_GAP_MS);
}

/** A measured oxygen over the FiO2 charted last, at most 4 hours before; what has none is left out. */
function ratiosTo(fio2: Series, oxygen: Series): { times: number[]; values: number[]; ratios: number[] } {
  const times: number[] = [];
  const values: number[] = [];
  const ratios: number[] = [];
  let newest = -1;
  for (let index = 0; index < oxygen.times.length; index++) {
    const time = oxygen.times[index];
    while (newest + 1 < fio2.times.length && fio2.times[newest + 1] <= time) newest++;
    if (newest < 0 || time - fio2.times[newest] > MAX_VITAL_AGE_MS) continue;
    times.push(time);
    values.push(oxygen.values[index]);
    ratios.push(oxygen.values[index] / fio2.values[newest]);
  }
  return { times, values, ratios };
}

/**
 * Events of an hour at which ventilation begins: charted after a charted "off", or after 12 hours without ([R] has ventilator need as
 * a task of its own). Whoever comes ventilated is charted so for the first time as well: who asks leaves the first hours out.
 */
export function ventilationStarts({ times, values }: Series): Interval[] {
  const starts: Interval[] = [];
  let lastOn = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < times.length; index++) {
    const time = times[index];
    if (values[index] !== 1) {
      lastOn = Number.NEGATIVE_INFINITY;
      continue;
    }
    if (time - lastOn > VENTILATION_PAUSE_MS) starts.push({ start: time, end: time + VENTILATION_EVENT_MS });
    lastOn = time;
  }
  return starts;
}
