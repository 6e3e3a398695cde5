import { expect, it } from 'vitest';
import { WITHDRAWN } from '../../src/align/results.js';
import { PatientTimeline } from '../../src/align/timeline.js';
import { variableIndex } from '../../src/clinical/variables.js';
import { correct } from '../../src/server/corrections.js';
import { HOUR_MS, START } from '../helpers.js';

const LACTATE = variableIndex('lactate');

function timelineWith(...told: [eventTime: number, value: number][]): PatientTimeline {
  const timeline = new PatientTimeline({ stepMs: HOUR_MS, steps: 48 }, START);
  told.forEach(([eventTime, value], message) => {
    const at = { specimen: 7, message, observedAt: START, eventTime: START + eventTime };
    timeline.recordResult(0, { variable: LACTATE, value, ...at });
  });
  return timeline;
}

it('shows a corrected result where it was first told, and not again where the correction came', () => {
  const course = { times: [START + 10, START + 15, START + 20], values: [19, 3, 1.9] };
  correct(new Map([['lactate', course]]), timelineWith([10, 19], [20, 1.9]));
  expect(course).toEqual({ times: [START + 10, START + 15], values: [1.9, 3] });
});

it('shows nothing of a result that is taken back', () => {
  const course = { times: [START + 10, START + 15], values: [19, 3] };
  correct(new Map([['lactate', course]]), timelineWith([10, 19], [20, WITHDRAWN]));
  expect(course).toEqual({ times: [START + 15], values: [3] });
});

it('leaves what was not corrected, is not shown, or is thinned', () => {
  const course = { times: [START + 10, START + 20], values: [2, 3] };
  correct(new Map([['lactate', course]]), timelineWith([10, 2]));
  correct(new Map([['lactate', course]]), timelineWith([5, 19], [20, 3]));
  expect(course).toEqual({ times: [START + 10, START + 20], values: [2, 3] });
  const thinned = { times: [START + 10], values: [5], low: [1], high: [19] };
  correct(new Map([['lactate', thinned]]), timelineWith([10, 19], [20, 1.9]));
  expect(thinned).toEqual({ times: [START + 10], values: [5], low: [1], high: [19] });
});
