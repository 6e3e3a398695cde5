import { type Asked, SIGN_IDS, SIGNS, type Sign } from '../clinical/signs.js';
import {
  type ActiveEpisode,
  type Criterion,
  type Episode,
  judge,
  noEpisode,
  type Phase,
  settle,
} from '../clinical/state.js';
import { VARIABLE_COUNT } from '../clinical/variables.js';
import type { EpochMs } from '../events/event.js';
import { ValueLog } from './value-log.js';

/** Values kept of a variable at most: of more, the oldest count as told in order. */
const MAX_VALUES = 1024;
/** Values beyond the window that may wait to be folded away: it costs a pass over all. */
const SPARE = 32;
const PHASES: readonly Phase[] = ['absent', 'pending', 'present', 'ending'];
/** Numbers of an episode in `toArray`. */
export const EPISODE_NUMBERS = 8;

/** An episode with what its values are compared with: the best of the sign's history before it began and since; NaN: nothing. */
interface Followed extends Episode {
  best: number;
}

const values = new Float64Array(VARIABLE_COUNT);
const ages = new Float64Array(VARIABLE_COUNT);
const asked: { -readonly [Field in keyof Asked]: Asked[Field] } = {
  direction: 'low',
  best: Number.NaN,
  spoke: -1,
};

/**
 * One sign of one patient: its values by the time they were observed, and the episodes that follow from them. Whatever order values
 * came in, what follows is the same, as long as they were not out of order by more than the sign's window: an older one
 * changes nothing. Episodes are those that the newest value leaves: what time alone changes of them is for who asks.
 */
export class SignHistory {
  readonly #sign: Sign;
  /** By the sign's variables. */
  readonly #logs: readonly ValueLog[];
  #criteria: readonly Criterion[] = [];
  /** As of `#baseAt`: what came before it is folded away. */
  #base: Followed[] = [];
  #baseAt: EpochMs = Number.NEGATIVE_INFINITY;
  /** As of `#foldedTo`; and as `update` saw them last. These three are as long as each other, and filled in place. */
  #episodes: Followed[] = [];
  #seen: Followed[] = [];
  #foldedTo: EpochMs = Number.NEGATIVE_INFINITY;
  #newest: EpochMs = Number.NEGATIVE_INFINITY;
  /** Oldest time whose values changed since the last fold. */
  #changedFrom: EpochMs = Number.POSITIVE_INFINITY;

  /** Places in the logs while they are gone through. */
  readonly #places: number[];
  #isActive = false;

  /** `place`: of the sign in `SIGN_IDS`. */
  constructor(place: number) {
    this.#sign = SIGNS[SIGN_IDS[place]];
    this.#logs = this.#sign.variables.map(() => new ValueLog());
    this.#places = this.#logs.map(() => 0);
  }

  /** A value of the sign's variable `slot`, observed at `at`. */
  record(slot: number, value: number, at: EpochMs): void {
    if (this.#isTooOld(at)) return;
    this.#newest = Math.max(this.#newest, at);
    this.#changedFrom = Math.min(this.#changedFrom, at);
    const log = this.#logs[slot];
    log.put(at, value);
    // Where nobody folds, as in an export, nothing is kept for ever either.
    if (log.length > 2 * MAX_VALUES) log.dropBefore(MAX_VALUES);
  }

