import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PatientTimeline, RunningSummary } from '../../src/align/timeline.js';
import { variableIndex } from '../../src/clinical/variables.js';
import { HOUR_MS, START } from '../helpers.js';

const GRID = { stepMs: HOUR_MS, steps: 4 };
const HR = variableIndex('heartRate');
const LACTATE = variableIndex('lactate');

/** A timeline that has been through `steps`, each the values of heart rate in it. */
function timelineOf(steps: readonly (readonly number[])[]): PatientTimeline {
  const timeline = new PatientTimeline(GRID, START);
  steps.forEach((values, step) => {
    if (step > 0) timeline.advance();
    values.forEach((value, index) => {
      timeline.record(step, HR, value, START + step * HOUR_MS + index * 1000);
    });
  });
  return timeline;
}

/** What a summary says of heart rate; void where it was not seen. */
function heartRateOf(summary: RunningSummary): number[] {
  if (summary.seen[HR] === 0) return [0];
  const { seen, last, lastAt, first, mean, squares, min, max, recent, recentWeight, recentStep } = summary;
  const fields = [seen, last, lastAt, first, mean, squares, min, max, recent, recentWeight, recentStep];
  return fields.map((field) => field[HR]);
}

describe('PatientTimeline', () => {
  it('holds the last value by time of observation, the mean and the count of a step', () => {
    const timeline = new PatientTimeline(GRID, START);
    timeline.record(0, HR, 80, START + 2000);
    timeline.record(0, HR, 100, START + 5000);
    timeline.record(0, HR, 60, START + 3000);
    expect([timeline.last[HR], timeline.mean[HR], timeline.count[HR], timeline.lastOffset[HR]]).toEqual([
      100, 80, 3, 5000,
    ]);
  });

  it('knows which step a time falls into, before admission too', () => {
    const timeline = new PatientTimeline(GRID, START);
    expect([-1, 0, HOUR_MS - 1, HOUR_MS].map((at) => timeline.stepOf(START + at))).toEqual([-1, 0, 0, 1]);
  });

  it('gives the last known value with its age, and NaN for what was never seen', () => {
    const timeline = timelineOf([[70], [], [90, 95]]);
    timeline.record(1, LACTATE, 2.5, START + HOUR_MS);
    timeline.foldBefore(timeline.summary, timeline.openStep);
    const values = new Float32Array(timeline.count.length / GRID.steps);
    const ages = new Float32Array(values.length);
    timeline.lastKnown(START + 3 * HOUR_MS, values, ages);
    expect([values[HR], ages[HR]]).toEqual([95, HOUR_MS - 1000]);
    expect([values[LACTATE], ages[LACTATE]]).toEqual([2.5, 2 * HOUR_MS]);
    expect(values[variableIndex('ph')]).toBeNaN();
  });

  it('forgets what leaves the ring', () => {
    const timeline = timelineOf([[70], [], [], [], [], []]);
    expect(timeline.oldestStep).toBe(2);
    expect(timeline.summary.seen[HR]).toBe(0);
  });

  it('folds step by step to what folding anew gives, however long the stay', () => {
    const value = fc.integer({ min: 20, max: 200 });
    fc.assert(
      fc.property(fc.array(fc.array(value, { maxLength: 3 }), { minLength: 1, maxLength: 12 }), (steps) => {
        const timeline = timelineOf(steps);
        const anew = new RunningSummary();
        timeline.foldBefore(anew, timeline.openStep);
        expect(heartRateOf(timeline.summary)).toEqual(heartRateOf(anew));
      }),
    );
  });
});

describe('RunningSummary', () => {
  it('folds the step means: first, mean, spread, extremes, and a mean that forgets by half in three steps', () => {
    const { summary } = timelineOf([[60, 80], [100], [], [90]]);
    expect(summary.seen[HR]).toBe(2);
    expect([summary.first[HR], summary.mean[HR], summary.min[HR], summary.max[HR]]).toEqual([
      70, 85, 70, 100,
    ]);
    expect(summary.squares[HR]).toBeCloseTo(450, 6);
    const weight = 0.5 ** (1 / 3);
    expect(summary.recent[HR]).toBeCloseTo((70 * weight + 100) / (weight + 1), 4);
  });

  it('does not change with the density of a feed that says the same', () => {
    const hourly = timelineOf([[80], [90], [120], []]).summary;
    const dense = timelineOf([Array(60).fill(80), Array(60).fill(90), Array(60).fill(120), []]).summary;
    for (const field of ['seen', 'first', 'mean', 'squares', 'min', 'max', 'recent'] as const) {
      expect(dense[field]).toEqual(hourly[field]);
    }
  });

  it('is hardly moved by one artefact among sixty values', () => {
    const clean = timelineOf([Array(60).fill(80), []]).summary;
    const flushed = timelineOf([[...Array(59).fill(80), 300], []]).summary;
    expect(flushed.max[HR] - clean.max[HR]).toBeLessThan(4);
  });
});
