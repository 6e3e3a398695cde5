import { ARREST, COMPARABLE_MS, LINE, reasonCode, SATURATION_FALL } from '../clinical/trust.js';
import {
  hadPulse,
  hasLostPulse,
  isFlatLately,
  lineMean,
  linePulse,
  notePulse,
  showsPulse,
} from './line-pulse.js';
import {
  ARREST_CONFIRMED_AT,
  CUFF_DIA,
  CUFF_MEAN,
  CUFF_SYS,
  DIA,
  HEART_SEEN_AT,
  HEART_STOPPED_AT,
  HR,
  MEAN,
  type Moment,
  PRESSURE_GONE_AT,
  PULSE_AT,
  PULSE_SEEN_AT,
  PULSELESS_AT,
  type SignMemory,
  type Slot,
  SPO2,
  SPO2_BEFORE,
  SPO2_FELL,
  SPO2_ROSE,
  SYS,
} from './signs.js';

const MAYBE_ARREST = reasonCode('maybe-arrest');
const LEAD_OFF = reasonCode('lead-off');
const LINE_OPEN = reasonCode('line-open');
const HEART = [HR];
const PRESSURES = [SYS, DIA, MEAN];

/**
 * Tells an arrest from a lead or line that is off. A heart rate below 20, a pressure without a pulse at 30 mmHg or less, or a pulse
 * that is lost while the mean falls begins a watch at once; what shows a pulse contradicts it, what else fails confirms it.
 * Confirmed values are used, contradicted ones are artefacts, and until either is known they are doubted.
 */
export function judgeArrest(moment: Moment, memory: SignMemory): void {
  const { facts } = memory;
  const wasWatching = isWatching(facts);
  const isStopped = noteHeart(moment, facts);
  const hasPulse = showsPulse(moment);
  notePulse(moment, facts);
  const isGone = notePressure(moment, memory, hasPulse);
  if (!isWatching(facts)) {
    facts[ARREST_CONFIRMED_AT] = Number.NaN;
    return;
  }
  if (!wasWatching || hasPulse) facts[SPO2_BEFORE] = recentSpo2(moment, memory);
  if (Number.isNaN(facts[SPO2_BEFORE])) facts[SPO2_BEFORE] = moment.sound(SPO2);
  if (!wasWatching) forgetMoves(facts);
  forget(moment, facts);
  if (hasPulse || isSeen(moment, memory)) contradict(moment, memory, hasPulse);
  if (!hasPulse && confirms(moment, facts)) {
    facts[ARREST_CONFIRMED_AT] = moment.at;
    facts[HEART_SEEN_AT] = Number.NaN;
    facts[PULSE_SEEN_AT] = Number.NaN;
  }
  if (!Number.isNaN(facts[ARREST_CONFIRMED_AT])) return;
  if (isStopped && Number.isNaN(facts[HEART_SEEN_AT])) moment.doubt(HEART, MAYBE_ARREST);
  else if (isStopped && !isSlow(moment, facts)) moment.doubt(HEART, LEAD_OFF);
  if (isGone) doubtPressure(moment, facts);
}

/** Since when there may be an arrest that nothing contradicts; NaN: there is none. */
export function mayBeArrestedSince({ facts }: SignMemory): number {
  const heart = Number.isNaN(facts[HEART_SEEN_AT]) ? facts[HEART_STOPPED_AT] : Number.NaN;
  const pressure = Number.isNaN(facts[PULSE_SEEN_AT]) ? facts[PRESSURE_GONE_AT] : Number.NaN;
  const since = Math.min(orNever(heart), orNever(pressure), orNever(facts[PULSELESS_AT]));
  return since === Number.POSITIVE_INFINITY ? Number.NaN : since;
}

function isWatching(facts: Float64Array): boolean {
  return !Number.isNaN(facts[HEART_STOPPED_AT]) || !Number.isNaN(facts[PRESSURE_GONE_AT]);
}

