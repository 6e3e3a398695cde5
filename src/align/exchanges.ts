import {
  COMPARABLE_MS,
  CROSSED,
  PERSISTS_MS,
  reasonCode,
  SWAP,
  SWAPPED_LEADS_MS,
} from '../clinical/trust.js';
import {
  CUFF_MEAN,
  DIA,
  HR,
  MEAN,
  type Moment,
  RESP,
  type SignMemory,
  SLOTS,
  type Slot,
  SPO2,
  SWAPPED_AT,
  SYS,
  TEMP,
  VARIABLE_OF,
} from './signs.js';

const OTHER_PATIENT = reasonCode('other-patient');
const SWAPPED = reasonCode('swapped');
const ALL = [...Array(SLOTS).keys()];

/** How much a sign must change to speak for another patient. */
const CHANGES: readonly (readonly [slot: Slot, least: number])[] = [
  [HR, SWAP.heartRate],
  [MEAN, SWAP.pressure],
  [CUFF_MEAN, SWAP.pressure],
  [RESP, SWAP.respRate],
  [TEMP, SWAP.temperature],
  [SPO2, SWAP.spo2],
];
/** Not heart rate and pressure: in shock the one may rise to where the other was. */
const PAIRS: readonly (readonly [Slot, Slot])[] = [
  [HR, RESP],
  [HR, SPO2],
  [RESP, SPO2],
  [HR, TEMP],
  [RESP, TEMP],
];
/** Values that may be those of a collapse: [slot, low, high]. */
const GRAVE: readonly (readonly [slot: Slot, low: number, high: number])[] = [
  [HR, 50, 130],
  [MEAN, 65, Number.POSITIVE_INFINITY],
  [CUFF_MEAN, 65, Number.POSITIVE_INFINITY],
  [SYS, 90, Number.POSITIVE_INFINITY],
  [DIA, 40, Number.POSITIVE_INFINITY],
  [RESP, 8, 30],
  [SPO2, 90, 100],
];

/** Values that belong elsewhere: to another patient, or to another sign of this one. */
export function judgeExchanges(moment: Moment, memory: SignMemory): void {
  const { facts } = memory;
  const changes = changesOf(moment, memory);
  for (const pair of PAIRS) judgePair(moment, memory, pair);
  if (Number.isNaN(facts[SWAPPED_AT])) {
    if (changes < SWAP.signs || (isGrave(moment) && !hasTemperatureJumped(moment, memory))) return;
    facts[SWAPPED_AT] = moment.at;
  } else if (told(moment) === 0) return;
  else if (changes === 0 || moment.at - facts[SWAPPED_AT] >= PERSISTS_MS.otherPatient) {
    facts[SWAPPED_AT] = Number.NaN;
    return;
  }
  moment.doubt(ALL, OTHER_PATIENT);
}

/** Signs that have changed so much since they were used, if that was lately. */
function changesOf({ at, value }: Moment, { used, usedAt, facts }: SignMemory): number {
  const lately = Number.isNaN(facts[SWAPPED_AT]) ? SWAP.withinMs : 2 * COMPARABLE_MS;
  let changes = 0;
  for (const [slot, least] of CHANGES) {
    if (at - usedAt[slot] <= lately && Math.abs(value[slot] - used[slot]) >= least) changes++;
  }
  return changes;
}

function told({ value }: Moment): number {
  return CHANGES.filter(([slot]) => !Number.isNaN(value[slot])).length;
}

function isGrave({ value }: Moment): boolean {
  return GRAVE.some(([slot, low, high]) => value[slot] < low || value[slot] > high);
}

/** No collapse changes the temperature at once. */
function hasTemperatureJumped({ at, value }: Moment, { used, usedAt }: SignMemory): boolean {
  return at - usedAt[TEMP] <= COMPARABLE_MS && Math.abs(value[TEMP] - used[TEMP]) >= SWAP.temperature;
}

function judgePair(moment: Moment, memory: SignMemory, [one, other]: readonly [Slot, Slot]): void {
  const { at, value } = moment;
  const { used, usedAt, reason } = memory;
  // Nobody breathes as the heart beats while the heart beats as one breathes: these are doubted for longer.
  const areLeads =
    one === HR && other === RESP && reason[VARIABLE_OF[HR]] > 0 && reason[VARIABLE_OF[RESP]] > 0;
  const lately = areLeads ? SWAPPED_LEADS_MS : COMPARABLE_MS;
  if (!(at - usedAt[one] <= lately && at - usedAt[other] <= lately)) return;
  const wereApart = Math.abs(used[one] - used[other]) > CROSSED.apart * Math.max(used[one], used[other]);
  const isClose = one === HR && other === SPO2;
  if (!wereApart || !isNear(value[one], used[other], isClose) || !isNear(value[other], used[one], isClose))
    return;
  if (hasChanged(one, value, used) || hasChanged(other, value, used)) moment.doubt([one, other], SWAPPED);
}

function hasChanged(slot: Slot, value: ArrayLike<number>, used: ArrayLike<number>): boolean {
  return CHANGES.some(([each, least]) => each === slot && Math.abs(value[slot] - used[slot]) >= least);
}

function isNear(value: number, wanted: number, isClose: boolean): boolean {
  const { share, least, shareWithSpo2, leastWithSpo2 } = CROSSED;
  const within = isClose ? Math.max(leastWithSpo2, shareWithSpo2 * wanted) : Math.max(least, share * wanted);
  return Math.abs(value - wanted) <= within;
}
