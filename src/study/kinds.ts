import { hypoxaemia } from '../clinical/endpoints.js';
import { type Evidence, ONSETS, type Onset, type OnsetId, onsetsOf } from '../clinical/onsets.js';
import type { ObservedStay } from '../cohort/stays.js';
import { catchable, HYLAND_RULES, isWithin } from './alarms.js';
import { BROUGHT_IN_MS } from './events.js';
import type { StudiedEvent } from './monitored.js';
import type { RaisedAlert } from './raised-alerts.js';

/** Events of one kind that count, and how many of them an alert came before. */
export interface KindRecall {
  readonly kind: OnsetId;
  /** What told the onset. */
  readonly by: Evidence;
  readonly order: Exclude<Onset['order'], 'arrival'>;
  readonly events: number;
  readonly recall: number;
}

/** Kinds of onsets, each with what can tell it. */
const EVIDENCE: Readonly<Record<OnsetId, readonly Evidence[]>> = {
  circulatory: ['pressure and lactate'],
  hypotension: ['pressure'],
  respiratory: ['PaO2/FiO2', 'SpO2/FiO2', 'ventilation'],
};
const ORDERS = ['first', 'recurrence'] as const;

/** Places of the events that count in a scored stay. */
export function catchableIn(
  { times, admittedAt: start, endAt: end }: ObservedStay,
  events: readonly StudiedEvent[],
): number[] {
  const stay = { times, signal: times, from: 0, to: times.length, events, start, end };
  return catchable(stay, HYLAND_RULES, BROUGHT_IN_MS);
}

/** Recall of every kind of onset by what told it and whether it was the first of the stay, kinds without an event included. */
export function recallByKind(
  raised: readonly (readonly RaisedAlert[])[],
  stays: readonly ObservedStay[],
): KindRecall[] {
  return ONSETS.flatMap((kind) => {
    const found = stays.flatMap((stay, place) => {
      const onsets = onsetsOf(kind, stay.charted, stay.admittedAt);
      return catchableIn(stay, onsets).map((index) => {
        const { start, by, order } = onsets[index];
        return { by, order, isCaught: raised[place].some(({ time }) => isWithin(start - time)) };
      });
    });
    return EVIDENCE[kind].flatMap((by) =>
      ORDERS.map((order): KindRecall => {
        const own = found.filter((each) => each.by === by && each.order === order);
        const caught = own.filter(({ isCaught }) => isCaught).length;
        return { kind, by, order, events: own.length, recall: caught / own.length };
      }),
    );
  });
}

/**
 * When PaO2/FiO2 of a patient is first below 200 mmHg, by stay: undefined where it never is, where it was in an earlier stay, and where
 * it could not be foretold, since it was brought in or nothing was scored in the window before it.
 */
export function firstHypoxaemias(stays: readonly ObservedStay[]): (number | undefined)[] {
  const starts = stays.map(({ charted }) => hypoxaemia(charted)[0]);
  const first = new Map<string, number>();
  stays.forEach(({ patientId }, place) => {
    const start = starts[place]?.start;
    if (start !== undefined) first.set(patientId, Math.min(start, first.get(patientId) ?? start));
  });
  return stays.map((stay, place) => {
    const span = starts[place];
    if (span === undefined || span.start !== first.get(stay.patientId)) return undefined;
    return catchableIn(stay, [span]).length === 0 ? undefined : span.start;
  });
}