/** Whether this moment says that no heart beats. */
function noteHeart(moment: Moment, facts: Float64Array): boolean {
  const rate = moment.sound(HR);
  if (rate < ARREST.heartRate) {
    if (Number.isNaN(facts[HEART_STOPPED_AT])) facts[HEART_STOPPED_AT] = moment.at;
    return true;
  }
  // Around the limit a heart neither stops nor beats again by turns.
  if (rate >= ARREST.heartBack) {
    facts[HEART_STOPPED_AT] = Number.NaN;
    facts[HEART_SEEN_AT] = Number.NaN;
  }
  return false;
}

/** Whether the line has shown a pulse beside a few heart beats: extreme bradycardia, and no lead that is off. */
function isSlow(moment: Moment, facts: Float64Array): boolean {
  const isFresh = moment.at - facts[PULSE_AT] <= LINE.pulseFreshMs;
  return moment.sound(HR) > 0 && isFresh && facts[PULSE_AT] >= facts[HEART_STOPPED_AT];
}

/** Whether this moment says that there is no pressure, or none with a pulse where there was one. */
function notePressure(moment: Moment, memory: SignMemory, hasPulse: boolean): boolean {
  const { facts } = memory;
  const pulse = linePulse(moment);
  const mean = lineMean(moment);
  const isGone = !Number.isNaN(facts[PRESSURE_GONE_AT]);
  const isNone = mean <= ARREST.mean && !(pulse >= LINE.noPulse);
  const isFlat = pulse < LINE.flat && (isGone ? hadPulse(facts) : hasLostPulse(moment, memory));
  if (isNone || isFlat) {
    if (!isGone) facts[PRESSURE_GONE_AT] = moment.at;
    return true;
  }
  // A mean that is low, or beside a flat line, tells of no pulse where none is told, or hardly one.
  const isUnclear = mean < LINE.low || isFlatLately(moment, facts);
  const tellsNothing = !(pulse >= ARREST.pulse) && isUnclear && hadPulse(facts);
  if ((mean > ARREST.mean && !tellsNothing) || hasPulse) {
    facts[PRESSURE_GONE_AT] = Number.NaN;
    facts[PULSE_SEEN_AT] = Number.NaN;
  }
  return false;
}

/** What was seen is old, or taken back by a saturation that is lost, or that falls while no line shows a pulse. */
function forget(moment: Moment, facts: Float64Array): void {
  const { at } = moment;
  const hasLine = at - facts[PULSE_AT] <= LINE.pulseFreshMs;
  const isTakenBack = moment.isSpo2Lost || (isDesaturating(moment, facts) && !hasLine);
  if (isTakenBack || at - facts[HEART_SEEN_AT] > ARREST.seenMs) facts[HEART_SEEN_AT] = Number.NaN;
  if (isTakenBack || at - facts[PULSE_SEEN_AT] > ARREST.seenMs) facts[PULSE_SEEN_AT] = Number.NaN;
}

/** Whether something beside heart and line has shown a pulse since the watch began. Only what is measured anew does. */
function isSeen(moment: Moment, memory: SignMemory): boolean {
  const { facts } = memory;
  const age = moment.at - Math.min(orNever(facts[HEART_STOPPED_AT]), orNever(facts[PRESSURE_GONE_AT]));
  if (age >= ARREST.cuffMs && (isCuffRead(moment, memory) || isMeanKept(moment, memory))) return true;
  if (!(age >= ARREST.spo2Ms && moment.sound(SPO2) >= ARREST.spo2)) return false;
  return !isDesaturating(moment, facts) && hasMovedBothWays(moment, memory);
}

/** A few beats a minute beside a saturation may be all there are: only the line tells whether they are. */
function contradict({ at, value }: Moment, { facts, run }: SignMemory, hasPulse: boolean): void {
  const rate = Number.isNaN(value[HR]) ? run[HR] : value[HR];
  const isFew = rate > 0 && rate < ARREST.heartBack;
  if (!Number.isNaN(facts[HEART_STOPPED_AT]) && (hasPulse || !isFew)) facts[HEART_SEEN_AT] = at;
  if (!Number.isNaN(facts[PRESSURE_GONE_AT])) facts[PULSE_SEEN_AT] = at;
  facts[ARREST_CONFIRMED_AT] = Number.NaN;
}

