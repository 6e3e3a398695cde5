import type { UnitConversion } from '../clinical/units.js';
import { INDEX_BY_CODE, VARIABLES, type Variable } from '../clinical/variables.js';
import { isPlainId } from '../contract/ids.js';
import { repeatedText } from './avro.js';
import type { Origin } from './dead-letter.js';
import type { ClinicalEvent, EpochMs } from './event.js';
import {
  canonicalOf,
  eventOf,
  NONE,
  timeFault,
  type ValidationCounts,
  type ValidationLimits,
} from './validate.js';

/** Observations of a message that are read here; one with more is decoded the long way. */
const MAX_PLACES = 64;
/** Bytes of a code or unit, its length before it, that are remembered. */
const MAX_NAME = 32;
/** Beyond it a length takes two bytes. */
const MAX_SHORT = 63;

/** What stood at one place of the last messages: a code and a unit as they are encoded, and what they mean. */
class Place {
  code = new Uint8Array(0);
  unit = new Uint8Array(0);
  index = 0;
  variable: Variable = VARIABLES[0];
  conversion: UnitConversion | null = null;
}

/**
 * Reads VitalSigns and LabResult straight from their bytes to an event, without the message between. A sender repeats its codes and
 * units in the same places, so they are compared as bytes with those of its last message. Only messages in which everything is usable
 * are read here; what is wrong with another the codec and the validator tell.
 */
export class ObservationReader {
  readonly #limits: ValidationLimits;
  readonly #counts: ValidationCounts;
  readonly #places = Array.from({ length: MAX_PLACES }, () => new Place());
  /** Doubles, not small integers, from the start: so are the arrays sliced from it. */
  readonly #values: number[] = new Array(MAX_PLACES).fill(0.5);
  readonly #variables: number[] = new Array(MAX_PLACES).fill(0);
  /** Of the last message, shared by those that follow with the same variables. */
  #lastVariables: readonly number[] = [];
  /** Behind what the last call of a method here read. */
  #at = 0;
  /** Of the device, in the last message of vital signs. */
  #bedId: string | null = null;
  /** Of the datum. */
  #end = 0;

  constructor(limits: ValidationLimits, counts: ValidationCounts) {
    this.#limits = limits;
    this.#counts = counts;
  }

