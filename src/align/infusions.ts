import { DRUGS, type DrugId, doseOf, drugOf, type Rate } from '../clinical/drugs.js';
import type { Vasopressors } from '../clinical/sofa.js';
import {
  type ActiveEpisode,
  CRITERIA,
  type Criterion,
  type Episode,
  judge,
  noEpisode,
  settle,
  UNCHARTED_MS,
  variableOfDrug,
} from '../clinical/state.js';
import { HOUR_MS } from '../durations.js';
import type { EpochMs, TreatmentClinicalEvent } from '../events/event.js';

/** Of an infusion that nobody has charted for so long nothing is told any more, not even that it is not known. */
const FORGOTTEN_MS = 72 * HOUR_MS;
/** Chartings kept of a patient at most: two infusions charted hourly for ten days. Of more, what changes nothing goes first. */
const MAX_CHARTINGS = 512;
/** SOFA counts a dose that is given for at least an hour: src/clinical/sofa.ts. */
const SOFA_MS = HOUR_MS;
/** A dose that is not known, of a drug that runs: it is more than none. */
const SOME_DOSE = Number.MIN_VALUE;

const RUNNING = criterionOf('vasopressor');
const UNKNOWN = criterionOf('vasopressor-unknown');
const RANKS = new Map<DrugId, number>(DRUGS.map(({ id }, rank) => [id, rank]));

/** What one message says of an infusion, as JSON has it. */
export interface Charted {
  readonly messageId: string;
  /** The message that it stands in place of. */
  readonly corrects: string | null;
  readonly infusion: string;
  readonly drug: DrugId;
  readonly isRunning: boolean;
  /** Null: not known. */
  readonly rate: Rate | null;
  readonly weightKg: number | null;
  /** When it was done, and when it was told. */
  readonly at: EpochMs;
  readonly toldAt: EpochMs;
}

/** What an infusion does from one charting to the next, or until nobody knows. */
interface Span {
  readonly charted: Charted;
  readonly from: EpochMs;
  readonly to: EpochMs;
}

/** What a message says, in the form in which it is kept. */
export function chartedOf(event: TreatmentClinicalEvent): Charted {
  const { messageId, observedAt: at, eventTime: toldAt, body } = event;
  const { drug, action, treatmentId, rate, weightKg, corrects } = body;
  const isRunning = action !== 'STOP' && rate?.perMinute !== 0;
  // One id of two drugs is two infusions: a sender that numbers pumps, not infusions.
  const infusion = treatmentId === null ? drug : `${drug} ${treatmentId}`;
  return { messageId, corrects, infusion, drug, isRunning, rate, weightKg, at, toldAt };
}

/**
 * The vasopressors and inotropes of one patient, by the time at which things were done: whatever order messages come in, the same
 * follows. The newest word of an infusion counts: one that starts twice goes on, one that stops before it starts runs, one
 * that never stops is unknown after `UNCHARTED_MS`.
 */
export class Infusions {
  /** In the order in which they count. */
  #log: Charted[] = [];
  #running: Episode = noEpisode();
  #unknown: Episode = noEpisode();
  #spans: readonly Span[] = [];
  #isFolded = true;

  /** All that is known, for `restore`. */
  get chartings(): readonly Charted[] {
    return this.#log;
  }

  restore(chartings: readonly Charted[]): void {
    this.#log = [...chartings].sort(compare);
    this.#fold();
  }

