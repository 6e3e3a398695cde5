import { describe, expect, it } from 'vitest';
import { Lanes } from '../../src/bus/read-progress.js';

const NEVER = Number.NEGATIVE_INFINITY;

describe('Lanes', () => {
  it('knows a lane as read up to when it was asked how far the log goes, once that end is passed', () => {
    const lanes = new Lanes();
    lanes.begin(0, ['a']);
    const through = (askedAt: number, position: number, end: number) => {
      lanes.answered(0, 'a', { askedAt, position, lastStableOffset: end, highWatermark: end });
      return lanes.progress()[0].readThrough;
    };
    expect(lanes.progress()[0].readThrough).toBe(NEVER);
    // A backlog, and a lane that is never quite at its end.
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
    const lanes = new Lanes();
    lanes.begin(3, ['a']);
    const answered = (askedAt: number, position: number, lastStableOffset: number, highWatermark: number) =>
      lanes.answered(3, 'a', { askedAt, position, lastStableOffset, highWatermark });
    answered(100, 5, 5, 5);
    answered(200, 5, 5, 8);
    expect(lanes.progress()).toMatchObject([{ partition: 3, readThrough: 200, completeThrough: 100 }]);
    answered(300, 5, 5, 9);
    expect(lanes.progress()).toMatchObject([{ readThrough: 300, completeThrough: 100 }]);
    answered(400, 8, 8, 9);
    expect(lanes.progress()).toMatchObject([{ readThrough: 400, completeThrough: 200 }]);
  });

  it('goes back with a clock that was ahead', () => {
    const lanes = new Lanes();
    lanes.begin(0, ['a']);
    const end = { position: 1, lastStableOffset: 1, highWatermark: 1 };
    lanes.answered(0, 'a', { askedAt: 900_000, ...end });
    lanes.answered(0, 'a', { askedAt: 600_000, ...end });
    expect(lanes.progress()).toMatchObject([{ readThrough: 600_000, completeThrough: 600_000 }]);
  });

  it('calls a lane silent only while answers come for others, and never one that is paused', () => {
    let now = 0;
    const lanes = new Lanes(() => now);
    lanes.begin(0, ['a', 'b', 'c']);
    lanes.pause(0, ['c']);
    const silent = () => lanes.progress().map(({ silentMs }) => silentMs);
    const answer = (lane: string, afterMs: number, busyMs = 0) => {
      now += afterMs;
      lanes.arrive();
      lanes.answered(0, lane, { askedAt: now, position: 0, lastStableOffset: 0, highWatermark: 0 });
      now += busyMs;
      lanes.await();
    };
    answer('a', 100);
    answer('a', 100, 60_000);
    expect(silent()).toEqual([0, 200, 0]);
    // The process is stopped for an hour, and goes on.
    answer('a', 3_600_000);
    expect(silent()).toEqual([0, 450, 0]);
    lanes.pause(0, []);
    answer('b', 50);
    expect(silent()).toEqual([50, 0, 50]);
  });

  it('forgets the lanes of a partition that is another process’s', () => {
    const lanes = new Lanes();
    lanes.begin(0, ['a']);
    lanes.begin(1, ['a']);
    lanes.end(0);
    expect(lanes.progress()).toMatchObject([{ partition: 1, lane: 'a' }]);
  });
});
