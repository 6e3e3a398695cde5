import { describe, expect, it } from 'vitest';
import { SIGNS } from '../../../src/clinical/signs.js';
import { CRITERIA } from '../../../src/clinical/state.js';
import { VARIABLES } from '../../../src/clinical/variables.js';
import { criteriaMet, laddersOf, PROBE_SIGNS, valuesOf } from '../../../src/study/probe/signs.js';

const signOf = (id: string) => PROBE_SIGNS.find((sign) => sign.id === id)!;
const critical = (id: string, value: number, minutes = 60) =>
  criteriaMet(signOf(id), value, minutes).flatMap(({ id: criterion, grade }) =>
    grade === 'critical' ? [criterion] : [],
  );

describe('ladders', () => {
  it('are of at least 14 signs, in eight steps from normal to worse', () => {
    expect(PROBE_SIGNS.length).toBeGreaterThanOrEqual(14);
    for (const ladder of PROBE_SIGNS.flatMap(laddersOf)) {
      expect(ladder).toHaveLength(8);
      const direction = Math.sign(ladder[1] - ladder[0]);
      for (let step = 1; step < ladder.length; step++)
        expect(Math.sign(ladder[step] - ladder[step - 1])).toBe(direction);
    }
  });

  it('begin where nothing is wrong, and stay within what is possible', () => {
    for (const sign of PROBE_SIGNS) {
      expect(criteriaMet(sign, sign.normal, 60)).toEqual([]);
      for (const { variable, value } of valuesOf(sign).flatMap((value) => sign.settings(value).flat())) {
        const [low, high] = VARIABLES[variable].possible;
        expect(value).toBeGreaterThanOrEqual(low);
        expect(value).toBeLessThanOrEqual(high);
      }
    }
  });

  it('reach every criterion of state that is told from values, but for a heart that nearly stands', () => {
    const met = new Set(
      PROBE_SIGNS.flatMap((sign) => valuesOf(sign).flatMap((value) => criteriaMet(sign, value, 60))),
    );
    const ofValues = CRITERIA.filter(({ sign }) => SIGNS[sign].variables.length > 0);
    // A stable stay whose heart falls to 20 may be in arrest, which is told first: test/alerts/near-arrest.test.ts.
    expect(ofValues.filter((criterion) => !met.has(criterion)).map(({ id }) => id)).toEqual([
      'bradycardia-extreme',
    ]);
  });
});

it.each([
  // Kost, JAMA 1990: potassium 2.8 and 6.2 mmol/L, sodium 120 and 158, glucose 46 and 484 mg/dL, ionised calcium 0.82 and 1.55.
  ['potassium', 2.8, ['potassium-low']],
  ['potassium', 3.1, []],
  ['potassium', 6.2, ['potassium-high']],
  ['sodium', 120, ['sodium-low']],
  ['sodium', 158, ['sodium-high']],
  ['glucose', 46, ['glucose-low']],
  ['calciumIonised', 0.82, ['calcium-low']],
  // Walsh 2013: mean pressure below 55 mmHg; a systolic of 77 with it is above 75.
  ['map', 55, ['hypotension-severe']],
  ['map', 60, []],
  ['map', 50, ['hypotension-severe', 'systolic-low']],
  // 1.4 times 160 is 224 mmHg, and NEWS2 gives three points from 220 on.
  ['map', 160, ['systolic-high']],
  // ATLS, 10th edition, 2018: 8 or less is coma.
  ['gcs', 8, ['coma']],
  ['gcs', 9, []],
  // No published list calls this value critical by itself.
  ['creatinine', 12, []],
])('%s %d is critical by %j', (sign, value, criteria) => {
  expect(critical(sign, value)).toEqual(criteria);
});

it('asks of a vital sign that it lasts, of a laboratory value not', () => {
  expect(critical('map', 50, 5)).toEqual([]);
  expect(critical('map', 50, 10)).toContain('hypotension-severe');
  expect(critical('potassium', 7, 0)).toEqual(['potassium-high']);
});
