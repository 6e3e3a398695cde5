import type { SignalId } from '../../cohort/stays.js';
import { DAY_MS } from '../../durations.js';
import type { AlertRule } from '../../settings/config.js';
import { countTrue, type Foreseeable, leadOf, onsetsIn, warnableOnset } from '../policies.js';
import { alertsOf, merged, type RaisedAlert, type ScoredStay, signalOf } from '../raised-alerts.js';

/** Of a one-sided 95 % interval of the normal distribution. */
const Z95 = 1.645;
const NONE: readonly RaisedAlert[] = [];

/** What a policy does on the stays it is tuned on, as far as a search asks. */
export interface Gain {
  readonly alerts: number;
  /**
   * Alerts a patient-day, upper end of a one-sided 95 % interval by stay: other patients of the same kind are to be within the
   * budget too.
   */
  readonly burden: number;
  /** True alerts of all, lower end of such an interval; NaN without an alert. */
  readonly precision: number;
  /** Events caught of those that count. */
  readonly recall: number;
  /** Patients warned of those who could be; NaN where there are none. */
  readonly warned: number;
}

/** What a policy must keep to. */
export interface Bounds {
  /** Alerts a patient-day at most. */
  readonly budget: number;
  /** True alerts of all, at least. */
  readonly precision: number;
}

/**
 * What makes one policy better than another: within the bounds the mean of events caught and patients warned, as shares; beyond them
 * how far, below 0.
 */
export function merit({ recall, warned, burden, precision }: Gain, bounds: Bounds): number {
  const excess = Math.max(
    burden / bounds.budget,
    precision < bounds.precision ? 1 + bounds.precision - precision : 0,
  );
  if (excess > 1) return -excess;
  // Without a patient to be warned the events speak alone.
  return (recall + (Number.isNaN(warned) ? recall : warned)) / 2;
}

/** Stays to tune on, with what any policy is asked about them told once. */
export class TuningStays {
  readonly #stays: readonly ScoredStay[];
  readonly #truths: Foreseeable['truths'];
  readonly #onsets: readonly (readonly number[])[];
  readonly #warnable: readonly (number | undefined)[];
  readonly #days: Float64Array;
  /** The highest value of a signal in each stay: below it no rule raises. */
  readonly #highest = new Map<SignalId, Float64Array>();

  constructor(stays: readonly ScoredStay[], against: Foreseeable) {
    this.#stays = stays;
    this.#truths = against.truths;
    this.#onsets = stays.map((_, place) => onsetsIn(against, place));
    this.#warnable = stays.map(({ admittedAt }, place) => warnableOnset(this.#onsets[place], admittedAt));
    this.#days = Float64Array.from(stays, ({ admittedAt, endAt }) => (endAt - admittedAt) / DAY_MS);
  }

  gainOf(rules: readonly AlertRule[]): Gain {
    const highest = rules.map((rule) => this.#highestOf(signalOf(rule)));
    const raised = new Float64Array(this.#stays.length);
    const right = new Float64Array(this.#stays.length);
    let [alerts, events, caught, warnable, warned] = [0, 0, 0, 0, 0];
    for (let place = 0; place < this.#stays.length; place++) {
      const able = rules.filter((rule, index) => highest[index][place] >= rule.raiseAt);
      const of = able.length === 0 ? NONE : merged(able.map((rule) => alertsOf(rule, this.#stays[place])));
      raised[place] = of.length;
      right[place] = countTrue(of, this.#truths[place]);
      alerts += of.length;
      const first = this.#warnable[place];
      if (first !== undefined) {
        warnable++;
        if (leadOf(of, first) !== undefined) warned++;
      }
      events += this.#onsets[place].length;
      for (const onset of this.#onsets[place]) if (leadOf(of, onset) !== undefined) caught++;
    }
    return {
      alerts,
      burden: ratioLimit(raised, this.#days, Z95),
      precision: ratioLimit(right, raised, -Z95),
      recall: caught / events,
      warned: warned / warnable,
    };
  }

  #highestOf(signal: SignalId): Float64Array {
    const known = this.#highest.get(signal);
    if (known !== undefined) return known;
    const highest = Float64Array.from(this.#stays, ({ signals }) => {
      let most = Number.NEGATIVE_INFINITY;
      for (const value of signals[signal]) if (value > most) most = value;
      return most;
    });
    this.#highest.set(signal, highest);
    return highest;
  }
}

/** A ratio of sums over stays, so many standard errors higher (Cochran, Sampling Techniques, 1977, chapter 6). NaN where it divides by 0. */
function ratioLimit(above: Float64Array, below: Float64Array, errors: number): number {
  const total = below.reduce((sum, each) => sum + each, 0);
  const ratio = above.reduce((sum, each) => sum + each, 0) / total;
  const squares = above.reduce((sum, each, place) => sum + (each - ratio * below[place]) ** 2, 0);
  const { length } = above;
  const variance = length > 1 ? (squares * length) / (length - 1) / total ** 2 : 0;
  return ratio + errors * Math.sqrt(variance);
}
