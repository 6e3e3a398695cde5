import { MAX_VITAL_AGE_MS } from '../clinical/bedside.js';
import { looksLikeAnotherUnit } from '../clinical/mistaken-units.js';
import {
  COMPARABLE_MS,
  IMPLAUSIBLE_JUMP,
  PERSISTS_MS,
  type ReasonCode,
  reasonCode,
  SATURATION_RISE,
  STUCK,
  TEMPERATURE_JUMP,
  TEMPERATURE_NORMAL,
  TEMPERATURE_STREAMED_MS,
  USED,
} from '../clinical/trust.js';
import { VARIABLE_COUNT, VARIABLES, variableIndex } from '../clinical/variables.js';
import type { EpochMs, ObservationEvent } from '../events/event.js';
import { judgeBreaths, mayBeApnoeicSince } from './apnoea.js';
import { judgeArrest, mayBeArrestedSince } from './arrest.js';
import { judgeExchanges } from './exchanges.js';
import { judgeLine, judgeShapes, judgeSources, judgeUnitOfLine, otherSourceOf } from './pressure-trust.js';
import { judgePulseFound } from './pulse-lost.js';
import {
  CUFF_MEAN,
  CUFF_SYS,
  DIA,
  HR,
  MEAN,
  Moment,
  RESP,
  SignMemory,
  SLOT_OF,
  SLOTS,
  type Slot,
  SOURCES,
  SPO2,
  SYS,
  TEMP,
  VARIABLE_OF,
} from './signs.js';

const MAYBE_UNIT = reasonCode('maybe-unit');
const JUMP = reasonCode('jump');
const STUCK_CODE = reasonCode('stuck');
const NO_READING = reasonCode('no-reading');
const CONTRADICTED = reasonCode('contradicted');
const SPO2_VARIABLE = variableIndex('spo2');
const RESP_VARIABLE = variableIndex('respRate');
const LINE_SLOTS = [SYS, DIA, MEAN];
/** Signs of which an implausible value is doubted until a second one comes. Breaths that cease are believed. */
const QUICK = [HR, SYS, DIA, MEAN, RESP, SPO2];
/** The least respiratory rate that is one (/min). */
const [FIRST_BREATH] = VARIABLES[RESP_VARIABLE].possible;
const PLAUSIBLE = VARIABLE_OF.map((variable) => VARIABLES[variable].plausible);

/** A value that is not used now. */
export interface Doubt {
  readonly variable: number;
  readonly value: number;
  readonly at: EpochMs;
  readonly code: ReasonCode;
  /** What the source says that contradicts it, where one does; NaN: nothing. */
  readonly against: number;
}

const MOMENT = new Moment();

/**
 * Judges the values of one patient as they are applied, before anything else sees them: each is used, or gets the reason why not
 * (src/clinical/trust.ts). Event time only; what is judged depends on the values before it, in the order in which they are applied.
 */
export class Trust {
  readonly #memory = new SignMemory();
  /** Variables that are not used now. */
  #doubts = 0;

  /** Whether there is nothing to say of the patient: all is used, and nothing may be an arrest or apnoea. */
  get isClear(): boolean {
    const { mayBeArrestedSince: arrest, mayBeApnoeicSince: apnoea } = this;
    return this.#doubts === 0 && Number.isNaN(arrest) && Number.isNaN(apnoea);
  }

