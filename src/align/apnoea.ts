import { APNOEA_MS, COMPARABLE_MS, LINE, reasonCode, SATURATION_FALL } from '../clinical/trust.js';
import {
  APNOEA_AT,
  BREATHS_LOST_AT,
  HR,
  type Moment,
  RESP,
  type SignMemory,
  SPO2,
  SPO2_WITH_BREATHS,
  VARIABLE_OF,
} from './signs.js';

const MAYBE_APNOEA = reasonCode('maybe-apnoea');

/**
 * Tells apnoea from breaths that are not read. A respiratory rate of 0 beside a heart that beats is doubted, not an artefact: the ECG,
 * whose electrodes read the breaths, is on. It may be apnoea where breaths were read before and none is for 20 s, or where the
 * saturation falls; until a breath is read.
 */
export function judgeBreaths(moment: Moment, memory: SignMemory): void {
  const { facts, usedAt, seenAt } = memory;
  const { at } = moment;
  if (moment.sound(RESP) > 0) {
    facts[BREATHS_LOST_AT] = Number.NaN;
    facts[APNOEA_AT] = Number.NaN;
    return;
  }
  if (moment.isBreathless) noteLoss(moment, memory);
  if (Number.isNaN(facts[BREATHS_LOST_AT])) return;
  if (Number.isNaN(facts[SPO2_WITH_BREATHS])) facts[SPO2_WITH_BREATHS] = moment.sound(SPO2);
  const isOn = beats(moment, memory);
  const wereRead = !Number.isNaN(usedAt[RESP]);
  const isLong = moment.isBreathless && isOn && wereRead && at - facts[BREATHS_LOST_AT] >= APNOEA_MS;
  const isTold = moment.isBreathless || at - seenAt[RESP] <= LINE.pulseFreshMs;
  const isFalling = isTold && moment.sound(SPO2) <= facts[SPO2_WITH_BREATHS] - SATURATION_FALL;
  if (Number.isNaN(facts[APNOEA_AT]) && (isLong || isFalling)) facts[APNOEA_AT] = facts[BREATHS_LOST_AT];
  if (moment.isBreathless && (isOn || !Number.isNaN(facts[APNOEA_AT]))) moment.code[RESP] = MAYBE_APNOEA;
}

/** Since when the patient may not breathe; NaN: nothing says so. */
export function mayBeApnoeicSince({ facts }: SignMemory): number {
  return facts[APNOEA_AT];
}

function noteLoss({ at }: Moment, { facts, used, usedAt }: SignMemory): void {
  if (!Number.isNaN(facts[BREATHS_LOST_AT])) return;
  facts[BREATHS_LOST_AT] = at;
  facts[SPO2_WITH_BREATHS] = at - usedAt[SPO2] <= COMPARABLE_MS ? used[SPO2] : Number.NaN;
}

/** Whether a heart rate is read now, or was a moment ago. */
function beats(moment: Moment, { used, usedAt, reason }: SignMemory): boolean {
  if (!Number.isNaN(moment.value[HR])) return moment.sound(HR) > 0;
  const isFresh = moment.at - usedAt[HR] <= LINE.pulseFreshMs && !(reason[VARIABLE_OF[HR]] > 0);
  return isFresh && used[HR] > 0;
}
