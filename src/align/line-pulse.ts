import { ARREST, COMPARABLE_MS, LINE } from '../clinical/trust.js';
import {
  DIA,
  FLAT_AT,
  MEAN,
  type Moment,
  PRESSURE_GONE_AT,
  PULSE_AT,
  PULSE_MEAN,
  PULSE_MEAN_AT,
  type SignMemory,
  SYS,
} from './signs.js';

/** Systolic less diastolic pressure of the line (mmHg); NaN where nothing sound tells both. */
export function linePulse(moment: Moment): number {
  return moment.sound(SYS) - moment.sound(DIA);
}

/** The mean pressure of the line (mmHg), from systolic and diastolic where it is not told. */
export function lineMean(moment: Moment): number {
  const mean = moment.sound(MEAN);
  if (!Number.isNaN(mean)) return mean;
  return moment.sound(DIA) + linePulse(moment) / 3;
}

/** Whether the line shows a pulse now. */
export function showsPulse(moment: Moment): boolean {
  return linePulse(moment) >= ARREST.pulse && lineMean(moment) >= ARREST.pulseMean;
}

/** Remembers a pulse of the line and the highest mean it had in the last minutes, or that the line is flat. */
export function notePulse(moment: Moment, facts: Float64Array): void {
  const { at } = moment;
  if (linePulse(moment) < LINE.flat) facts[FLAT_AT] = at;
  if (!showsPulse(moment)) return;
  const mean = lineMean(moment);
  const isOld = !(at - facts[PULSE_MEAN_AT] <= COMPARABLE_MS);
  if (isOld || mean >= facts[PULSE_MEAN]) {
    facts[PULSE_MEAN] = mean;
    facts[PULSE_MEAN_AT] = at;
  }
  facts[PULSE_AT] = at;
  facts[FLAT_AT] = Number.NaN;
}

/** Whether the line was flat a moment ago: a mean alone then tells of no pulse. */
export function isFlatLately({ at }: Moment, facts: Float64Array): boolean {
  return at - facts[FLAT_AT] <= LINE.pulseFreshMs;
}

/** Whether the line had a pulse to lose when its pressure went; a pump without a pulse has none. */
export function hadPulse(facts: Float64Array): boolean {
  return facts[PRESSURE_GONE_AT] - facts[PULSE_AT] <= COMPARABLE_MS;
}

/**
 * Whether the line has become flat and its mean has fallen with it, below what organs need. A line that is damped keeps its
 * mean, so a full pulse that is lost at once beside it is none.
 */
export function hasLostPulse(moment: Moment, { facts, used }: SignMemory): boolean {
  const mean = lineMean(moment);
  if (!(linePulse(moment) < LINE.flat && mean < LINE.low)) return false;
  if (!(moment.at - facts[PULSE_AT] <= COMPARABLE_MS)) return false;
  const kept = 1 - LINE.meanKept;
  const before = used[SYS] - used[DIA];
  const isDamped = before >= LINE.pulse && mean >= kept * (used[DIA] + before / 3);
  return mean < kept * facts[PULSE_MEAN] && !isDamped;
}
