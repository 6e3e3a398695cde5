import { MAX_VITAL_AGE_MS } from '../clinical/bedside.js';
import { COMPARABLE_MS } from '../clinical/trust.js';
import {
  CUFF_LOST_AT,
  CUFF_MEAN,
  CUFF_SYS,
  MEAN,
  type Moment,
  PULSELESS_AT,
  type SignMemory,
  SPO2,
  SPO2_LOST_AT,
  SYS,
} from './signs.js';

/**
 * Tells that no pulse is found any more in who has no line: the oximeter loses it, and the cuff finds none, within 15 minutes, which
 * is how often a cuff measures, and both found one before. The heart may have a rhythm without a beat.
 */
export function judgePulseFound(moment: Moment, memory: SignMemory): void {
  const { facts } = memory;
  note(moment, memory, SPO2_LOST_AT, moment.isSpo2Lost, isTold(moment, SPO2), isKnown(moment, memory, SPO2));
  const isCuffTold = isTold(moment, CUFF_MEAN) || isTold(moment, CUFF_SYS);
  const isCuffKnown = isKnown(moment, memory, CUFF_MEAN) || isKnown(moment, memory, CUFF_SYS);
  note(moment, memory, CUFF_LOST_AT, moment.isCuffLost, isCuffTold, isCuffKnown);
  const areBoth = Math.abs(facts[SPO2_LOST_AT] - facts[CUFF_LOST_AT]) <= COMPARABLE_MS;
  if (!areBoth || hasLine(moment, memory)) facts[PULSELESS_AT] = Number.NaN;
  else if (Number.isNaN(facts[PULSELESS_AT])) facts[PULSELESS_AT] = moment.at;
}

function note(
  { at }: Moment,
  { facts }: SignMemory,
  fact: number,
  isLost: boolean,
  isFound: boolean,
  isKnownBefore: boolean,
): void {
  if (isFound) facts[fact] = Number.NaN;
  else if (isLost && Number.isNaN(facts[fact]) && isKnownBefore) facts[fact] = at;
}

function isTold(moment: Moment, slot: number): boolean {
  return moment.sound(slot) > 0;
}

function isKnown({ at }: Moment, { usedAt }: SignMemory, slot: number): boolean {
  return at - usedAt[slot] <= MAX_VITAL_AGE_MS;
}

/** Whether a line tells of the pressure, or did a quarter of an hour ago: it has rules of its own. */
function hasLine({ at, value }: Moment, { usedAt }: SignMemory): boolean {
  return [SYS, MEAN].some((slot) => !Number.isNaN(value[slot]) || at - usedAt[slot] <= COMPARABLE_MS);
}
