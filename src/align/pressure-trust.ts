import { COMPARABLE_MS, LINE, PERSISTS_MS, reasonCode, SOURCES_OF_PRESSURE } from '../clinical/trust.js';
import {
  AGREED_CUFF,
  AGREED_LINE,
  CUFF_DIA,
  CUFF_MEAN,
  CUFF_SYS,
  DIA,
  FELL_AT,
  FELL_FROM,
  LINE_CONTRADICTED_AT,
  LINE_MEAN,
  LINE_MEAN_AT,
  MEAN,
  type Moment,
  type SignMemory,
  type Slot,
  SYS,
} from './signs.js';

const FLUSH = reasonCode('flush');
const DAMPED = reasonCode('damped');
const INCONSISTENT = reasonCode('inconsistent');
const JUMP = reasonCode('jump');
const CONTRADICTED = reasonCode('contradicted');
const LINE_SLOTS = [SYS, DIA, MEAN];
const PULSE_SLOTS = [SYS, DIA];
const CUFF_SLOTS = [CUFF_SYS, CUFF_DIA, CUFF_MEAN];

/** What the pressures of one moment say of themselves: a flush, a closed tap, values in each other's place. */
export function judgeShapes(moment: Moment): void {
  judgeShape(moment, SYS, DIA, MEAN);
  judgeShape(moment, CUFF_SYS, CUFF_DIA, CUFF_MEAN);
  const [systolic, diastolic] = [moment.sound(SYS), moment.sound(DIA)];
  const mean = meanOf(moment, SYS, DIA, MEAN);
  const isFlat = systolic - diastolic < LINE.noPulse && mean >= LINE.flatMean;
  const isHigh = mean >= LINE.flushMean && !(systolic - diastolic >= LINE.noPulse);
  if (isFlat || isHigh) moment.doubt(LINE_SLOTS, FLUSH);
}

function judgeShape(moment: Moment, systolicAt: Slot, diastolicAt: Slot, meanAt: Slot): void {
  const [systolic, diastolic] = [moment.sound(systolicAt), moment.sound(diastolicAt)];
  if (systolic < diastolic) moment.doubt([systolicAt, diastolicAt, meanAt], INCONSISTENT);
  const mean = moment.sound(meanAt);
  if (mean > systolic + LINE.slack || mean < diastolic - LINE.slack) moment.doubt([meanAt], INCONSISTENT);
}

/** What the pressures of a line say beside those before: damping, and a mean without a pulse that rises faster than a body does. */
export function judgeLine(moment: Moment, memory: SignMemory): void {
  const mean = moment.sound(MEAN);
  const [systolic, diastolic] = [moment.sound(SYS), moment.sound(DIA)];
  const pulse = systolic - diastolic;
  if (pulse < LINE.dampedPulse && isDamped(pulse, meanOf(moment, SYS, DIA, MEAN), moment.at, memory)) {
    moment.doubt(PULSE_SLOTS, DAMPED);
  }
  if (!(pulse >= LINE.noPulse) && hasRisen(mean, moment.at, memory)) moment.doubt([MEAN], JUMP);
  noteFall(moment.sound(MEAN), moment.at, memory);
}

/** The pulse has collapsed, and the mean is what it was with the pulse. */
function isDamped(pulse: number, mean: number, at: number, { used, usedAt }: SignMemory): boolean {
  if (!(at - usedAt[SYS] <= LINE.pulseKnownMs && at - usedAt[DIA] <= LINE.pulseKnownMs)) return false;
  const before = used[SYS] - used[DIA];
  if (!(before >= LINE.pulse && pulse <= LINE.dampedShare * before)) return false;
  const meanBefore = used[DIA] + before / 3;
  return Math.abs(mean - meanBefore) <= LINE.meanKept * meanBefore;
}

function hasRisen(mean: number, at: number, memory: SignMemory): boolean {
  const { used, usedAt, levelAt, varied, facts } = memory;
  if (at - usedAt[SYS] <= LINE.pulseFreshMs) return false;
  if (!(mean > used[MEAN] + LINE.rise)) return false;
  const isBack = at - facts[FELL_AT] <= LINE.dipMs && mean <= facts[FELL_FROM] + LINE.rise;
  if (isBack) return false;
  const age = at - usedAt[MEAN];
  if (Number.isNaN(levelAt[MEAN])) return age <= LINE.riseMs;
  const isBelieved = at - levelAt[MEAN] >= PERSISTS_MS.rise && varied[MEAN] === 1;
  return age <= 2 * COMPARABLE_MS && !isBelieved;
}

/** Remembers from where a mean has just fallen. */
function noteFall(mean: number, at: number, { used, usedAt, facts }: SignMemory): void {
  if (!(used[MEAN] - mean > LINE.rise / 2 && at - usedAt[MEAN] <= LINE.riseMs)) return;
  facts[FELL_FROM] = used[MEAN];
  facts[FELL_AT] = at;
}

/**
 * Line against cuff. Where they contradict each other, the line is believed, as the better method, unless it was the line that rose
 * since they agreed: a pressure that is too high hides a low one. It is doubted until they agree, or no cuff contradicts it any more.
 */
export function judgeSources(moment: Moment, { facts }: SignMemory): void {
  const { at } = moment;
  const mean = meanOf(moment, SYS, DIA, MEAN);
  if (!Number.isNaN(mean)) {
    facts[LINE_MEAN] = mean;
    facts[LINE_MEAN_AT] = at;
  }
  const cuff = meanOf(moment, CUFF_SYS, CUFF_DIA, CUFF_MEAN);
  if (!Number.isNaN(cuff) && at - facts[LINE_MEAN_AT] <= SOURCES_OF_PRESSURE.pairMs) {
    compare(moment, facts, cuff);
  }
  if (!(at - facts[LINE_CONTRADICTED_AT] <= SOURCES_OF_PRESSURE.lastsMs)) {
    facts[LINE_CONTRADICTED_AT] = Number.NaN;
  } else moment.doubt(LINE_SLOTS, CONTRADICTED);
}

function compare(moment: Moment, facts: Float64Array, cuff: number): void {
  const line = facts[LINE_MEAN];
  const apart = Math.abs(line - cuff);
  if (apart <= SOURCES_OF_PRESSURE.agree) {
    facts[AGREED_LINE] = line;
    facts[AGREED_CUFF] = cuff;
    facts[LINE_CONTRADICTED_AT] = Number.NaN;
  } else if (apart > SOURCES_OF_PRESSURE.contradict) {
    const hasLineRisen = line > cuff && line - facts[AGREED_LINE] > facts[AGREED_CUFF] - cuff;
    if (hasLineRisen) facts[LINE_CONTRADICTED_AT] = moment.at;
    else moment.doubt(CUFF_SLOTS, CONTRADICTED);
  }
}

/** The mean pressure, from systolic and diastolic where it is not told; NaN where nothing sound tells it. */
function meanOf(moment: Moment, systolicAt: Slot, diastolicAt: Slot, meanAt: Slot): number {
  const mean = moment.sound(meanAt);
  if (!Number.isNaN(mean)) return mean;
  const diastolic = moment.sound(diastolicAt);
  return diastolic + (moment.sound(systolicAt) - diastolic) / 3;
}
