import { CRITERIA } from '../clinical/state.js';
import type { PatientView, StateSpan } from './protocol.js';

const LOW: ReadonlySet<string> = new Set(
  CRITERIA.filter(({ direction }) => direction === 'low').map(({ id }) => id),
);

/** The course with what is known of the present: a state that is there goes on, and one that is not is over at `now`, in ms since the epoch. */
export function withPresent(
  course: readonly StateSpan[],
  present: PatientView['states'],
  now: number,
): StateSpan[] {
  const keyOf = ({ criterion, since }: Pick<StateSpan, 'criterion' | 'since'>) => `${criterion} ${since}`;
  const here = new Map(present.map((state) => [keyOf(state), state]));
  const known = new Set(course.map(keyOf));
  const told = course.map((span): StateSpan => {
    const state = here.get(keyOf(span));
    if (state === undefined) return span.to === null ? { ...span, to: now } : span;
    const { value } = state;
    const worst = LOW.has(span.criterion) ? Math.min(span.worst, value) : Math.max(span.worst, value);
    return { ...span, to: null, value, worst };
  });
  const added = present
    .filter((state) => !known.has(keyOf(state)))
    .map(({ criterion, label, grade, sign, since, value, unit, variable }): StateSpan => {
      return { criterion, label, grade, sign, since, to: null, value, worst: value, unit, variable };
    });
  return [...told, ...added].sort((a, b) => a.since - b.since);
}
