import {
  ARREST,
  COMPARABLE_MS,
  LINE,
  PERSISTS_MS,
  reasonCode,
  SOURCES_OF_PRESSURE,
} from '../clinical/trust.js';
import {
  AGREED_CUFF,
  AGREED_LINE,
  AGREED_PULSE,
  CUFF_DIA,
  CUFF_MEAN,
  CUFF_SYS,
  DIA,
  LINE_CONTRADICTED_AT,
  LINE_MEAN,
  LINE_MEAN_AT,
  LINE_PULSE,
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
const MAYBE_UNIT = reasonCode('maybe-unit');
const CONTRADICTED = reasonCode('contradicted');
const LINE_SLOTS = [SYS, DIA, MEAN];
const PULSE_SLOTS = [SYS, DIA];
const CUFF_SLOTS = [CUFF_SYS, CUFF_DIA, CUFF_MEAN];

/** What the pressures of one moment say of themselves: a flush, a closed tap, values in each other's place. */
export function judgeShapes(moment: Moment): void {
  judgeShape(moment, SYS, DIA, MEAN);
  judgeShape(moment, CUFF_SYS, CUFF_DIA, CUFF_MEAN);
  const pulse = moment.sound(SYS) - moment.sound(DIA);
  const mean = meanOf(moment, SYS, DIA, MEAN);
  const isFlat = pulse < LINE.noPulse && mean >= LINE.flatMean;
  const isHigh = mean >= LINE.flushMean && !(pulse >= LINE.noPulse);
  if (isFlat || isHigh || pulse > LINE.pulseMost) moment.doubt(LINE_SLOTS, FLUSH);
}

function judgeShape(moment: Moment, systolicAt: Slot, diastolicAt: Slot, meanAt: Slot): void {
  const [systolic, diastolic] = [moment.sound(systolicAt), moment.sound(diastolicAt)];
  if (systolic < diastolic) moment.doubt([systolicAt, diastolicAt, meanAt], INCONSISTENT);
  const mean = moment.sound(meanAt);
  if (mean > systolic + LINE.slack || mean < diastolic - LINE.slack) moment.doubt([meanAt], INCONSISTENT);
}

/** Pressures of a line in kPa: each is what it was, divided by 7.5. No circulation fails so. */
export function judgeUnitOfLine(moment: Moment, { used, usedAt }: SignMemory): void {
  let like = 0;
  for (const slot of LINE_SLOTS) {
    const value = moment.sound(slot) * LINE.kPa;
    const isLately = moment.at - usedAt[slot] <= COMPARABLE_MS;
    if (isLately && Math.abs(value - used[slot]) <= LINE.unitShare * used[slot]) like++;
  }
  if (like === LINE_SLOTS.length) moment.doubt(LINE_SLOTS, MAYBE_UNIT);
}

/** What the pressures of a line say beside those before: a line that is damped or closed, and a mean that rises faster than a body does. */
export function judgeLine(moment: Moment, memory: SignMemory): void {
  const pulse = moment.sound(SYS) - moment.sound(DIA);
  if (pulse < LINE.dampedPulse) judgeNoPulse(moment, memory, pulse);
  if (hasRisen(moment, memory, pulse)) moment.doubt(LINE_SLOTS, JUMP);
}

/** The pulse has collapsed. Where the mean is what it was, it is used; where nothing of the pulse is left, only then. */
function judgeNoPulse(moment: Moment, { used, usedAt }: SignMemory, pulse: number): void {
  const age = moment.at - Math.min(usedAt[SYS], usedAt[DIA]);
  if (!(age <= LINE.pulseKnownMs)) return;
  const before = used[SYS] - used[DIA];
  if (!(before >= LINE.pulse && pulse <= LINE.dampedShare * before)) return;
  const meanBefore = used[DIA] + before / 3;
  const isKept = Math.abs(meanOf(moment, SYS, DIA, MEAN) - meanBefore) <= LINE.meanKept * meanBefore;
  if (isKept) moment.doubt(PULSE_SLOTS, DAMPED);
  else if (pulse < LINE.flat && age <= COMPARABLE_MS) moment.doubt(LINE_SLOTS, DAMPED);
}

/** Whether a mean rises faster than a body does: one without a pulse, or with one from a low pressure. */
function hasRisen(moment: Moment, memory: SignMemory, pulse: number): boolean {
  const { used, usedAt, levelAt, varied } = memory;
  const { at } = moment;
  const mean = moment.sound(MEAN);
  const hasPulse = pulse >= LINE.noPulse || (Number.isNaN(pulse) && at - usedAt[SYS] <= LINE.pulseFreshMs);
  // From nothing, it is a line that is put in, or a heart that beats again.
  if (hasPulse && !(used[MEAN] < LINE.low && used[MEAN] > ARREST.mean)) return false;
  if (!(mean > used[MEAN] + (hasPulse ? LINE.riseFromLow : LINE.rise))) return false;
  const cuff = meanOf(moment, CUFF_SYS, CUFF_DIA, CUFF_MEAN);
  if (Math.abs(cuff - mean) <= SOURCES_OF_PRESSURE.agree) return false;
  if (memory.isBack(MEAN, mean, at)) return false;
  const age = at - usedAt[MEAN];
  if (Number.isNaN(levelAt[MEAN])) return age <= LINE.riseMs;
  const isBelieved = at - levelAt[MEAN] >= PERSISTS_MS.rise && varied[MEAN] === 1;
  return age <= 2 * COMPARABLE_MS && !isBelieved;
}

/**
 * Line against cuff. Where they contradict each other the line is believed, as the better method, unless it was the line that moved since
 * they agreed: up, since a pressure that is too high hides a low one, or with its pulse kept, since then the transducer hangs elsewhere.
 * It is doubted until they agree, or no cuff contradicts it any more.
 */
export function judgeSources(moment: Moment, { facts }: SignMemory): void {
  const { at } = moment;
  const mean = meanOf(moment, SYS, DIA, MEAN);
  if (!Number.isNaN(mean)) {
    facts[LINE_MEAN] = mean;
    facts[LINE_MEAN_AT] = at;
    facts[LINE_PULSE] = moment.sound(SYS) - moment.sound(DIA);
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
    facts[AGREED_PULSE] = facts[LINE_PULSE];
    facts[LINE_CONTRADICTED_AT] = Number.NaN;
  } else if (apart > SOURCES_OF_PRESSURE.contradict) {
    if (hasLineMoved(facts, cuff)) facts[LINE_CONTRADICTED_AT] = moment.at;
    else moment.doubt(CUFF_SLOTS, CONTRADICTED);
  }
}

function hasLineMoved(facts: Float64Array, cuff: number): boolean {
  const line = facts[LINE_MEAN];
  const moved = Math.abs(line - facts[AGREED_LINE]);
  if (!(moved > Math.abs(cuff - facts[AGREED_CUFF]))) return false;
  const pulseMoved = Math.abs(facts[LINE_PULSE] - facts[AGREED_PULSE]);
  return line > cuff || pulseMoved <= SOURCES_OF_PRESSURE.pulseKept * facts[AGREED_PULSE];
}

/** The slot of the same pressure by cuff for one of the line, and the other way round. */
export function otherSourceOf(slot: Slot): Slot {
  const place = LINE_SLOTS.indexOf(slot);
  return place >= 0 ? CUFF_SLOTS[place] : LINE_SLOTS[CUFF_SLOTS.indexOf(slot)];
}

/** The mean pressure, from systolic and diastolic where it is not told; NaN where nothing sound tells it. */
function meanOf(moment: Moment, systolicAt: Slot, diastolicAt: Slot, meanAt: Slot): number {
  const mean = moment.sound(meanAt);
  if (!Number.isNaN(mean)) return mean;
  const diastolic = moment.sound(diastolicAt);
  return diastolic + (moment.sound(systolicAt) - diastolic) / 3;
}
