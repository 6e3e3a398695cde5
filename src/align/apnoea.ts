import { APNOEA_MS, COMPARABLE_MS, LINE, reasonCode, SATURATION_FALL } from '../clinical/trust.js';
import {
  APNOEA_AT,
  BREATHS_DUE_MS,
  BREATHS_LOST_AT,
  HR,
  type Moment,
  RESP,
  type SignMemory,
  SPO2,
  SPO2_KNOWN_AT,
  SPO2_WITH_BREATHS,
  VARIABLE_OF,
} from './signs.js';

const MAYBE_APNOEA = reasonCode('maybe-apnoea');

/**
 * Tells apnoea from breaths that are not read. A respiratory rate of 0 beside a heart that beats is doubted, not an artefact: the ECG,
 * whose electrodes read the breaths, is on. It may be apnoea where breaths were read by turns and none is for 20 s, until a breath is
 * read; or where the saturation falls, until a breath is read or, where none was awaited, until the saturation is what it was.
 */
export function judgeBreaths(moment: Moment, memory: SignMemory): void {
  const { facts, seenAt } = memory;
  const { at } = moment;
  if (moment.sound(RESP) > 0) {
    facts[BREATHS_DUE_MS] = patience(moment, memory);
    facts[BREATHS_LOST_AT] = Number.NaN;
    facts[APNOEA_AT] = Number.NaN;
    return;
  }
  if (moment.isBreathless && Number.isNaN(facts[BREATHS_LOST_AT])) {
    facts[BREATHS_LOST_AT] = at;
    facts[SPO2_KNOWN_AT] = Number.NaN;
    facts[SPO2_WITH_BREATHS] = Number.NaN;
  }
  if (Number.isNaN(facts[BREATHS_LOST_AT])) return;
  noteSaturation(moment, memory);
  const isOn = beats(moment, memory);
  const isLong = moment.isBreathless && isOn && at - facts[BREATHS_LOST_AT] >= facts[BREATHS_DUE_MS];
  const isTold = moment.isBreathless || at - seenAt[RESP] <= LINE.pulseFreshMs;
  const saturation = moment.sound(SPO2);
  const isFalling = isTold && saturation <= facts[SPO2_WITH_BREATHS] - SATURATION_FALL;
  if (Number.isNaN(facts[APNOEA_AT])) {
    if (isLong || isFalling) facts[APNOEA_AT] = facts[BREATHS_LOST_AT];
  } else if (Number.isNaN(facts[BREATHS_DUE_MS]) && !isFalling && !Number.isNaN(saturation)) {
    facts[APNOEA_AT] = Number.NaN;
  }
  if (moment.isBreathless && (isOn || !Number.isNaN(facts[APNOEA_AT]))) moment.code[RESP] = MAYBE_APNOEA;
}

/** Since when the patient may not breathe; NaN: nothing says so. */
export function mayBeApnoeicSince({ facts }: SignMemory): number {
  return facts[APNOEA_AT];
}

/**
 * How long (ms) a breath may be awaited after this one. Breaths that follow each other without a 0 between are read by what tells the 0
 * as well; else they are another source's, which is given the time of three of them. One alone, such as one that is charted by hand,
 * says nothing of when the next is due: NaN.
 */
function patience({ at }: Moment, { facts, usedAt }: SignMemory): number {
  const apart = at - usedAt[RESP];
  if (Number.isNaN(facts[BREATHS_LOST_AT])) return Number.isNaN(apart) ? Number.NaN : APNOEA_MS;
  return apart <= LINE.pulseFreshMs ? Math.max(APNOEA_MS, 3 * apart) : Number.NaN;
}

/** The saturation that was, to tell whether it falls; where no breath is awaited, that of the last minutes. */
function noteSaturation(moment: Moment, { facts, used, usedAt }: SignMemory): void {
  const { at } = moment;
  const isFirst = Number.isNaN(facts[SPO2_KNOWN_AT]);
  const isOld = Number.isNaN(facts[BREATHS_DUE_MS]) && at - facts[SPO2_KNOWN_AT] > COMPARABLE_MS;
  if (!isFirst && !isOld) return;
  const saturation = at - usedAt[SPO2] <= COMPARABLE_MS ? used[SPO2] : moment.sound(SPO2);
  if (Number.isNaN(saturation)) return;
  facts[SPO2_WITH_BREATHS] = saturation;
  facts[SPO2_KNOWN_AT] = at;
}

/** Whether a heart rate is read now, or was a moment ago. */
function beats(moment: Moment, { used, usedAt, reason }: SignMemory): boolean {
  if (!Number.isNaN(moment.value[HR])) return moment.sound(HR) > 0;
  const isFresh = moment.at - usedAt[HR] <= LINE.pulseFreshMs && !(reason[VARIABLE_OF[HR]] > 0);
  return isFresh && used[HR] > 0;
}
