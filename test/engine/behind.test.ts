import { expect, it } from 'vitest';
import { BehindWatch } from '../../src/engine/behind.js';

const topic = (partition: number, name: string, through: number) => ({
  partition,
  topic: name,
  readThrough: through,
  completeThrough: through,
  silentMs: 0,
  unansweredMs: 0,
});

function watch() {
  const told: string[] = [];
  const notices = {
    raise: ({ kind, subject }: { kind: string; subject?: string }) =>
      void told.push(`raise ${kind} ${subject}`),
    clear: (kind: string, subject?: string) => void told.push(`clear ${kind} ${subject}`),
  };
  const onWarning = (message: string) => void told.push(message);
  return { behind: new BehindWatch({ afterMs: 30_000, notices, onWarning }), told };
}

it('tells of a partition that is not read to its end for long, by the topic that is read least far, and of its return', () => {
  const { behind, told } = watch();
  const look = (now: number, vitals: number, adt: number) =>
    behind.look([topic(2, 'ward.vitals', vitals), topic(2, 'ward.adt', adt), topic(5, 'ward.adt', now)], now);
  look(1000, 900, 900);
  look(31_000, 30_900, 1000);
  expect([told, behind.behind]).toEqual([[], []]);
  look(32_000, 31_900, 1000);
  look(33_000, 32_900, 1000);
  expect(told).toEqual([
    'partition 2: not all is read of ward.adt since 32 s; its patients are watched late, and alerts there do not escalate',
    'raise partition-behind 2',
  ]);
  expect(behind.behind).toEqual([{ partition: 2, topics: ['ward.adt'], seconds: 32 }]);
  look(34_000, 33_900, 1000);
  expect(told).toHaveLength(2);
  expect(behind.delays.map(({ partition, seconds }) => [partition, seconds])).toEqual([
    [2, 33],
    [5, 0],
  ]);
  look(35_000, 34_900, 34_900);
  expect(told.slice(2)).toEqual(['partition 2 is read to its end again', 'clear partition-behind 2']);
  expect(behind.behind).toEqual([]);
});

it('tells of one that was never read to its end, from when it came, and not of a process that was stopped', () => {
  const { behind, told } = watch();
  const look = (now: number, through: number) =>
    behind.look([topic(0, 'ward.acks', through), topic(0, 'ward.labs', through - 100)], now);
  look(1000, Number.NEGATIVE_INFINITY);
  look(30_000, Number.NEGATIVE_INFINITY);
  expect(told).toEqual([]);
  look(32_000, Number.NEGATIVE_INFINITY);
  look(33_000, Number.NEGATIVE_INFINITY);
  expect(told).toContain('raise partition-behind 0');
  expect(behind.behind).toEqual([{ partition: 0, topics: ['ward.acks', 'ward.labs'], seconds: 32 }]);
  behind.look([], 34_000);
  expect(told.at(-1)).toBe('clear partition-behind 0');
  told.length = 0;
  look(40_000, 39_900);
  look(140_000, 39_950);
  look(141_000, 140_900);
  expect(told).toEqual([]);
});

it('tells of a partition for which nobody answers as unread, not as behind, and leaves it to the bus where none is answered', () => {
  const { behind, told } = watch();
  const look = (now: number, ...unansweredMs: number[]) =>
    behind.look(
      unansweredMs.map((ms, partition) => ({
        ...topic(partition, 'ward.vitals', now - ms),
        unansweredMs: ms,
      })),
      now,
    );
  look(100_000, 0, 5000);
  look(101_000, 0, 6500);
  expect([behind.notPresent(1), told]).toEqual([null, []]);
  look(102_000, 0, 7500);
  expect(behind.notPresent(1)).toEqual({ cause: 'unread', since: 94_500 });
  expect(behind.notPresent(0)).toBeNull();
  expect(told).toEqual([
    'partition 1: no broker has answered for it for 6 s; its patients are not watched',
    'raise partition-unread 1',
  ]);
  for (let second = 103; second < 150; second++) look(1000 * second, 0, 1000 * (second - 94.5));
  expect(behind.behind).toEqual([]);
  look(150_000, 0, 0);
  expect(told.slice(2)).toEqual(['clear partition-unread 1']);
  expect(behind.notPresent(1)).toBeNull();
  look(160_000, 7000, 7000);
  look(161_000, 8000, 8000);
  expect(behind.notPresent(0)).toEqual({ cause: 'unread', since: 153_000 });
  expect(told).toHaveLength(3);
  behind.look([], 162_000);
  expect(told.slice(3)).toContain('clear partition-unread 0');
});

it('says of a partition that is behind up to when it is read', () => {
  const { behind } = watch();
  const look = (now: number) => behind.look([topic(0, 'ward.vitals', 5000), topic(0, 'ward.adt', now)], now);
  look(6000);
  expect(behind.notPresent(0)).toBeNull();
  for (const now of [40_000, 41_000]) look(now);
  expect(behind.notPresent(0)).toEqual({ cause: 'behind', since: 5000 });
});