  /** Since when the patient may be in cardiac arrest, for all that is known; NaN: nothing says so. */
  get mayBeArrestedSince(): EpochMs {
    return mayBeArrestedSince(this.#memory);
  }

  /** Since when the patient may not breathe, for all that is known; NaN: nothing says so. */
  get mayBeApnoeicSince(): EpochMs {
    return mayBeApnoeicSince(this.#memory);
  }

  /** What is not used now, by variable. */
  get doubts(): Doubt[] {
    const { doubt, doubtAt, reason, used } = this.#memory;
    const doubts: Doubt[] = [];
    for (let variable = 0; this.#doubts > doubts.length && variable < VARIABLE_COUNT; variable++) {
      if (!(reason[variable] > 0)) continue;
      const code = reason[variable];
      const against = code === CONTRADICTED ? used[otherSourceOf(SLOT_OF[variable])] : Number.NaN;
      doubts.push({ variable, value: doubt[variable], at: doubtAt[variable], code, against });
    }
    return doubts;
  }

  /**
   * Whether probes, cuffs or lines have told something lately, and nothing of it tells of heart, pressure or saturation. One that is not
   * used is enough where no other of the patient is known either: all that is told by the hour is doubted as well, or was never told.
   * Breaths may be a ventilator's, and a temperature is one of the dead too, so neither of them watches a patient.
   */
  isUnwatched(now: EpochMs): boolean {
    const { seenAt, usedAt, reason } = this.#memory;
    let silent = 0;
    let isKnown = false;
    for (const slots of SOURCES) {
      const isRecent = slots.some((slot) => now - seenAt[slot] <= COMPARABLE_MS);
      const reach = isRecent ? COMPARABLE_MS : MAX_VITAL_AGE_MS;
      const counts = slots.some((slot) => now - usedAt[slot] <= reach && !(reason[VARIABLE_OF[slot]] > 0));
      const watches = slots[0] !== TEMP && slots[0] !== RESP;
      if (counts && isRecent && watches) return false;
      if (isRecent && !counts) silent++;
      else if (counts && slots[0] !== TEMP) isKnown = true;
    }
    return silent >= 2 || (silent === 1 && !isKnown);
  }

  /**
   * Sets the event's `verdicts` where a value is not used. A sign of which something newer was told is judged by what needs no past, and
   * is not remembered. The other signs of the message are judged as ever: clocks of monitor and ventilator differ, and both may tell of
   * breaths. Of results of the laboratory those that come late are not remembered.
   */
  judge(event: ObservationEvent, isLate: boolean): void {
    for (const variable of event.withdrawn) this.#takeBack(variable, event.observedAt);
    if (event.variables.length === 0) return;
    const moment = MOMENT;
    this.#gather(event, moment);
    judgeShapes(moment);
    this.#doubtUnits(moment);
    this.#leavePast(event, moment);
    const memory = this.#memory;
    judgeUnitOfLine(moment, memory);
    judgeArrest(moment, memory);
    judgePulseFound(moment, memory);
    // What may be an arrest is judged as that alone.
    if (Number.isNaN(this.mayBeArrestedSince)) {
      judgeLine(moment, memory);
      judgeExchanges(moment, memory);
      this.#doubtImplausible(moment);
      this.#doubtSaturation(moment);
    }
    this.#doubtTemperature(moment);
    this.#noteRuns(moment);
    judgeSources(moment, memory);
    judgeBreaths(moment, memory);
    this.#settle(event, moment, isLate);
  }

  /** Doubts all values of an event, whatever they are, and judges none of them. */
  doubtAll(event: ObservationEvent, code: ReasonCode): void {
    const { variables, values, observedAt } = event;
    event.verdicts = new Uint8Array(variables.length).fill(code);
    for (let index = 0; index < variables.length; index++) {
      const slot = SLOT_OF[variables[index]];
      if (slot < 0 || !this.#memory.isPast(slot, observedAt))
        this.#doubt(variables[index], slot, values[index], observedAt, code);
    }
  }

  /** All that is remembered, for `restore`. */
  toArray(): Float64Array {
    return this.#memory.toArray();
  }

  /** Continues from what `toArray` gave. */
  restore(all: Float64Array): void {
    this.#memory.restore(all);
    this.#doubts = this.#memory.reason.reduce((sum, code) => sum + (code > 0 ? 1 : 0), 0);
  }

  /** A result that was observed at `at` is taken back: nothing is to be said of it any more. */
  #takeBack(variable: number, at: EpochMs): void {
    const { reason, doubtAt } = this.#memory;
    if (!(reason[variable] > 0) || doubtAt[variable] !== at) return;
    reason[variable] = USED;
    this.#doubts--;
  }

  /** The signs of an event that nothing speaks against yet. */
  #gather({ variables, values, verdicts, observedAt }: ObservationEvent, moment: Moment): void {
    moment.clear(observedAt);
    for (let index = 0; index < variables.length; index++) {
      const slot = SLOT_OF[variables[index]];
      if (slot < 0) continue;
      if (verdicts === null || verdicts[index] === USED) moment.value[slot] = values[index];
      else if (variables[index] === SPO2_VARIABLE) moment.isSpo2Lost = true;
      else if (slot === CUFF_MEAN || slot === CUFF_SYS) moment.isCuffLost = true;
      else if (variables[index] === RESP_VARIABLE) moment.isBreathless = isNone(values[index]);
    }
  }

  /** Leaves aside the signs of which something newer was told before, be it a value or none. */
  #leavePast({ variables, observedAt }: ObservationEvent, moment: Moment): void {
    for (let index = 0; index < variables.length; index++) {
      const slot = SLOT_OF[variables[index]];
      if (slot >= 0 && this.#memory.isPast(slot, observedAt)) moment.leave(slot);
    }
  }

  #doubtUnits(moment: Moment): void {
    for (let slot = 0; slot < SLOTS; slot++) {
      const value = moment.sound(slot);
      const [low, high] = PLAUSIBLE[slot];
      if ((value < low || value > high) && looksLikeAnotherUnit(VARIABLE_OF[slot], value))
        moment.code[slot] = MAYBE_UNIT;
    }
  }

