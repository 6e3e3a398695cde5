import { SIGNS } from '../clinical/signs.js';
import { CRITERIA } from '../clinical/state.js';
import type { StateSpan } from '../contract/protocol.js';
import type { StoredStateSpan } from '../store/state-spans.js';

const CRITERION_BY_ID = new Map(CRITERIA.map((criterion) => [criterion.id, criterion]));

/** The states of a course as the store has them; of a criterion that is no more, what is left of it. */
export function storedCourse(spans: readonly StoredStateSpan[]): StateSpan[] {
  return spans.map(({ criterion: id, since, to, value, lowest, highest, variable }) => {
    const criterion = CRITERION_BY_ID.get(id);
    const { label = id, grade = 'failing', sign = '', direction = 'high' } = criterion ?? {};
    const unit = criterion === undefined ? '' : SIGNS[criterion.sign].unit;
    const worst = direction === 'low' ? lowest : highest;
    return { criterion: id, label, grade, sign, since, to, value, worst, unit, variable };
  });
}
