import { type CriteriaSet, USUAL_CRITERIA } from '../clinical/baselines.js';
import { SIGN_IDS, SIGNS } from '../clinical/signs.js';
import type { ActiveEpisode } from '../clinical/state.js';
import { VARIABLE_COUNT } from '../clinical/variables.js';
import type { EpochMs } from '../events/event.js';
import { type Charted, Infusions } from './infusions.js';
import { hashOfId } from './results.js';
import { SignHistory } from './sign-history.js';

/** By variable: the signs that are read from it, as places in `SIGN_IDS`, and its place among a sign's variables. */
const USES: readonly (readonly {
  readonly place: number;
  readonly slot: number;
  readonly maxAgeMs: number;
}[])[] = Array.from({ length: VARIABLE_COUNT }, (_, variable) =>
  SIGN_IDS.flatMap((id, place) => {
    const { variables, maxAgeMs } = SIGNS[id];
    const slot = variables.indexOf(variable);
    return slot < 0 ? [] : [{ place, slot, maxAgeMs }];
  }),
);

const NONE: readonly ActiveEpisode[] = [];

/** The signs of one patient, and the episodes that follow from them. */
export class PatientSigns {
  /** Signs that are told from treatments. */
  readonly infusions = new Infusions();
  readonly #signs: (SignHistory | undefined)[] = SIGN_IDS.map(() => undefined);
  /** What the criteria were that judged so far. */
  #key = 0;
  #judgedBy: CriteriaSet | null = null;
  #hasNews = false;

  /** Whether something was recorded that nobody has been told of. */
  get hasNews(): boolean {
    return this.#hasNews;
  }

  /** The same; from now on somebody has. */
  takeNews(): boolean {
    const hadNews = this.#hasNews;
    this.#hasNews = false;
    return hadNews;
  }

  /** A value that counts, observed at `at` and told at `toldAt` or later. */
  record(variable: number, value: number, at: EpochMs, toldAt: EpochMs): void {
    const uses = USES[variable];
    for (let each = 0; each < uses.length; each++) {
      const { place, slot, maxAgeMs } = uses[each];
      if (toldAt - at > maxAgeMs) continue;
      this.#signs[place] ??= new SignHistory(place);
      this.#signs[place].record(slot, value, at);
      this.#hasNews = true;
    }
  }

  /** What is charted of a treatment. */
  chart(charted: Charted): void {
    this.infusions.record(charted);
    this.#hasNews = true;
  }

  /** What was told to be observed at `at` was not, or not then. */
  takeBack(variable: number, at: EpochMs): void {
    for (const { place, slot } of USES[variable]) {
      this.#signs[place]?.takeBack(slot, at);
      this.#hasNews = true;
    }
  }

  /** Judges what was recorded; whether an episode that is not over has changed. */
  update(criteria: CriteriaSet = USUAL_CRITERIA): boolean {
    const key = criteria === this.#judgedBy ? this.#key : hashOfId(criteria.key);
    const isOther = key !== this.#key;
    let hasChanged = this.infusions.update();
    for (let place = 0; place < this.#signs.length; place++) {
      if (this.#signs[place]?.update(criteria.bySign[place], isOther)) hasChanged = true;
    }
    this.#key = key;
    this.#judgedBy = criteria;
    return hasChanged;
  }

  /** Episodes that are not over as of the newest values; see `update`. */
  active(): readonly ActiveEpisode[] {
    let active: ActiveEpisode[] | null = null;
    for (let place = 0; place < this.#signs.length; place++) {
      const sign = this.#signs[place];
      if (sign === undefined || !sign.isActive) continue;
      active ??= [];
      sign.addActive(active);
    }
    if (this.infusions.isActive) {
      active ??= [];
      this.infusions.addActive(active);
    }
    return active ?? NONE;
  }

  /** All that is known, for `restore`. */
  toArray(): Float64Array {
    const signs = this.#signs.flatMap((sign, place) =>
      sign === undefined ? [] : [place, ...sign.toArray()],
    );
    return signs.length === 0 ? new Float64Array(0) : Float64Array.from([this.#key, ...signs]);
  }

  /** Continues from what `toArray` gave. @throws RangeError where it is something else. */
  restore(numbers: Float64Array): void {
    if (numbers.length === 0) return;
    this.#key = numbers[0];
    for (let at = 1; at < numbers.length; ) {
      const place = numbers[at];
      if (SIGN_IDS[place] === undefined) throw new RangeError('a sign that is not known');
      const sign = new SignHistory(place);
      at = sign.restore(numbers, at + 1);
      this.#signs[place] = sign;
    }
  }
}