  /** The value that was told to be observed at `at` was not, or not then. */
  takeBack(slot: number, at: EpochMs): void {
    if (this.#isTooOld(at)) return;
    this.#changedFrom = Math.min(this.#changedFrom, at);
    this.#logs[slot].remove(at);
  }

  /** Folds in what was recorded; whether an episode that is not over has changed. `isOther`: the criteria are not those of before. */
  update(criteria: readonly Criterion[], isOther: boolean): boolean {
    if (isOther || this.#base.length !== criteria.length) this.#beginAnew(criteria);
    this.#criteria = criteria;
    if (this.#changedFrom === Number.POSITIVE_INFINITY) return false;
    if (this.#changedFrom <= this.#foldedTo) {
      for (let index = 0; index < this.#base.length; index++) copy(this.#base[index], this.#episodes[index]);
      this.#foldedTo = this.#baseAt;
    }
    this.#fold(this.#episodes, this.#foldedTo, Number.POSITIVE_INFINITY);
    this.#foldedTo = this.#newest;
    this.#changedFrom = Number.POSITIVE_INFINITY;
    this.#foldAway();
    return this.#see();
  }

  /** Whether an episode is not over. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** Adds the episodes that are not over. */
  addActive(to: ActiveEpisode[]): void {
    for (let index = 0; index < this.#episodes.length; index++) {
      const { phase, since, until, metAt, readAt, value, variable } = this.#episodes[index];
      const criterion = this.#criteria[index];
      if (phase !== 'absent') to.push({ criterion, phase, since, until, metAt, readAt, value, variable });
    }
  }

  /** All that is known, for `restore`. */
  toArray(): number[] {
    const episodes = this.#base.flatMap(({ phase, since, until, metAt, readAt, value, variable, best }) => {
      return [PHASES.indexOf(phase), since, until, metAt, readAt, value, variable, best];
    });
    const logs = this.#logs.flatMap(({ length, cells }) => [length, ...cells]);
    return [this.#baseAt, this.#newest, this.#base.length, ...episodes, ...logs];
  }

  /** Continues from what `toArray` gave, at a place of it; the place behind it. */
  restore(numbers: ArrayLike<number>, start: number): number {
    this.#baseAt = numbers[start];
    this.#newest = numbers[start + 1];
    let at = start + 3;
    this.#base = Array.from({ length: numbers[start + 2] }, () => {
      const [phase, since, until, metAt, readAt, value, variable, best] = takeFrom(
        numbers,
        at,
        EPISODE_NUMBERS,
      );
      at += EPISODE_NUMBERS;
      return { phase: PHASES[phase], since, until, metAt, readAt, value, variable, best };
    });
    for (const log of this.#logs) {
      const size = 2 * numbers[at];
      log.restore(takeFrom(numbers, at + 1, size));
      at += 1 + size;
    }
    this.#episodes = this.#base.map(nothing);
    this.#seen = this.#base.map(nothing);
    this.#foldedTo = Number.POSITIVE_INFINITY;
    this.#changedFrom = this.#baseAt;
    return at;
  }

  /** Judges all values there are by these criteria. */
  #beginAnew(criteria: readonly Criterion[]): void {
    this.#base = criteria.map(nothing);
    this.#episodes = criteria.map(nothing);
    this.#seen = criteria.map(nothing);
    this.#baseAt = Number.NEGATIVE_INFINITY;
    this.#foldedTo = Number.POSITIVE_INFINITY;
    this.#changedFrom = Number.NEGATIVE_INFINITY;
  }

