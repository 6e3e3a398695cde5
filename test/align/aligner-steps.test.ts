import { describe, expect, it } from 'vitest';
import { ack, eventOf, HOUR_MS, note, START, vitals } from '../helpers.js';
import { admit, at, discharge, HEART_RATE, lab, MINUTE_MS, OPTIONS, Recorder, rate } from './recorder.js';

describe('steps', () => {
  it('close when the first event behind them comes, all that have passed, before that event is scored', () => {
    const recorder = new Recorder();
    recorder.apply(admit(0), rate(59));
    expect(recorder.apply(rate(60))).toEqual(['p1 step 0', 'p1 score 60']);
    expect(recorder.apply(rate(245))).toEqual(['p1 step 1', 'p1 step 2', 'p1 step 3', 'p1 score 245']);
    expect(recorder.aligner.patients.get('p1')?.timeline.openStep).toBe(4);
  });

  it('count from admission, not from the full hour', () => {
    const recorder = new Recorder();
    recorder.apply(admit(30));
    expect(recorder.apply(rate(89.8))).toEqual(['p1 score 89.8']);
    expect(recorder.apply(rate(90))).toEqual(['p1 step 0', 'p1 score 90']);
  });

  it('are closed by discharges and notes too, not by acknowledgements', () => {
    const recorder = new Recorder();
    recorder.apply(admit(0));
    expect(recorder.apply(eventOf('acks', ack('a', at(61))))).toEqual(['p1 acknowledged 61']);
    expect(recorder.apply(eventOf('notes', note('calm', at(121))))).toEqual([
      'p1 step 0',
      'p1 step 1',
      'p1 score 121',
    ]);
    expect(recorder.apply(discharge(181))).toEqual(['p1 step 2', 'p1 discharged 181']);
  });
});

describe('a long silence', () => {
  it('closes a bounded number of steps, those up to the next event among them', () => {
    const recorder = new Recorder();
    recorder.apply(admit(0), rate(1));
    const said = recorder.apply(rate(60 * 24 * 365 * 50));
    const steps = said.flatMap((line) => /step (\d+)/.exec(line)?.[1] ?? []).map(Number);
    const last = 24 * 365 * 50 - 1;
    expect(steps.length).toBeLessThanOrEqual(5 * OPTIONS.steps);
    expect(steps.slice(-4 * OPTIONS.steps)).toEqual(
      Array.from({ length: 4 * OPTIONS.steps }, (_, n) => last + 1 - 4 * OPTIONS.steps + n),
    );
    expect(said.at(-1)).toBe(`p1 score ${60 * (last + 1)}`);
  });

  it('leaves nothing known of before, as a shorter one does', () => {
    for (const hours of [2 * OPTIONS.steps, 1000]) {
      const recorder = new Recorder();
      recorder.apply(admit(0), rate(1), lab(60 * hours));
      expect(recorder.heartRate(60 * hours)).toEqual([Number.NaN, Number.NaN]);
      expect(recorder.apply(rate(60 * hours + 1, 90))).toEqual([`p1 score ${60 * hours + 1}`]);
      expect(recorder.heartRate(60 * hours + 3)).toEqual([90, 2]);
      expect(recorder.aligner.patients.get('p1')?.timeline.openStep).toBe(hours);
    }
  });
});

describe('late events', () => {
  it('are applied to their own step, which closes anew with all closed steps behind it', () => {
    const recorder = new Recorder();
    recorder.apply(admit(0), rate(10), rate(70), rate(130), rate(190));
    expect(recorder.apply(rate(75, 150))).toEqual(['p1 step 1', 'p1 step 2']);
    expect(recorder.aligner.counts.late).toBe(1);
    const { timeline } = recorder.aligner.patients.get('p1')!;
    const values = new Float32Array(64);
    timeline.lastKnown(START + 190 * MINUTE_MS, values, new Float32Array(64));
    expect(values[HEART_RATE]).toBe(80);
  });

  it('of the open step close nothing', () => {
    const recorder = new Recorder();
    recorder.apply(admit(0), rate(70));
    expect(recorder.apply(rate(65))).toEqual([]);
    expect(recorder.aligner.counts.late).toBe(1);
  });

  it('do not cause a score themselves; the next event does, whatever the interval', () => {
    const recorder = new Recorder({ minScoreIntervalMs: HOUR_MS });
    recorder.apply(admit(0), rate(1));
    expect(recorder.apply(rate(2))).toEqual([]);
    expect(recorder.apply(lab(1.5))).toEqual([]);
    expect(recorder.aligner.patients.get('p1')?.revised).toBe(true);
    expect(recorder.apply(rate(3))).toEqual(['p1 score 3']);
    expect(recorder.aligner.patients.get('p1')?.revised).toBe(false);
    expect(recorder.apply(rate(4))).toEqual([]);
  });

  it('do not displace a newer value, but are known where there is none', () => {
    const recorder = new Recorder();
    recorder.apply(admit(0), rate(10, 80), lab(100));
    recorder.apply(rate(5, 150));
    expect(recorder.heartRate(100)).toEqual([80, 90]);
    recorder.apply(rate(50, 110));
    expect(recorder.heartRate(100)).toEqual([110, 50]);
  });

  it('of a specimen weeks old do not look fresh', () => {
    const recorder = new Recorder();
    const weeksOld = { ...at(2), observedAt: START - 40 * 24 * HOUR_MS };
    recorder.apply(admit(0), eventOf('vitals', vitals({ heartRate: 80 }, weeksOld)));
    expect(recorder.heartRate(2)[1]).toBe(24 * 24 * 60);
  });

  it('older than the ring change nothing', () => {
    const recorder = new Recorder();
    recorder.apply(admit(0), rate(8 * 60));
    const { timeline } = recorder.aligner.patients.get('p1')!;
    const before = [timeline.count.slice(), timeline.mean.slice()];
    expect(recorder.apply(rate(30, 150))).toEqual([]);
    expect([timeline.count, timeline.mean]).toEqual(before);
    expect(recorder.aligner.counts.late).toBe(1);
  });

  it('are judged by patient: another patient who is ahead makes nothing late', () => {
    const recorder = new Recorder();
    recorder.apply(rate(100, 80, 'p2'));
    recorder.apply(rate(1, 80, 'p1'), rate(2, 80, 'p1'));
    expect(recorder.aligner.counts.late).toBe(0);
  });
});
