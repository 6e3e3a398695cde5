/**
 * Whether a patient is hypotensive, or in circulatory or respiratory failure, now, by the criteria of `endpoints.ts` as far as they can be told
 * without looking ahead: a rule that foretells an onset has nothing to say while what it foretells is there. Alarms of the state
 * itself are those of `state.ts`.
 */
import { MAX_VITAL_AGE_MS } from './bedside.js';
import {
  HYPOTENSION_LASTS_MS,
  HYPOTENSION_MAP,
  LACTATE_REACH_MS,
  MAP_GAP_MS,
  PF_REACH_MS,
  RAISED_LACTATE,
  RESPIRATORY_FAILURE_PF,
  RESPIRATORY_FAILURE_SF,
  SF_GAP_MS,
  SF_LASTS_MS,
  VENTILATION_EVENT_MS,
  VENTILATION_PAUSE_MS,
} from './endpoints.js';
import { MAX_SF_SPO2 } from './signs.js';
import { variableIndex } from './variables.js';

/** Bits of what is there. */
export const CIRCULATORY = 1;
export const RESPIRATORY = 2;
/** Low pressure whatever the lactate: with `CIRCULATORY` always, and without it. */
export const HYPOTENSION = 4;

const MAP_LINE = variableIndex('mapInvasive');
const MAP_CUFF = variableIndex('mapCuff');
const LACTATE = variableIndex('lactate');
const PAO2 = variableIndex('pao2');
const SPO2 = variableIndex('spo2');
const FIO2 = variableIndex('fio2');
const MECH_VENT = variableIndex('mechVent');

/** Ages have 24 bits: the time of one reading, told from its age, moves by some milliseconds from moment to moment. */
const SAME_READING_MS = 1000;
const NEVER = Number.NEGATIVE_INFINITY;

/** What is remembered of a stay, in ms since the epoch; null where there was none, as JSON has it. */
export interface StoredFailure {
  readonly lowSince: number | null;
  readonly lowAt: number | null;
  readonly seenAt: number | null;
  readonly gasAt: number | null;
  readonly ratio: number | null;
  readonly ventilatedAt: number | null;
  readonly ventilatedSince: number | null;
  /** The last three are missing in older snapshots. */
  readonly spo2At?: number | null;
  readonly desaturatedSince?: number | null;
  readonly desaturatedAt?: number | null;
}

/** Follows one stay from moment to moment, in event time. */
export class FailureNow {
  /** First and newest reading of the present spell of low pressure. */
  #lowSince = Number.NaN;
  #lowAt = NEVER;
  /** The newest blood gas; the newest with known FiO2, and its PaO2/FiO2 in mmHg. */
  #seenAt = NEVER;
  #gasAt = NEVER;
  #ratio = Number.NaN;
  /** The newest SpO2; first and newest of the present spell of low SpO2/FiO2. */
  #spo2At = NEVER;
  #desaturatedSince = Number.NaN;
  #desaturatedAt = NEVER;
  /** When ventilation was last charted, and when it began. */
  #ventilatedAt = NEVER;
  #ventilatedSince = NEVER;

  /**
   * Takes note of last known values and their ages (ms), by variable index, NaN where never seen, and tells what is there: the sum
   * of `CIRCULATORY`, `RESPIRATORY` and `HYPOTENSION`.
   */
  see(values: Float32Array, ages: Float32Array, now: number): number {
    this.#seePressure(values, ages, now);
    this.#seeGas(values, ages, now);
    this.#seeOximeter(values, ages, now);
    this.#seeVentilation(values, ages, now);
    const isLow = now - this.#lowAt <= MAP_GAP_MS && this.#lowAt - this.#lowSince >= HYPOTENSION_LASTS_MS;
    const isRaised = values[LACTATE] >= RAISED_LACTATE && ages[LACTATE] < LACTATE_REACH_MS;
    const isHypoxaemic = this.#ratio < RESPIRATORY_FAILURE_PF && now - this.#gasAt < PF_REACH_MS;
    const isDesaturated =
      now - this.#desaturatedAt <= SF_GAP_MS && this.#desaturatedAt - this.#desaturatedSince >= SF_LASTS_MS;
    const hasBegun = now - this.#ventilatedSince < VENTILATION_EVENT_MS;
    const circulatory = (isLow ? HYPOTENSION : 0) + (isLow && isRaised ? CIRCULATORY : 0);
    return circulatory + (isHypoxaemic || isDesaturated || hasBegun ? RESPIRATORY : 0);
  }

