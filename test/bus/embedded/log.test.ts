import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EmbeddedLog } from '../../../src/bus/embedded/log.js';

let directory: string;
let now = 0;
const opened = new Set<EmbeddedLog>();

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wardstream-log-'));
  now = 1_000;
});

afterEach(async () => {
  for (const log of opened) await log.close();
  opened.clear();
  rmSync(directory, { recursive: true, force: true });
});

function openLog(): EmbeddedLog {
  const log = EmbeddedLog.open(directory, () => now);
  opened.add(log);
  return log;
}

async function reopen(log: EmbeddedLog): Promise<EmbeddedLog> {
  await log.close();
  opened.delete(log);
  return openLog();
}

const record = (key: string, value: string | null, partition = 0) => ({
  partition,
  key,
  value: value === null ? null : Buffer.from(value),
});
const valuesOf = (log: EmbeddedLog, topic: string, from = 0) =>
  log.read(topic, 0, from, 100).map(({ offset, key, value }) => `${offset} ${key} ${value}`);

it('gives offsets in order, and has all records again when it is opened anew', async () => {
  let log = openLog();
  await log.createTopic('t', { partitions: 2, isCompacted: false });
  expect(await log.append('t', [record('a', 'one'), record('b', 'two', 1), record('a', 'three')])).toEqual([
    0, 0, 1,
  ]);
  log = await reopen(log);
  expect(await log.append('t', [record('ä', '')])).toEqual([2]);
  expect(valuesOf(log, 't')).toEqual(['0 a one', '1 a three', '2 ä ']);
  expect(valuesOf(log, 't', 2)).toEqual(['2 ä ']);
  expect([log.endOf('t', 0), log.endOf('t', 1), log.endOf('t', 2)]).toEqual([3, 1, undefined]);
});

it('keeps only the newest record of each key of a compacted topic', async () => {
  let log = openLog();
  await log.createTopic('c', { partitions: 1, isCompacted: true });
  await log.append('c', [record('a', '1'), record('b', '2'), record('a', '3')]);
  await log.append('c', [record('b', null)]);
  const expected = ['2 a 3', '3 b null'];
  expect(valuesOf(log, 'c')).toEqual(expected);
  log = await reopen(log);
  expect(valuesOf(log, 'c')).toEqual(expected);
  expect(log.newestOf('c', 0, 'a')?.value?.toString()).toBe('3');
  now += 1000;
  // A key without a value goes, one with a value stays whatever its age.
  expect(await log.trim('c', 0, now, Number.POSITIVE_INFINITY)).toBe(1);
  expect(valuesOf(log, 'c')).toEqual(['2 a 3']);
  log = await reopen(log);
  expect(await log.append('c', [record('d', '4')])).toEqual([4]);
});

it('has of a compacted topic what a map would have, whatever is written and however often it is opened', async () => {
  const keys = fc.constantFrom('a', 'b', 'c');
  const step = fc.oneof(
    fc.array(fc.record({ key: keys, value: fc.option(fc.string(), { nil: null }) }), {
      minLength: 1,
      maxLength: 4,
    }),
    fc.constant('open' as const),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      let log = openLog();
      now += 1;
      const topic = `c${now}`;
      await log.createTopic(topic, { partitions: 1, isCompacted: true });
      const model = new Map<string, string | null>();
      for (const each of steps) {
        if (each === 'open') log = await reopen(log);
        else {
          await log.append(
            topic,
            each.map(({ key, value }) => record(key, value)),
          );
          for (const { key, value } of each) model.set(key, value);
        }
      }
      const found = [...log.all(topic, 0)].map(({ key, value }) => [key, value?.toString() ?? null] as const);
      expect(new Map(found)).toEqual(model);
      expect(found).toHaveLength(model.size);
      await log.close();
      opened.delete(log);
    }),
    { numRuns: 25 },
  );
});

it('finds the first record of a time, and trims what is older and dealt with', async () => {
  let log = openLog();
  await log.createTopic('t', { partitions: 1, isCompacted: false });
  for (const time of [1000, 1000, 2000, 4000]) {
    now = time;
    await log.append('t', [record('a', String(time))]);
  }
  expect([0, 1000, 1001, 2000, 3000, 4000, 4001].map((time) => log.offsetAt('t', 0, time))).toEqual([
    0, 0, 2, 2, 3, 3, 4,
  ]);
  expect(await log.trim('t', 0, 3000, 1)).toBe(1);
  expect(log.startOf('t', 0)).toBe(1);
  expect(await log.trim('t', 0, 5000, 9)).toBe(3);
  expect([log.startOf('t', 0), log.endOf('t', 0)]).toEqual([4, 4]);
  log = await reopen(log);
  expect(await log.append('t', [record('a', 'on')])).toEqual([4]);
  expect(log.offsetAt('t', 0, 0)).toBe(4);
});

it('remembers how far a group has got, but not in another topic of the name', async () => {
  let log = openLog();
  await log.createTopic('t', { partitions: 1, isCompacted: false });
  expect(log.committed('g', 't', 0)).toBeUndefined();
  await log.commit('g', [{ topic: 't', partition: 0, offset: 7, note: 'a.b' }]);
  log = await reopen(log);
  expect([log.committed('g', 't', 0), log.committed('other', 't', 0)]).toEqual([
    { offset: 7, note: 'a.b' },
    undefined,
  ]);
});

it('says of a time that all before it is written only once it is', async () => {
  const log = openLog();
  await log.createTopic('t', { partitions: 1, isCompacted: false });
  now = 5000;
  const appending = log.append('t', [record('a', '1')]);
  now = 6000;
  expect(log.writtenThrough('t', 0)).toBe(5000);
  await appending;
  expect(log.writtenThrough('t', 0)).toBe(6000);
});

it('is refused a directory that this process has open already', () => {
  openLog();
  expect(() => EmbeddedLog.open(directory, () => now)).toThrow(/in use by process/);
});