  /** Takes note of the episodes; whether one that is not over has changed. */
  #see(): boolean {
    let hasChanged = false;
    this.#isActive = false;
    for (let index = 0; index < this.#episodes.length; index++) {
      const episode = this.#episodes[index];
      if (episode.phase !== 'absent') this.#isActive = true;
      if (isSame(episode, this.#seen[index])) continue;
      copy(episode, this.#seen[index]);
      hasChanged = true;
    }
    return hasChanged;
  }

  #isTooOld(at: EpochMs): boolean {
    return at <= Math.max(this.#baseAt, this.#newest - this.#sign.windowMs);
  }

  /** Judges the values observed after `from` and up to `to`, in the order of their times. */
  #fold(episodes: readonly Followed[], from: EpochMs, to: EpochMs): void {
    const { variables, read } = this.#sign;
    const places = this.#places;
    for (let slot = 0; slot < places.length; slot++) places[slot] = this.#logs[slot].placeAfter(from);
    for (;;) {
      const now = this.#next(places);
      if (now > to || now === Number.POSITIVE_INFINITY) return;
      for (let slot = 0; slot < places.length; slot++) {
        const log = this.#logs[slot];
        if (places[slot] < log.length && log.timeAt(places[slot]) === now) places[slot]++;
        const newest = places[slot] - 1;
        values[variables[slot]] = newest < 0 ? Number.NaN : log.valueAt(newest);
        ages[variables[slot]] = newest < 0 ? Number.NaN : now - log.timeAt(newest);
      }
      for (let index = 0; index < episodes.length; index++) {
        const episode = episodes[index];
        settle(episode, this.#criteria[index], now);
        const { since } = episode;
        asked.direction = this.#criteria[index].direction;
        asked.best = this.#bestFor(episode, now);
        asked.spoke = episode.variable;
        const reading = read(values, ages, now, asked);
        if (reading !== null) judge(episode, this.#criteria[index], reading);
        if (episode.phase === 'absent') episode.best = Number.NaN;
        else episode.best = Object.is(episode.since, since) ? asked.best : this.#bestBefore(now);
      }
    }
  }

  /** What the values at `now` are compared with: while an episode is there, its beginning stays in sight however long ago it was. */
  #bestFor({ phase, best }: Followed, now: EpochMs): number {
    const { variables, historyMs } = this.#sign;
    if (historyMs === 0) return Number.NaN;
    return phase === 'absent' ? this.#bestBefore(now) : Math.max(best, values[variables[0]]);
  }

  /** What the values of an episode that begins at `now` are compared with. */
  #bestBefore(now: EpochMs): number {
    const { historyMs } = this.#sign;
    const [first] = this.#logs;
    return historyMs === 0 ? Number.NaN : first.highest(first.placeAfter(now - historyMs), this.#places[0]);
  }

  /** The time of the values at some places, the oldest; infinite where there are none. */
  #next(places: readonly number[]): EpochMs {
    let next = Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < places.length; slot++) {
      const log = this.#logs[slot];
      if (places[slot] < log.length) next = Math.min(next, log.timeAt(places[slot]));
    }
    return next;
  }

  /** Values beyond the window cannot change any more: what follows from them is kept, and they go. */
  #foldAway(): void {
    let horizon = this.#newest - this.#sign.windowMs;
    let isWorthIt = false;
    for (const log of this.#logs) {
      if (log.length > MAX_VALUES) horizon = Math.max(horizon, log.timeAt(log.length - MAX_VALUES));
      isWorthIt ||= log.placeAfter(horizon) - log.placeAfter(this.#baseAt) > SPARE;
    }
    if (!isWorthIt) return;
    this.#fold(this.#base, this.#baseAt, horizon);
    this.#baseAt = horizon;
    const { historyMs } = this.#sign;
    for (const log of this.#logs) {
      // The last one before is what was known then.
      log.dropBefore(Math.max(0, log.placeAfter(horizon - historyMs) - 1));
    }
  }
}

/** Whether nothing that is told of an episode has changed. */
function isSame(a: Episode, b: Episode): boolean {
  if (a.phase === 'absent' || a.phase !== b.phase) return a.phase === b.phase;
  return a.readAt === b.readAt && a.value === b.value && a.since === b.since && Object.is(a.until, b.until);
}

function nothing(): Followed {
  return { ...noEpisode(), best: Number.NaN };
}

function copy(from: Followed, to: Followed): void {
  to.phase = from.phase;
  to.since = from.since;
  to.until = from.until;
  to.metAt = from.metAt;
  to.readAt = from.readAt;
  to.value = from.value;
  to.variable = from.variable;
  to.best = from.best;
}

function takeFrom(numbers: ArrayLike<number>, start: number, length: number): number[] {
  if (start + length > numbers.length) throw new RangeError('the history of a sign ends early');
  return Array.from({ length }, (_, index) => numbers[start + index]);
}