  record(charted: Charted): void {
    const place = this.#log.findIndex((other) => compare(charted, other) <= 0);
    // The same message again says nothing new.
    if (place >= 0 && compare(charted, this.#log[place]) === 0) return;
    this.#log.splice(place < 0 ? this.#log.length : place, 0, charted);
    this.#isFolded = false;
    if (this.#log.length > MAX_CHARTINGS) this.#log = thinned(this.#log);
  }

  /** Judges what was recorded; whether an episode that is not over has changed. */
  update(): boolean {
    if (this.#isFolded) return false;
    const before = JSON.stringify(this.#episodes());
    this.#fold();
    return JSON.stringify(this.#episodes()) !== before;
  }

  /** Whether an episode is not over. */
  get isActive(): boolean {
    return this.#running.phase !== 'absent' || this.#unknown.phase !== 'absent';
  }

  /** Adds the episodes that are not over. */
  addActive(to: ActiveEpisode[]): void {
    to.push(...this.#episodes());
  }

  /**
   * The least dose of each drug within the last hour, as SOFA counts it; null where nothing was ever charted. What is unknown for
   * long counts as none: SOFA is a lower bound. `weightKg` is taken where the message told none.
   */
  vasopressorsAt(time: EpochMs, weightKg: number | null): Vasopressors | null {
    if (this.#log.length === 0) return null;
    if (!this.#isFolded) this.#fold();
    const least = (id: DrugId) => this.#leastDose(id, time, weightKg);
    return {
      dopamine: least('dopamine'),
      dobutamine: least('dobutamine'),
      epinephrine: least('epinephrine'),
      norepinephrine: least('norepinephrine'),
    };
  }

  #leastDose(drug: DrugId, time: EpochMs, weightKg: number | null): number {
    const spans = this.#spans.filter(({ charted, from }) => charted.drug === drug && from <= time);
    const begin = time - SOFA_MS;
    const times = new Set([begin, time]);
    for (const { from, to } of spans) for (const at of [from, to]) if (at > begin && at < time) times.add(at);
    let least = Number.POSITIVE_INFINITY;
    for (const at of times) {
      const there = spans.filter(({ from, to }) => from <= at && at < to);
      least = Math.min(
        least,
        there.reduce((sum, { charted }) => sum + knownDose(charted, weightKg), 0),
      );
    }
    return least;
  }

  #episodes(): ActiveEpisode[] {
    const all = [
      { criterion: RUNNING, ...this.#running },
      { criterion: UNKNOWN, ...this.#unknown },
    ];
    return all.filter(({ phase }) => phase !== 'absent');
  }

  /** Tells all anew from the chartings: they are few, and seldom come. */
  #fold(): void {
    const voided = new Set(this.#log.map(({ corrects }) => corrects));
    const valid = this.#log.filter(({ messageId }) => !voided.has(messageId));
    const newest = new Map<string, Charted>();
    const running = noEpisode();
    const spans: Span[] = [];
    const end = (infusion: string, at: EpochMs) => {
      const before = newest.get(infusion);
      if (before?.isRunning)
        spans.push({ charted: before, from: before.at, to: Math.min(at, before.at + UNCHARTED_MS) });
    };
    for (let index = 0; index < valid.length; index++) {
      const charted = valid[index];
      const { at, infusion } = charted;
      end(infusion, at);
      newest.set(infusion, charted);
      if (valid[index + 1]?.at !== at) judgeAt(running, at, [...newest.values()]);
    }
    for (const infusion of newest.keys()) end(infusion, Number.POSITIVE_INFINITY);
    this.#running = running;
    this.#unknown = unknownOf([...newest.values()]);
    this.#spans = spans;
    this.#isFolded = true;
  }
}

/** What is charted by `at` of infusions that are known to run then. */
function judgeAt(running: Episode, at: EpochMs, newest: readonly Charted[]): void {
  let change = settle(running, RUNNING, at);
  while (change !== null) change = settle(running, RUNNING, at);
  const going = newest.filter(({ isRunning, at: chartedAt }) => isRunning && at < chartedAt + UNCHARTED_MS);
  const variable = going.length === 0 ? running.variable : variableOfDrug(firstOf(going).drug);
  if (going.length > 0 || running.phase !== 'absent')
    judge(running, RUNNING, { value: going.length, at, variable });
  if (going.length === 0) delete running.standsTo;
  else running.standsTo = UNCHARTED_MS + Math.max(...going.map((each) => each.at));
}

/** The state of not knowing: it waits from the last word of an infusion that was not stopped. */
function unknownOf(newest: readonly Charted[]): Episode {
  const now = Math.max(...newest.map(({ at }) => at));
  const open = newest.filter(({ isRunning, at }) => isRunning && now < at + FORGOTTEN_MS);
  if (open.length === 0) return noEpisode();
  const since = Math.min(...open.map(({ at }) => at));
  const first = open.filter(({ at }) => at === since);
  return {
    phase: 'pending',
    since,
    until: Number.NaN,
    metAt: since,
    readAt: since,
    value: first.length,
    variable: variableOfDrug(firstOf(first).drug),
    standsTo: FORGOTTEN_MS + Math.max(...open.map(({ at }) => at)),
  };
}

/** The one whose drug comes first in `DRUGS`. */
function firstOf(chartings: readonly Charted[]): Charted {
  return chartings.reduce((first, each) =>
    (RANKS.get(each.drug) ?? 0) < (RANKS.get(first.drug) ?? 0) ? each : first,
  );
}

/** In the drug's unit; where it needs a weight that nobody told, more than none. */
function knownDose({ drug, rate, weightKg }: Charted, otherWeightKg: number | null): number {
  if (rate === null) return SOME_DOSE;
  const dose = doseOf(drugOf(drug), rate, weightKg ?? otherWeightKg);
  return Number.isNaN(dose) ? SOME_DOSE : dose;
}

/** By when it was done; of one moment the one told later counts, since it comes behind. */
function compare(a: Charted, b: Charted): number {
  if (a.at !== b.at) return a.at - b.at;
  if (a.toldAt !== b.toldAt) return a.toldAt - b.toldAt;
  if (a.messageId === b.messageId) return 0;
  return a.messageId < b.messageId ? -1 : 1;
}

/**
 * Without chartings between two others of one infusion that runs on: when it began and whether it still runs is the same without them.
 * Where that is not enough, without the oldest.
 */
function thinned(log: readonly Charted[]): Charted[] {
  const last = log[log.length - 1].at;
  const corrected = new Set(log.map(({ corrects }) => corrects));
  const newest = new Map<string, Charted>();
  const kept = log.filter((charted, index) => {
    const { at, infusion, messageId, corrects, isRunning } = charted;
    const before = newest.get(infusion);
    const after = log.slice(index + 1).find((other) => other.infusion === infusion);
    const isOld = at < last - FORGOTTEN_MS && corrects === null && !corrected.has(messageId);
    const isBetween = before?.isRunning && isRunning && after?.isRunning;
    if (isOld && isBetween && after.at - before.at < UNCHARTED_MS) return false;
    newest.set(infusion, charted);
    return true;
  });
  return kept.slice(-MAX_CHARTINGS);
}

function criterionOf(id: string): Criterion {
  const criterion = CRITERIA.find((each) => each.id === id);
  if (criterion === undefined) throw new Error(`no criterion has id ${id}`);
  return criterion;
}
