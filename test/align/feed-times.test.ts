import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FeedTimes } from '../../src/align/feed-times.js';
import { VARIABLE_COUNT, variableIndex } from '../../src/clinical/variables.js';

const HR = variableIndex('heartRate');
const TEMP = variableIndex('temperature');
const vitals = (eventTime: number, ...variables: number[]) => ({
  kind: 'vitals' as const,
  eventTime,
  variables,
});

function fed(variable: number, ...times: number[]): FeedTimes {
  const feed = new FeedTimes();
  for (const time of times) feed.note(vitals(time, variable));
  return feed;
}

describe('how often a variable comes', () => {
  it('is the median of its last intervals, and not known from a few', () => {
    expect(fed(HR, 0, 60_000, 120_000, 180_000).paceOf(HR)).toBeNull();
    const feed = fed(HR, 0, 60_000, 120_000, 180_000, 780_000);
    expect(feed.paceOf(HR)).toEqual({ usualMs: 60_000, longestMs: 600_000 });
    expect([feed.lastOf(HR), feed.newest]).toEqual([780_000, 780_000]);
    expect([feed.paceOf(TEMP), feed.lastOf(TEMP)]).toEqual([null, Number.NaN]);
  });

  it('follows a monitor that becomes quicker, and forgets the long pauses of before', () => {
    const feed = fed(HR, ...Array.from({ length: 12 }, (_, hour) => hour * 3_600_000));
    expect(feed.paceOf(HR)?.usualMs).toBe(3_600_000);
    for (let second = 1; second <= 21; second++) feed.note(vitals(39_600_000 + second * 1000, HR));
    expect(feed.paceOf(HR)).toEqual({ usualMs: 1000, longestMs: 1000 });
  });

  it('is at least a second and at most four hours; what is late, of a laboratory, or of the same moment tells nothing', () => {
    expect(fed(HR, 0, 10, 20, 30, 40).paceOf(HR)?.usualMs).toBe(1000);
    const hours = (each: number) => each * 3_600_000;
    expect(fed(HR, 0, hours(9), hours(18), hours(27), hours(36)).paceOf(HR)).toEqual({
      usualMs: hours(4),
      longestMs: hours(4),
    });
    const feed = fed(HR, 0, 1000, 2000, 3000);
    feed.note(vitals(3000, HR));
    feed.note(vitals(500, HR));
    feed.note({ ...vitals(9000, HR), kind: 'labs' });
    expect([feed.paceOf(HR), feed.newest]).toEqual([null, 3000]);
  });

  it('is the same after a snapshot, whatever has come', () => {
    const message = fc.record({
      eventTime: fc.integer({ min: 0, max: 1e9 }),
      variables: fc.uniqueArray(fc.nat(VARIABLE_COUNT - 1), { maxLength: 5 }),
    });
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 200 }),
        fc.array(message, { maxLength: 50 }),
        (first, then) => {
          const feed = new FeedTimes();
          for (const each of first) feed.note({ kind: 'vitals', ...each });
          const again = new FeedTimes();
          again.restore(JSON.parse(JSON.stringify(feed.toArray())));
          for (const each of then) {
            feed.note({ kind: 'vitals', ...each });
            again.note({ kind: 'vitals', ...each });
          }
          for (let variable = 0; variable < VARIABLE_COUNT; variable++) {
            expect(again.paceOf(variable)).toEqual(feed.paceOf(variable));
            expect(again.lastOf(variable)).toEqual(feed.lastOf(variable));
          }
          expect(again.toArray()).toEqual(feed.toArray());
        },
      ),
    );
  });

  it('leaves out what is no such numbers', () => {
    const feed = new FeedTimes();
    feed.restore([9999, ...new Array(23).fill(1), 3, 4]);
    expect(feed.toArray()).toEqual([]);
  });
});
