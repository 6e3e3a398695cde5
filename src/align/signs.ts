import { BACK, COMPARABLE_MS, SET_BACK, STUCK } from '../clinical/trust.js';
import { VARIABLE_COUNT, variableIndex } from '../clinical/variables.js';

/** The signs of a monitor whose past says whether a value can be true. A sign's place here is its slot. */
const WATCHED = [
  'heartRate',
  'sbpInvasive',
  'dbpInvasive',
  'mapInvasive',
  'sbpCuff',
  'dbpCuff',
  'mapCuff',
  'respRate',
  'temperature',
  'spo2',
] as const;
export type Slot = number;
export const SLOTS = WATCHED.length;
export const [HR, SYS, DIA, MEAN, CUFF_SYS, CUFF_DIA, CUFF_MEAN, RESP, TEMP, SPO2] = WATCHED.keys();

/** Variable index of each slot. */
export const VARIABLE_OF: readonly number[] = WATCHED.map(variableIndex);
/** Slot of each variable, -1 where it has none. Shape [variables]. */
export const SLOT_OF = new Int8Array(VARIABLE_COUNT).fill(-1);
VARIABLE_OF.forEach((variable, slot) => {
  SLOT_OF[variable] = slot;
});

/** What comes from one probe, cuff or line, by slot: a patient has one notice of each at most. */
export const SOURCES: readonly (readonly Slot[])[] = [
  [HR],
  [SYS, DIA, MEAN],
  [CUFF_SYS, CUFF_DIA, CUFF_MEAN],
  [RESP],
  [TEMP],
  [SPO2],
];

/** The signs that one message tells, by slot; NaN where it tells none. One is used over and over. */
export class Moment {
  /** Milliseconds since the epoch. */
  at = Number.NaN;
  readonly value = new Float64Array(SLOTS);
  /** Reason why a value is not used, 0 where it is; see src/clinical/trust.ts. */
  readonly code = new Uint8Array(SLOTS);
  /** 1 where something newer of the sign was told before: what is told says nothing of now. */
  readonly isPast = new Uint8Array(SLOTS);
  /** The monitor says that it has no SpO2. */
  isSpo2Lost = false;
  /** The cuff found no pressure. */
  isCuffLost = false;
  /** The monitor says that there are no breaths, or that it reads none. */
  isBreathless = false;

  clear(at: number): void {
    this.at = at;
    this.value.fill(Number.NaN);
    this.code.fill(0);
    this.isPast.fill(0);
    this.isSpo2Lost = false;
    this.isCuffLost = false;
    this.isBreathless = false;
  }

  /** Takes a sign out of what is told of now; its reason stays. */
  leave(slot: Slot): void {
    this.isPast[slot] = 1;
    this.value[slot] = Number.NaN;
    if (slot === SPO2) this.isSpo2Lost = false;
    if (slot === CUFF_MEAN || slot === CUFF_SYS) this.isCuffLost = false;
    if (slot === RESP) this.isBreathless = false;
  }

  /** Sets the reason of slots that have a value and no reason yet. */
  doubt(slots: readonly Slot[], code: number): void {
    for (const slot of slots) {
      if (this.code[slot] === 0 && !Number.isNaN(this.value[slot])) this.code[slot] = code;
    }
  }

  /** The value of a slot where nothing speaks against it so far, else NaN. */
  sound(slot: Slot): number {
    return this.code[slot] === 0 ? this.value[slot] : Number.NaN;
  }
}

/** Single numbers of a patient, by place in `SignMemory.facts`. */
const FACTS = [
  'heartStoppedAt',
  'heartSeenBeatingAt',
  'pressureGoneAt',
  'pulseSeenAt',
  'spo2Before',
  'arrestConfirmedAt',
  'lineMean',
  'lineMeanAt',
  'agreedLine',
  'agreedCuff',
  'lineContradictedAt',
  'swappedAt',
  'linePulse',
  'agreedPulse',
  'pulseAt',
  'pulseMean',
  'pulseMeanAt',
  'flatAt',
  'breathsLostAt',
  'spo2WithBreaths',
  'apnoeaAt',
  'breathsDueMs',
  'spo2KnownAt',
  'spo2Rose',
  'spo2Fell',
  'spo2LostAt',
  'cuffLostAt',
  'pulselessAt',
] as const;
export const [
  HEART_STOPPED_AT,
  HEART_SEEN_AT,
  PRESSURE_GONE_AT,
  PULSE_SEEN_AT,
  SPO2_BEFORE,
  ARREST_CONFIRMED_AT,
  LINE_MEAN,
  LINE_MEAN_AT,
  AGREED_LINE,
  AGREED_CUFF,
  LINE_CONTRADICTED_AT,
  SWAPPED_AT,
  LINE_PULSE,
  AGREED_PULSE,
  PULSE_AT,
  PULSE_MEAN,
  PULSE_MEAN_AT,
  FLAT_AT,
  BREATHS_LOST_AT,
  SPO2_WITH_BREATHS,
  APNOEA_AT,
  BREATHS_DUE_MS,
  SPO2_KNOWN_AT,
  SPO2_ROSE,
  SPO2_FELL,
  SPO2_LOST_AT,
  CUFF_LOST_AT,
  PULSELESS_AT,
] = FACTS.keys();

