import { expect, it } from 'vitest';
import { PatientTimeline } from '../../src/align/timeline.js';
import { variableIndex } from '../../src/clinical/variables.js';
import { SCORE_NAMES, writeScores } from '../../src/training/scores.js';
import { HOUR_MS, START } from '../helpers.js';

function scoresOf(values: Readonly<Record<string, number>>, hours = 1): Record<string, number> {
  const timeline = new PatientTimeline({ stepMs: HOUR_MS, steps: 48 }, START);
  for (const [id, value] of Object.entries(values)) timeline.record(0, variableIndex(id), value, START);
  for (let step = 1; step < hours; step++) timeline.advance();
  const out = new Float32Array(SCORE_NAMES.length);
  writeScores(timeline, timeline.endOf(timeline.openStep), out, 0);
  return Object.fromEntries(SCORE_NAMES.map((name, index) => [name, out[index]]));
}

it('does not know what was never measured', () => {
  expect(Object.values(scoresOf({})).every(Number.isNaN)).toBe(true);
});

it('adds up the SOFA parts known', () => {
  const scores = scoresOf({
    platelets: 40,
    creatinine: 2.5,
    gcs: 8,
    mapCuff: 60,
    pao2: 75,
    fio2: 0.5,
    mechVent: 1,
  });
  expect(scores).toMatchObject({ sofa: 3 + 2 + 3 + 1 + 3, map: 60 });
});

it('judges urine from the sixth hour on', () => {
  expect(scoresOf({ urine: 50 }, 5).sofa).toBeNaN();
  expect(scoresOf({ urine: 50 }, 8).sofa).toBe(4);
});
