import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PatientState } from '../../src/align/patient.js';
import { RunningSummary } from '../../src/align/timeline.js';
import { type ClinicalEvent, compareEvents } from '../../src/events/event.js';
import { FeatureEncoder } from '../../src/features/encoder.js';
import { eventOf, labs, START, vitals } from '../helpers.js';
import { admit, OPTIONS, Recorder } from './recorder.js';

/** What the model would be given of a patient, for one variable in each scale. */
const ENCODER = new FeatureEncoder({
  variables: [
    { id: 'heartRate', transform: 'linear', center: 80, scale: 100 },
    { id: 'temperature', transform: 'linear', center: 37, scale: 100 },
    { id: 'lactate', transform: 'log', center: 1, scale: 2 },
  ],
});

/** Keeps, for every step, the row with which it was closed last. */
class RowKeeper extends Recorder {
  readonly rows = new Map<number, Float32Array>();

  override stepClosed(patient: PatientState, step: number, summary: RunningSummary): void {
    const row = new Float32Array(ENCODER.size);
    ENCODER.encode(patient, step, patient.timeline.endOf(step), summary, row, 0);
    this.rows.set(step, row);
  }
}

interface Arrival {
  readonly event: ClinicalEvent;
  /** How many events later than in order it arrives. */
  readonly delay: number;
  readonly isRepeated: boolean;
}

/**
 * Events of one stay, from half an hour before it to `hours` into it. Nothing jumps: whether a jump is believed depends on the order of
 * arrival (docs/trust.md).
 */
const arrivals = (hours: number): fc.Arbitrary<Arrival[]> =>
  fc
    .uniqueArray(
      fc.record({
        second: fc.integer({ min: -1800, max: hours * 3600 - 1 }),
        variable: fc.constantFrom('heartRate', 'temperature', 'lactate'),
        value: fc.integer({ min: 30, max: 44 }),
        delay: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(30) }),
        isRepeated: fc.boolean(),
      }),
      // Two values of one variable at one moment have no order of their own: the last is what arrived last.
      { selector: ({ second }) => second, minLength: 1, maxLength: 60 },
    )
    .map((drawn) => drawn.sort((a, b) => a.second - b.second).map(arrival));

interface Drawn extends Omit<Arrival, 'event'> {
  readonly second: number;
  readonly variable: string;
  readonly value: number;
}

function arrival({ second, variable, value, delay, isRepeated }: Drawn, index: number): Arrival {
  const where = { eventTime: START + second * 1000, messageId: `drawn-${index}`, patientId: 'p1' };
  const event =
    variable === 'lactate'
      ? eventOf('labs', labs({ lactate: value / 4 }, where))
      : eventOf(
          'vitals',
          vitals({ [variable]: variable === 'temperature' ? 33 + value / 10 : value }, where),
        );
  return { event, delay, isRepeated };
}

/** Sorted runs, as the merge releases them, in which delayed events come later and some events come twice. */
function released(drawn: readonly Arrival[], size: number): ClinicalEvent[][] {
  const arrived = drawn
    .flatMap(({ event, delay, isRepeated }, index) => [
      { event, place: index + delay },
      ...(isRepeated ? [{ event, place: index + delay + 3 }] : []),
    ])
    .sort((a, b) => a.place - b.place)
    .map(({ event }) => event);
  const runs: ClinicalEvent[][] = [];
  while (arrived.length > 0) runs.push(arrived.splice(0, size).sort(compareEvents));
  return runs;
}

describe('any order of arrival', () => {
  it.each([
    [5, 'of a stay that fits the ring'],
    [14, 'of a stay longer than the ring'],
  ])('%d h: leaves the timeline that the same events in order leave, %s', (hours) => {
    fc.assert(
      fc.property(arrivals(hours), fc.integer({ min: 1, max: 8 }), (drawn, size) => {
        const incremental = new RowKeeper();
        const full = new RowKeeper();
        for (const each of [incremental, full]) each.apply(admit(0));
        for (const run of released(drawn, size)) incremental.aligner.apply(run);
        full.aligner.apply(drawn.map(({ event }) => event).sort(compareEvents));
        expectSameTimeline(incremental, full);
        // Once steps have left the ring, what they added to the rows closed before is not to be had again.
        if (hours < OPTIONS.steps) expectSameRows(incremental, full);
        const { counts } = incremental.aligner;
        expect(counts.duplicates).toBe(drawn.filter(({ isRepeated }) => isRepeated).length);
        expect(counts.rejectedObservations).toBe(drawn.filter(({ event }) => event.eventTime < START).length);
        expect(full.aligner.counts).toMatchObject({ late: 0, duplicates: 0 });
      }),
      { numRuns: 150 },
    );
  });
});

/** Running means take up rounding in the order of arrival: equal to 1e-4; all else is exact. */
function expectSameTimeline(incremental: RowKeeper, full: RowKeeper): void {
  const [a, b] = [incremental, full].map(({ aligner }) => aligner.patients.get('p1')!);
  const [left, right] = [a.timeline, b.timeline];
  expect([left.openStep, a.lastEventAt]).toEqual([right.openStep, b.lastEventAt]);
  expect(left.count).toEqual(right.count);
  const differs = left.count.findIndex(
    (count, cell) =>
      count > 0 &&
      !(
        left.last[cell] === right.last[cell] &&
        left.lastOffset[cell] === right.lastOffset[cell] &&
        Math.abs(left.mean[cell] - right.mean[cell]) < 1e-4
      ),
  );
  expect(differs, 'a cell that differs').toBe(-1);
  const known = [a, b].map(({ timeline, lastEventAt }) => {
    const [values, ages] = [new Float32Array(64), new Float32Array(64)];
    timeline.lastKnown(lastEventAt, values, ages);
    return { values, ages };
  });
  expect(known[0]).toEqual(known[1]);
  expectClose(openRow(a), openRow(b), 'the open step');
}

function expectSameRows(incremental: RowKeeper, full: RowKeeper): void {
  expect([...incremental.rows.keys()].sort()).toEqual([...full.rows.keys()].sort());
  for (const [step, row] of full.rows) expectClose(incremental.rows.get(step)!, row, `step ${step}`);
}

/** The open step's row, with the summary that is kept and with one folded from the start. */
function openRow(patient: PatientState): Float32Array {
  const { timeline, lastEventAt } = patient;
  const kept = new Float32Array(ENCODER.size);
  ENCODER.encode(patient, timeline.openStep, lastEventAt, timeline.summary, kept, 0);
  const summary = new RunningSummary();
  timeline.foldBefore(summary, timeline.openStep);
  const folded = new Float32Array(ENCODER.size);
  ENCODER.encode(patient, timeline.openStep, lastEventAt, summary, folded, 0);
  expect(kept).toEqual(folded);
  return kept;
}

function expectClose(a: Float32Array, b: Float32Array, what: string): void {
  const differs = a.findIndex((value, index) => !(Math.abs(value - b[index]) < 1e-4));
  expect(differs, `${what}: ${ENCODER.featureNames[differs]} is ${a[differs]}, not ${b[differs]}`).toBe(-1);
}