const BY_SLOT = 14;
const BY_VARIABLE = 3;
const NUMBERS = BY_SLOT * SLOTS + FACTS.length + BY_VARIABLE * VARIABLE_COUNT;

/** Signs that only the patient's own monitor tells. */
const MONITORED: readonly Slot[] = [HR, SYS, DIA, MEAN, SPO2];

/** What is remembered of a patient's signs: 2 kB in one array. Times in milliseconds since the epoch; NaN is never. */
export class SignMemory {
  readonly #all = new Float64Array(NUMBERS).fill(Number.NaN);
  #taken = 0;
  /** The last value used, and when it was observed. Shape [slots]; so are the following. */
  readonly used = this.#take(SLOTS);
  readonly usedAt = this.#take(SLOTS);
  /** The level that is doubted: since when, its first value, and whether it has varied. */
  readonly levelAt = this.#take(SLOTS);
  readonly level = this.#take(SLOTS);
  readonly varied = this.#take(SLOTS);
  /** The value used before the last great change, and when that was. */
  readonly before = this.#take(SLOTS);
  readonly changedAt = this.#take(SLOTS);
  /** A run of equal values, used or not: the value, when it began, how many. */
  readonly run = this.#take(SLOTS);
  readonly runAt = this.#take(SLOTS);
  readonly runLength = this.#take(SLOTS);
  /** When the newest value was observed, used or not. */
  readonly seenAt = this.#take(SLOTS);
  /** The values in a row that were past: when the first and the newest were observed, and how many. */
  readonly pastSince = this.#take(SLOTS);
  readonly pastAt = this.#take(SLOTS);
  readonly pasts = this.#take(SLOTS);
  /** Single numbers, of `FACTS`. */
  readonly facts = this.#take(FACTS.length);
  /** Of what is not used now: the value, when it was observed, and the reason. Shape [variables]. */
  readonly doubt = this.#take(VARIABLE_COUNT);
  readonly doubtAt = this.#take(VARIABLE_COUNT);
  readonly reason = this.#take(VARIABLE_COUNT);

  /** Whether a value is again what it was before the sign changed greatly, not long ago: what was odd is over. */
  isBack(slot: Slot, value: number, at: number): boolean {
    const isLately = at - this.changedAt[slot] <= BACK.withinMs;
    return isLately && Math.abs(value - this.before[slot]) <= BACK.by[WATCHED[slot]];
  }

  /** Takes a value for true. */
  use(slot: Slot, value: number, at: number): void {
    const { used, usedAt, levelAt } = this;
    // A new level that was doubted first is believed late.
    const lately = Number.isNaN(levelAt[slot]) ? COMPARABLE_MS : 2 * COMPARABLE_MS;
    if (Math.abs(value - used[slot]) > BACK.by[WATCHED[slot]] && at - usedAt[slot] <= lately) {
      this.before[slot] = used[slot];
      this.changedAt[slot] = at;
    }
    used[slot] = value;
    usedAt[slot] = at;
    levelAt[slot] = Number.NaN;
  }

  /**
   * Whether a sign is told of the past, as of `at`. Where values come in their order for `SET_BACK` and none is newer than what was
   * known, the clock of what sends them was set back: what was known of the sign is forgotten, and they are of now.
   */
  isPast(slot: Slot, at: number): boolean {
    const { seenAt, pastSince, pastAt, pasts } = this;
    if (!(at < seenAt[slot])) {
      pastAt[slot] = Number.NaN;
      return false;
    }
    if (!(at >= pastAt[slot] && at - pastAt[slot] <= STUCK.gapMs)) {
      pastSince[slot] = at;
      pasts[slot] = 0;
    }
    if (at !== pastAt[slot]) pasts[slot]++;
    pastAt[slot] = at;
    if (pasts[slot] < SET_BACK.values || at - pastSince[slot] < SET_BACK.ms) return true;
    this.#forget(slot);
    return false;
  }

  /** Times of a clock that was set back are ahead of it: neither the sign's nor those of several signs say anything any more. */
  #forget(slot: Slot): void {
    const { usedAt, levelAt, changedAt, run, runAt, seenAt, pastAt, facts } = this;
    for (const times of [usedAt, levelAt, changedAt, run, runAt, seenAt, pastAt]) times[slot] = Number.NaN;
    // A ventilator's clock, a cuff's or a nurse's says nothing of the monitor's.
    if (slot === RESP) facts[BREATHS_LOST_AT] = Number.NaN;
    if (MONITORED.includes(slot)) facts.fill(Number.NaN);
  }

  /** All of it, for `restore`. */
  toArray(): Float64Array {
    return this.#all.slice();
  }

  /** Continues from what `toArray` gave; what has another length is of another version, and nothing is remembered. */
  restore(all: Float64Array): void {
    if (all.length === NUMBERS) this.#all.set(all);
  }

  #take(length: number): Float64Array {
    const from = this.#taken;
    this.#taken += length;
    return this.#all.subarray(from, from + length);
  }
}
