import type { AlertRule } from '../../settings/config.js';
import { Random } from '../../simulate/random.js';
import { type Bounds, type Gain, merit, type TuningStays } from './gain.js';
import {
  type Candidate,
  CHOICES,
  type ChoiceName,
  choicesOf,
  type Form,
  rulesOf,
  shifted,
  THRESHOLDS,
} from './space.js';

/** Beginnings of the search of each form, at random. */
const STARTS = 5;

/** A policy that was found. */
export interface Found {
  readonly form: Form;
  readonly candidate: Candidate;
  readonly rules: readonly AlertRule[];
  readonly gain: Gain;
}

/** A candidate that was tried. */
interface Tried {
  readonly candidate: Candidate;
  readonly gain: Gain;
  readonly merit: number;
}

/**
 * Searches the policies of a form that keep to the bounds: from some beginnings at random, one choice
 * after the other is replaced by the best there is while the rest stands, thresholds following, until nothing gets better. The
 * same stays, bounds and seed find the same policy. Null where none that keeps to them catches an event.
 */
export class Search {
  readonly #of: TuningStays;
  readonly #bounds: Bounds;
  readonly #seed: number;
  /** Policies that were tried, over all forms. */
  tried = 0;

  constructor(of: TuningStays, bounds: Bounds, seed: number) {
    this.#of = of;
    this.#bounds = bounds;
    this.#seed = seed;
  }

  best(form: Form): Found | null {
    const random = new Random(this.#seed, 4);
    let best: Tried | null = null;
    for (let start = 0; start < STARTS; start++) {
      const found = this.#climb(form, random);
      if (best === null || isBetter(found, best)) best = found;
    }
    if (best === null || best.merit < 0 || !(best.gain.recall > 0)) return null;
    const { candidate, gain } = best;
    return { form, candidate, rules: rulesOf(form, candidate), gain };
  }

  #climb(form: Form, random: Random): Tried {
    const tries = new Tries(form, this.#of, this.#bounds);
    let best = tries.at(anywhere(form, random));
    for (let before: Tried | null = null; before !== best; ) {
      before = best;
      best = following(tries, best);
      for (const name of choicesOf(form)) {
        for (let choice = 0; choice < CHOICES[name].length; choice++) {
          const choices = { ...best.candidate.choices, [name]: choice };
          const other = following(tries, tries.at({ ...best.candidate, choices }));
          if (isBetter(other, best)) best = other;
        }
      }
      if (form.signals.length > 1) best = eachThreshold(tries, best);
    }
    this.tried += tries.size;
    return best;
  }
}

function anywhere(form: Form, random: Random): Candidate {
  const pick = (size: number) => Math.floor(random.uniform() * size);
  const names = Object.keys(CHOICES) as ChoiceName[];
  return {
    thresholds: form.signals.map(() => pick(THRESHOLDS.length)),
    choices: Object.fromEntries(
      names.map((name) => [name, pick(CHOICES[name].length)]),
    ) as Candidate['choices'],
  };
}

/** The best of a candidate and those on the way to the lowest thresholds within the bounds. */
function following(tries: Tries, from: Tried): Tried {
  let best = from;
  const direction = from.merit < 0 ? 1 : -1;
  for (let places = direction; ; places += direction) {
    const candidate = shifted(from.candidate, places);
    if (candidate === null) return best;
    const other = tries.at(candidate);
    if (isBetter(other, best)) best = other;
    if (other.merit >= 0 === (direction === 1)) return best;
  }
}

/** The best of a candidate and those with one threshold changed, the others following. */
function eachThreshold(tries: Tries, from: Tried): Tried {
  let best = from;
  from.candidate.thresholds.forEach((_, index) => {
    for (const places of [-4, -2, -1, 1, 2, 4]) {
      const thresholds = [...best.candidate.thresholds];
      thresholds[index] += places;
      if (THRESHOLDS[thresholds[index]] === undefined) continue;
      for (let other = 0; other < thresholds.length; other++) {
        if (other === index) continue;
        for (const back of [0, -Math.sign(places), -places]) {
          const moved = thresholds.map((place, at) => (at === other ? place + back : place));
          if (THRESHOLDS[moved[other]] === undefined) continue;
          const tried = tries.at({ ...best.candidate, thresholds: moved });
          if (isBetter(tried, best)) best = tried;
        }
      }
    }
  });
  return best;
}

/** Of equal merit the one with fewer alerts. */
function isBetter(one: Tried, other: Tried): boolean {
  if (one.merit !== other.merit) return one.merit > other.merit;
  return one.gain.alerts < other.gain.alerts;
}

/** Candidates of a form that were tried, each once. */
class Tries {
  readonly #form: Form;
  readonly #of: TuningStays;
  readonly #bounds: Bounds;
  readonly #known = new Map<string, Tried>();

  constructor(form: Form, of: TuningStays, bounds: Bounds) {
    this.#form = form;
    this.#of = of;
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#known.size;
  }

  at(candidate: Candidate): Tried {
    const rules = rulesOf(this.#form, candidate);
    const key = JSON.stringify(rules);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const gain = this.#of.gainOf(rules);
    const tried = { candidate, gain, merit: merit(gain, this.#bounds) };
    this.#known.set(key, tried);
    return tried;
  }
}