  /** The line, and the cuff where the line has been silent for `MAP_GAP_MS`. */
  #seePressure(values: Float32Array, ages: Float32Array, now: number): void {
    const source = ages[MAP_LINE] <= MAP_GAP_MS ? MAP_LINE : MAP_CUFF;
    if (!(ages[source] <= MAP_GAP_MS)) return;
    const at = now - ages[source];
    if (!(values[source] <= HYPOTENSION_MAP)) {
      this.#lowSince = Number.NaN;
      return;
    }
    if (Number.isNaN(this.#lowSince) || at - this.#lowAt > MAP_GAP_MS) this.#lowSince = at;
    this.#lowAt = at;
  }

  #seeGas(values: Float32Array, ages: Float32Array, now: number): void {
    const at = now - ages[PAO2];
    if (!(at > this.#seenAt + SAME_READING_MS)) return;
    this.#seenAt = at;
    if (!(ages[FIO2] - ages[PAO2] <= MAX_VITAL_AGE_MS)) return;
    this.#gasAt = at;
    this.#ratio = values[PAO2] / values[FIO2];
  }

  /** Only where no blood gas of the last six hours says more. */
  #seeOximeter(values: Float32Array, ages: Float32Array, now: number): void {
    const at = now - ages[SPO2];
    if (!(at > this.#spo2At + SAME_READING_MS)) return;
    this.#spo2At = at;
    if (!(ages[FIO2] - ages[SPO2] <= MAX_VITAL_AGE_MS)) return;
    const isSilent = at - this.#gasAt > PF_REACH_MS;
    const isLow =
      isSilent && values[SPO2] <= MAX_SF_SPO2 && values[SPO2] / values[FIO2] < RESPIRATORY_FAILURE_SF;
    if (!isLow) {
      this.#desaturatedSince = Number.NaN;
      return;
    }
    const isNew = Number.isNaN(this.#desaturatedSince) || at - this.#desaturatedAt > SF_GAP_MS;
    if (isNew) this.#desaturatedSince = at;
    this.#desaturatedAt = at;
  }

  #seeVentilation(values: Float32Array, ages: Float32Array, now: number): void {
    const at = now - ages[MECH_VENT];
    if (!(at > this.#ventilatedAt + SAME_READING_MS)) return;
    if (values[MECH_VENT] !== 1) {
      this.#ventilatedAt = NEVER;
      return;
    }
    if (at - this.#ventilatedAt > VENTILATION_PAUSE_MS) this.#ventilatedSince = at;
    this.#ventilatedAt = at;
  }

  /** For JSON; `restore` goes on from it. */
  toJSON(): StoredFailure {
    const known = (value: number) => (Number.isFinite(value) ? value : null);
    return {
      lowSince: known(this.#lowSince),
      lowAt: known(this.#lowAt),
      seenAt: known(this.#seenAt),
      gasAt: known(this.#gasAt),
      ratio: known(this.#ratio),
      ventilatedAt: known(this.#ventilatedAt),
      ventilatedSince: known(this.#ventilatedSince),
      spo2At: known(this.#spo2At),
      desaturatedSince: known(this.#desaturatedSince),
      desaturatedAt: known(this.#desaturatedAt),
    };
  }

  restore(stored: StoredFailure): void {
    this.#lowSince = stored.lowSince ?? Number.NaN;
    this.#lowAt = stored.lowAt ?? NEVER;
    this.#seenAt = stored.seenAt ?? NEVER;
    this.#gasAt = stored.gasAt ?? NEVER;
    this.#ratio = stored.ratio ?? Number.NaN;
    this.#ventilatedAt = stored.ventilatedAt ?? NEVER;
    this.#ventilatedSince = stored.ventilatedSince ?? NEVER;
    this.#spo2At = stored.spo2At ?? NEVER;
    this.#desaturatedSince = stored.desaturatedSince ?? Number.NaN;
    this.#desaturatedAt = stored.desaturatedAt ?? NEVER;
  }
}