/**
 * Whether the saturation has risen and fallen since the watch began. One that is frozen, or fades, may move once or one way. What
 * was seen is seen again only when it does so anew.
 */
function hasMovedBothWays({ value }: Moment, { facts, run }: SignMemory): boolean {
  if (value[SPO2] > run[SPO2]) facts[SPO2_ROSE] = 1;
  if (value[SPO2] < run[SPO2]) facts[SPO2_FELL] = 1;
  if (!(facts[SPO2_ROSE] === 1 && facts[SPO2_FELL] === 1)) return false;
  forgetMoves(facts);
  return true;
}

function forgetMoves(facts: Float64Array): void {
  facts[SPO2_ROSE] = Number.NaN;
  facts[SPO2_FELL] = Number.NaN;
}

/** Whether the saturation is lower than before the watch, or than when a line last showed a pulse. */
function isDesaturating(moment: Moment, facts: Float64Array): boolean {
  return moment.sound(SPO2) <= facts[SPO2_BEFORE] - SATURATION_FALL;
}

/** Whether a value is not the one before, told again, however much later: gateways repeat the last reading, and monitors freeze. */
function isNew({ value }: Moment, { run }: SignMemory, slot: Slot): boolean {
  return !Number.isNaN(value[slot]) && value[slot] !== run[slot];
}

function isCuffRead(moment: Moment, memory: SignMemory): boolean {
  const isRead = moment.sound(CUFF_MEAN) >= ARREST.pulseMean || moment.sound(CUFF_SYS) >= 2 * ARREST.mean;
  if (!isRead) return false;
  return (
    isNew(moment, memory, CUFF_SYS) || isNew(moment, memory, CUFF_DIA) || isNew(moment, memory, CUFF_MEAN)
  );
}

/** Whether a mean stands well where nothing tells of the pulse: a flat line may be closed beside an arrest. */
function isMeanKept(moment: Moment, memory: SignMemory): boolean {
  if (!Number.isNaN(moment.value[SYS]) || isFlatLately(moment, memory.facts)) return false;
  return moment.sound(MEAN) >= 2 * ARREST.mean && isNew(moment, memory, MEAN);
}

/** Whether a second sign fails with the first: no heart beat and no pressure, or a saturation that has fallen. */
function confirms(moment: Moment, facts: Float64Array): boolean {
  const apart = Math.abs(facts[HEART_STOPPED_AT] - facts[PRESSURE_GONE_AT]);
  if (apart <= ARREST.togetherMs && Number.isNaN(facts[HEART_SEEN_AT])) return true;
  return moment.sound(SPO2) < facts[SPO2_BEFORE] - ARREST.spo2Fall;
}

function doubtPressure(moment: Moment, facts: Float64Array): void {
  if (!Number.isNaN(facts[PULSE_SEEN_AT])) {
    // A flat line above that is damped or closed: src/align/pressure-trust.ts.
    if (lineMean(moment) <= ARREST.mean) moment.doubt(PRESSURES, LINE_OPEN);
    return;
  }
  const isAlone = Number.isNaN(moment.value[SYS]);
  // A mean alone that is very low may well be one with a pulse: it is used, and the watch goes on beside it.
  if (!isAlone || moment.value[MEAN] <= ARREST.meanAlone) moment.doubt(PRESSURES, MAYBE_ARREST);
}

function recentSpo2({ at }: Moment, { used, usedAt }: SignMemory): number {
  return at - usedAt[SPO2] <= COMPARABLE_MS ? used[SPO2] : Number.NaN;
}

function orNever(time: number): number {
  return Number.isNaN(time) ? Number.POSITIVE_INFINITY : time;
}
