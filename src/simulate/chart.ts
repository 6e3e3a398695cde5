import { VARIABLES, variableIndex } from '../clinical/variables.js';
import type { Observation } from '../contract/messages.js';
import { Course } from './course.js';

/** Decimals with which a value is sent in a unit that is not the canonical one. */
const DECIMALS_OF_UNIT: Readonly<Record<string, number>> = {
  '[degF]': 1,
  '%': 0,
  kPa: 1,
  'umol/L': 0,
  'mmol/L': 1,
  'g/L': 0,
};

/** Makes observations of one variable in one unit, the canonical one unless told; see `VARIABLES` for what is accepted. */
export class Channel {
  readonly index: number;
  readonly #code: string;
  readonly #unit: string;
  readonly #scale: number;
  readonly #offset: number;
  readonly #factor: number;

  constructor(id: string, unit?: string) {
    this.index = variableIndex(id);
    const variable = VARIABLES[this.index];
    this.#code = variable.code;
    this.#unit = unit ?? variable.unit;
    const conversion = variable.units.get(this.#unit);
    if (conversion === undefined) throw new Error(`${id} is not accepted in ${this.#unit}`);
    this.#scale = conversion.scale;
    this.#offset = conversion.offset;
    const isCanonical = this.#unit === variable.unit;
    this.#factor = 10 ** (isCanonical ? variable.decimals : DECIMALS_OF_UNIT[this.#unit]);
  }

  /** `value` is in the canonical unit. */
  observe(value: number): Observation {
    const sent = Math.round(((value - this.#offset) / this.#scale) * this.#factor) / this.#factor;
    return { code: this.#code, value: sent, unit: this.#unit };
  }

  /** The canonical value a reader of the observation gets. */
  canonical({ value }: Observation): number {
    return value * this.#scale + this.#offset;
  }
}

/** Channels by variable id. */
export class Channels {
  readonly #byId = new Map<string, Channel>();

  /** `units` names the unit of each variable that is not sent in its canonical one. */
  constructor(ids: readonly string[], units: Readonly<Record<string, string>>) {
    for (const id of ids) this.#byId.set(id, new Channel(id, units[id]));
  }

  get(id: string): Channel {
    const channel = this.#byId.get(id);
    if (channel === undefined) throw new Error(`no channel for ${id}`);
    return channel;
  }
}

/** What staff can have read by now: the last value of each variable that was sent, in canonical units; NaN: none yet. */
export class Chart {
  /** The same with its history, on the clock of `now`. */
  readonly course = new Course();
  /** Time since admission, in ms, of what is set. */
  now = 0;
  readonly #values = new Float64Array(VARIABLES.length).fill(Number.NaN);

  set(index: number, value: number): void {
    this.#values[index] = value;
    this.course.record(index, value, this.now);
  }

  get(id: string): number {
    return this.#values[variableIndex(id)];
  }
}