  /** An implausible value far from the one before, until a second one comes. */
  #doubtImplausible(moment: Moment): void {
    const { used, usedAt, levelAt } = this.#memory;
    for (const slot of QUICK) {
      const value = moment.sound(slot);
      const [low, high] = PLAUSIBLE[slot];
      if (!(value < low || value > high) || (slot === RESP && value < low)) continue;
      const isFar = Math.abs(value - used[slot]) > IMPLAUSIBLE_JUMP * (high - low);
      if (!isFar || moment.at - usedAt[slot] > COMPARABLE_MS) continue;
      if (!(moment.at - levelAt[slot] >= PERSISTS_MS.implausible)) moment.code[slot] = JUMP;
    }
  }

  /**
   * A temperature that comes back to normal faster than a body's, or goes beyond what is plausible, until it has lasted. One that leaves
   * the normal range is believed, since it may be the only value for hours, unless it does so from one value of a monitor to the next.
   */
  #doubtTemperature(moment: Moment): void {
    const { used, usedAt, levelAt } = this.#memory;
    const value = moment.sound(TEMP);
    if (!(Math.abs(value - used[TEMP]) > TEMPERATURE_JUMP)) return;
    const [low, high] = PLAUSIBLE[TEMP];
    const isNormal = value >= TEMPERATURE_NORMAL[0] && value <= TEMPERATURE_NORMAL[1];
    const since = levelAt[TEMP];
    const isStreamed = !Number.isNaN(since) || moment.at - usedAt[TEMP] <= TEMPERATURE_STREAMED_MS;
    if (!isNormal && value >= low && value <= high && !isStreamed) return;
    if (this.#memory.isBack(TEMP, value, moment.at)) return;
    const isLately = moment.at - usedAt[TEMP] <= (Number.isNaN(since) ? COMPARABLE_MS : 2 * COMPARABLE_MS);
    if (isLately && !(moment.at - since >= PERSISTS_MS.temperature)) moment.code[TEMP] = JUMP;
  }

  /** A low saturation that is well at once, until it has lasted. */
  #doubtSaturation(moment: Moment): void {
    const { used, usedAt, levelAt } = this.#memory;
    const { low, rise, withinMs } = SATURATION_RISE;
    const value = moment.sound(SPO2);
    if (!(used[SPO2] < low && value > used[SPO2] + rise)) return;
    if (this.#memory.isBack(SPO2, value, moment.at)) return;
    const since = levelAt[SPO2];
    const isLately = moment.at - usedAt[SPO2] <= (Number.isNaN(since) ? withinMs : COMPARABLE_MS);
    if (isLately && !(moment.at - since >= PERSISTS_MS.saturation)) moment.code[SPO2] = JUMP;
  }

  /** Runs of equal values: a sign that stands still, or a monitor. */
  #noteRuns(moment: Moment): void {
    const { run, runAt, runLength, seenAt } = this.#memory;
    const { at, value } = moment;
    let isStill = false;
    for (let slot = 0; slot < SLOTS; slot++) {
      if (Number.isNaN(value[slot])) continue;
      const isSame = value[slot] === run[slot] && at - seenAt[slot] <= STUCK.gapMs;
      seenAt[slot] = at;
      if (!isSame) {
        run[slot] = value[slot];
        runAt[slot] = at;
        runLength[slot] = 1;
        continue;
      }
      runLength[slot]++;
      if (runLength[slot] >= STUCK.values && at - runAt[slot] >= STUCK.monitorMs) isStill = true;
    }
    if (isStill) this.#doubtStill(moment);
  }

  #doubtStill(moment: Moment): void {
    const { run } = this.#memory;
    for (const slot of LINE_SLOTS) {
      if (this.#hasStood(slot, moment.at, STUCK.lineMs)) moment.doubt([slot], STUCK_CODE);
    }
    if (run[SPO2] < STUCK.spo2Free && this.#hasStood(SPO2, moment.at, STUCK.spo2Ms)) {
      moment.doubt([SPO2], STUCK_CODE);
    }
    if (run[HR] % STUCK.pacedStep !== 0 && this.#hasStood(HR, moment.at, STUCK.heartMs)) {
      moment.doubt([HR], STUCK_CODE);
    }
    const still = [HR, SYS, MEAN, RESP, SPO2].filter((slot) =>
      this.#hasStood(slot, moment.at, STUCK.monitorMs),
    );
    const isLong = run[SPO2] < 100 && this.#hasStood(SPO2, moment.at, STUCK.spo2LongMs);
    const varies = still.some(
      (slot) => slot === SYS || slot === MEAN || (slot === SPO2 && (run[SPO2] < STUCK.spo2Free || isLong)),
    );
    if (still.length >= STUCK.monitorSigns && varies) moment.doubt([...still, DIA], STUCK_CODE);
  }

  #hasStood(slot: Slot, at: EpochMs, ms: number): boolean {
    const { runAt, runLength, seenAt } = this.#memory;
    return runLength[slot] >= STUCK.values && at - runAt[slot] >= ms && at - seenAt[slot] <= STUCK.gapMs;
  }

  /** Writes what was decided to the event, and remembers it. */
  #settle(event: ObservationEvent, moment: Moment, isLate: boolean): void {
    const { variables, values } = event;
    for (let index = 0; index < variables.length; index++) {
      const variable = variables[index];
      const slot = SLOT_OF[variable];
      let code: ReasonCode = event.verdicts === null ? USED : event.verdicts[index];
      if (code === USED || (code === NO_READING && slot === RESP && moment.code[RESP] !== USED)) {
        if (slot >= 0) code = moment.code[slot];
        else if (looksLikeAnotherUnit(variable, values[index])) code = MAYBE_UNIT;
        if (code !== USED) {
          event.verdicts ??= new Uint8Array(variables.length);
          event.verdicts[index] = code;
        }
      }
      if (slot >= 0 ? moment.isPast[slot] === 1 : isLate) continue;
      if (code === USED) this.#use(variable, slot, values[index], moment.at);
      else this.#doubt(variable, slot, values[index], moment.at, code);
    }
  }

  #use(variable: number, slot: Slot, value: number, at: EpochMs): void {
    const { reason } = this.#memory;
    if (slot >= 0) this.#memory.use(slot, value, at);
    if (this.#doubts > 0 && reason[variable] > 0) {
      reason[variable] = USED;
      this.#doubts--;
    }
  }

  #doubt(variable: number, slot: Slot, value: number, at: EpochMs, code: ReasonCode): void {
    const { doubt, doubtAt, reason, levelAt, level, varied, seenAt } = this.#memory;
    if (!(reason[variable] > 0)) this.#doubts++;
    doubt[variable] = value;
    doubtAt[variable] = at;
    reason[variable] = code;
    if (slot < 0) return;
    seenAt[slot] = at;
    if (code !== JUMP) return;
    if (Number.isNaN(levelAt[slot])) {
      levelAt[slot] = at;
      level[slot] = value;
      varied[slot] = 0;
    } else if (value !== level[slot]) varied[slot] = 1;
  }
}

/** Whether a respiratory rate that no patient has tells of none. */
function isNone(rate: number): boolean {
  return rate >= 0 && rate < FIRST_BREATH;
}
