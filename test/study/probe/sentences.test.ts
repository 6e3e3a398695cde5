import { describe, expect, it } from 'vitest';
import { SIGNS } from '../../../src/clinical/signs.js';
import { CRITERIA } from '../../../src/clinical/state.js';
import { VARIABLES } from '../../../src/clinical/variables.js';
import { factsOf, type ValueFact } from '../../../src/notes/facts.js';
import { SENTENCES } from '../../../src/study/probe/sentences.js';

const usedIn = (text: string) =>
  factsOf(text).facts.filter((fact): fact is ValueFact => fact.kind === 'value' && fact.unused === null);

/** Criteria that the values a sentence states meet. */
function criteriaIn(text: string): string[] {
  const values: number[] = VARIABLES.map(() => Number.NaN);
  const ages = [...values];
  for (const { variable, value } of usedIn(text)) {
    values[variable] = value;
    ages[variable] = 0;
  }
  return CRITERIA.filter(({ sign, direction, limit }) => {
    const reading = SIGNS[sign].read(values, ages, 0, { direction, best: 15, spoke: -1 });
    return reading !== null && (direction === 'low' ? reading.value <= limit : reading.value >= limit);
  }).map(({ id }) => id);
}

describe('the sentences of the probe', () => {
  it('are many, and many of them state nothing of the patient now', () => {
    expect(SENTENCES.length).toBeGreaterThanOrEqual(60);
    expect(SENTENCES.filter(({ kind }) => kind !== 'stated').length).toBeGreaterThanOrEqual(25);
    for (const kind of ['negated', 'planned', 'historical', 'other-person'])
      expect(SENTENCES.filter((each) => each.kind === kind).length, kind).toBeGreaterThan(4);
    expect(new Set(SENTENCES.map(({ text, patient }) => `${patient} ${text}`)).size).toBe(SENTENCES.length);
  });

  it.each(SENTENCES)('$text: $direction', ({ text, direction, kind }) => {
    const met = criteriaIn(text);
    if (direction === 'up') expect(met).not.toEqual([]);
    else expect(met).toEqual([]);
    if (direction === 'down') expect(usedIn(text)).not.toEqual([]);
    if (kind !== 'stated') expect(usedIn(text)).toEqual([]);
  });
});
