import { expect, it } from 'vitest';
import { outputRows } from '../../../src/study/recalibrate/rows.js';
import { scoredStay } from '../scored-stay.js';

const HOUR = 3_600_000;
/** Scored every half hour, with a probability of sepsis that is a hundredth of the hour. */
const STAY = (() => {
  const stay = scoredStay(
    Array.from({ length: 40 }, (_, half) => [30 * half, 0]),
    { hours: 20 },
  );
  const sepsis = Float64Array.from(stay.times, (time) => (time / HOUR + 0.01) / 100);
  return { ...stay, signals: { ...stay.signals, sepsis } };
})();

/** [hour, outcome] of each row of sepsis. */
function rows(onsetHours: number | null, happened: boolean) {
  const label = { happened, onsetMs: onsetHours === null ? null : onsetHours * HOUR };
  const { logits, outcomes } = outputRows('sepsis', [STAY], () => label)!;
  return Array.from(logits, (logit, row) => [Math.floor(100 / (1 + Math.exp(-logit))), outcomes[row]]);
}

it('sepsis is to be called from six hours before its onset, and is not asked for later than three after it', () => {
  expect(rows(10, true)).toEqual(
    Array.from({ length: 13 }, (_, index) => [index + 1, index + 1 >= 4 ? 1 : 0]),
  );
});

it('a stay without sepsis is asked for every full hour, one of unknown onset never', () => {
  expect(rows(null, false)).toEqual(Array.from({ length: 19 }, (_, index) => [index + 1, 0]));
  expect(rows(null, true)).toEqual([]);
});

it('what no source tells has no rows', () => {
  expect(outputRows('sepsis', [STAY], null)).toBeNull();
  expect(outputRows('mortality', [STAY], null)).toBeNull();
});
