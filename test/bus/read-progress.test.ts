import { describe, expect, it } from 'vitest';
import { ReadProgress } from '../../src/bus/read-progress.js';

const NEVER = Number.NEGATIVE_INFINITY;

describe('ReadProgress', () => {
  it('knows a topic as read up to when it was asked how far the log goes, once that end is passed', () => {
    const progress = new ReadProgress();
    progress.begin(0, ['a']);
    const through = (askedAt: number, position: number, end: number) => {
      progress.answered(0, 'a', { askedAt, position, lastStableOffset: end, highWatermark: end });
      return progress.progress()[0].readThrough;
    };
    expect(progress.progress()[0].readThrough).toBe(NEVER);
    // A backlog, and a topic that is never quite at its end.
    expect(through(100, 10, 30)).toBe(NEVER);
    expect(through(200, 20, 40)).toBe(NEVER);
    expect(through(300, 30, 50)).toBe(100);
    expect(through(400, 45, 60)).toBe(100);
    expect(through(500, 55, 70)).toBe(300);
    expect(through(600, 70, 70)).toBe(600);
    // Nothing new, asked again.
    expect(through(700, 70, 70)).toBe(700);
    expect(through(800, 70, 71)).toBe(700);
  });

  it('tells what can be read from what is there: an open transaction keeps the rest back', () => {
    const progress = new ReadProgress();
    progress.begin(3, ['a']);
    const answered = (askedAt: number, position: number, lastStableOffset: number, highWatermark: number) =>
      progress.answered(3, 'a', { askedAt, position, lastStableOffset, highWatermark });
    answered(100, 5, 5, 5);
    answered(200, 5, 5, 8);
    expect(progress.progress()).toMatchObject([{ partition: 3, readThrough: 200, completeThrough: 100 }]);
    answered(300, 5, 5, 9);
    expect(progress.progress()).toMatchObject([{ readThrough: 300, completeThrough: 100 }]);
    answered(400, 8, 8, 9);
    expect(progress.progress()).toMatchObject([{ readThrough: 400, completeThrough: 200 }]);
  });

  it('goes back with a clock that was ahead', () => {
    const progress = new ReadProgress();
    progress.begin(0, ['a']);
    const end = { position: 1, lastStableOffset: 1, highWatermark: 1 };
    progress.answered(0, 'a', { askedAt: 900_000, ...end });
    progress.answered(0, 'a', { askedAt: 600_000, ...end });
    expect(progress.progress()).toMatchObject([{ readThrough: 600_000, completeThrough: 600_000 }]);
  });

  it('calls a topic silent only while answers come for others, and never one that is paused', () => {
    let now = 0;
    const progress = new ReadProgress(() => now);
    progress.begin(0, ['a', 'b', 'c']);
    progress.pause(0, ['c']);
    const silent = () => progress.progress().map(({ silentMs }) => silentMs);
    const answer = (topic: string, afterMs: number, busyMs = 0) => {
      now += afterMs;
      progress.arrive();
      progress.answered(0, topic, { askedAt: now, position: 0, lastStableOffset: 0, highWatermark: 0 });
      now += busyMs;
      progress.await();
    };
    answer('a', 100);
    answer('a', 100, 60_000);
    expect(silent()).toEqual([0, 200, 0]);
    // The process is stopped for an hour, and goes on.
    answer('a', 3_600_000);
    expect(silent()).toEqual([0, 450, 0]);
    progress.pause(0, []);
    answer('b', 50);
    expect(silent()).toEqual([50, 0, 50]);
  });

  it('knows for how long nobody has answered, but not of a process that is busy, and of no topic that is paused', () => {
    let now = 0;
    const progress = new ReadProgress(() => now);
    now = 40_000;
    expect(progress.unansweredMs).toBe(0);
    // What came before, restoring patients as it may be, is no waiting.
    progress.begin(0, ['a', 'b']);
    progress.pause(0, ['b']);
    const unanswered = () => progress.progress().map(({ unansweredMs }) => unansweredMs);
    now += 3000;
    expect([progress.unansweredMs, ...unanswered()]).toEqual([3000, 3000, 0]);
    progress.arrive();
    progress.answered(0, 'a', { askedAt: now, position: 0, lastStableOffset: 0, highWatermark: 0 });
    now += 20_000;
    expect([progress.unansweredMs, ...unanswered()]).toEqual([0, 0, 0]);
    progress.await();
    now += 7000;
    expect([progress.unansweredMs, ...unanswered()]).toEqual([7000, 7000, 0]);
    progress.end(0);
    expect(progress.unansweredMs).toBe(0);
  });

  it('forgets the topics of a partition that is another process’s', () => {
    const progress = new ReadProgress();
    progress.begin(0, ['a']);
    progress.begin(1, ['a']);
    progress.end(0);
    expect(progress.progress()).toMatchObject([{ partition: 1, topic: 'a' }]);
  });
});