  /** The event in the datum from `start` to `end`; null where the long way must tell. Counts what it used. */
  read(
    kind: 'vitals' | 'labs',
    bytes: Buffer,
    start: number,
    end: number,
    origin: Origin,
    now: EpochMs,
  ): ClinicalEvent | null {
    this.#end = end;
    const idAt = start + 1;
    const patientAt = this.#skipText(bytes, start);
    const timeAt = this.#skipText(bytes, patientAt);
    if (timeAt < 0 || !isPlainId(bytes, idAt, patientAt) || !isPlainId(bytes, patientAt + 1, timeAt))
      return null;
    const eventTime = this.#readLong(bytes, timeAt);
    if (timeFault(eventTime, now, this.#limits) !== null) return null;
    let observedAt: number | null = null;
    const branch = bytes[this.#at++];
    if (branch === 2) {
      observedAt = this.#readLong(bytes, this.#at);
      if (Number.isNaN(observedAt)) return null;
    } else if (branch !== 0) return null;
    let at = this.#skipText(bytes, this.#at);
    let specimenId: string | null = null;
    if (kind === 'labs' && at >= 0) {
      const hasSpecimen = bytes[at++];
      if (hasSpecimen === 2) {
        const textAt = at + 1;
        at = this.#skipText(bytes, at);
        if (at < 0 || !isPlainId(bytes, textAt, at)) return null;
        specimenId = bytes.toString('utf8', textAt, at);
      } else if (hasSpecimen !== 0) return null;
    }
    const count = bytes[at] >> 1;
    if (at < 0 || (bytes[at] & 0x81) !== 0 || count === 0) return null;
    if (!this.#readObservations(kind, bytes, at + 1, count)) return null;
    const head = {
      messageId: bytes.toString('utf8', idAt, patientAt),
      patientId: repeatedText(bytes, patientAt + 1, timeAt),
      eventTime,
    };
    this.#counts.observations += count;
    const values = this.#values.slice(0, count);
    const told = { specimenId, bedId: kind === 'vitals' ? this.#bedId : null, withdrawn: NONE };
    return eventOf(kind, head, observedAt, origin, this.#variablesOf(count), values, null, told);
  }

  /** Reads the one block of `count` observations, behind which nothing more is told; of a laboratory, no result is taken back. */
  #readObservations(kind: 'vitals' | 'labs', bytes: Buffer, start: number, count: number): boolean {
    let at = start;
    let implausible = 0;
    for (let index = 0; index < count; index++) {
      const place = this.#places[index];
      let valueAt = behind(place.code, bytes, at);
      let end = valueAt < 0 ? -1 : behind(place.unit, bytes, valueAt + 8);
      if (end < 0) {
        if (!this.#learn(place, bytes, at)) return false;
        valueAt = at + place.code.length;
        end = valueAt + 8 + place.unit.length;
      }
      const { variable, conversion } = place;
      const value = canonicalOf(bytes.readDoubleLE(valueAt), conversion);
      const { possible, plausible } = variable;
      if (!(value >= possible[0] && value <= possible[1])) return false;
      if (value < plausible[0] || value > plausible[1]) implausible++;
      this.#values[index] = value;
      this.#variables[index] = place.index;
      at = end;
    }
    if (bytes[at] !== 0) return false;
    if (!(kind === 'vitals' ? this.#readBed(bytes, at + 1) : bytes[at + 1] === 0 && at + 2 === this.#end))
      return false;
    this.#counts.implausible += implausible;
    return true;
  }

  /** Reads the bed of the device, with which the datum ends. */
  #readBed(bytes: Buffer, at: number): boolean {
    this.#bedId = null;
    if (bytes[at] === 0) return at + 1 === this.#end;
    const end = bytes[at] === 2 ? this.#skipText(bytes, at + 1) : -1;
    if (end !== this.#end || !isPlainId(bytes, at + 2, end)) return false;
    this.#bedId = repeatedText(bytes, at + 2, end);
    return true;
  }

  /** Takes over another code and unit for a place; false where they are not known. */
  #learn(place: Place, bytes: Buffer, at: number): boolean {
    const valueAt = this.#skipText(bytes, at);
    const unitAt = valueAt + 8;
    const end = valueAt < 0 ? -1 : this.#skipText(bytes, unitAt);
    if (end < 0 || valueAt - at > MAX_NAME || end - unitAt > MAX_NAME) return false;
    const index = INDEX_BY_CODE.get(bytes.toString('utf8', at + 1, valueAt));
    if (index === undefined) return false;
    const variable = VARIABLES[index];
    const unit = bytes.toString('utf8', unitAt + 1, end);
    const conversion = unit === variable.unit ? null : variable.units.get(unit);
    if (conversion === undefined) return false;
    place.code = Uint8Array.prototype.slice.call(bytes, at, valueAt);
    place.unit = Uint8Array.prototype.slice.call(bytes, unitAt, end);
    place.index = index;
    place.variable = variable;
    place.conversion = conversion;
    return true;
  }

  #variablesOf(count: number): readonly number[] {
    const last = this.#lastVariables;
    let isSame = last.length === count;
    for (let index = 0; isSame && index < count; index++) isSame = last[index] === this.#variables[index];
    if (!isSame) this.#lastVariables = this.#variables.slice(0, count);
    return this.#lastVariables;
  }

  /** Behind a short text at `at`; -1 where it is long or cut off, or `at` is -1. */
  #skipText(bytes: Buffer, at: number): number {
    if (at < 0) return -1;
    const encoded = bytes[at];
    const end = at + 1 + (encoded >> 1);
    return (encoded & 1) === 0 && encoded >> 1 <= MAX_SHORT && end <= this.#end ? end : -1;
  }

  /** NaN where it is cut off or of more than 49 bits, which no time is. */
  #readLong(bytes: Buffer, start: number): number {
    let value = 0;
    let weight = 1;
    for (let at = start; at < start + 7; at++) {
      const byte = bytes[at];
      value += (byte & 0x7f) * weight;
      weight *= 128;
      if (byte < 128) {
        this.#at = at + 1;
        return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      }
    }
    return Number.NaN;
  }
}

/** Behind `known` where it stands at `at`, else -1. */
function behind(known: Uint8Array, bytes: Buffer, at: number): number {
  const { length } = known;
  if (length === 0) return -1;
  for (let index = 0; index < length; index++) {
    if (bytes[at + index] !== known[index]) return -1;
  }
  return at + length;
}
