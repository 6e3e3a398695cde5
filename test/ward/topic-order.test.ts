import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cursorOf, nameOfTopic, positionsOf } from '../../src/ward/cursor.js';
import { type PlacedAlert, TopicOrder } from '../../src/ward/topic-order.js';
import { alert } from '../helpers.js';

const NAME = nameOfTopic('topic');

describe('a cursor', () => {
  it('is the positions it was made of, and short', () => {
    const offsets = fc.array(fc.nat(2 ** 40), { minLength: 1, maxLength: 64 });
    fc.assert(
      fc.property(offsets, (positions) => {
        expect(positionsOf(cursorOf(NAME, positions), NAME, positions.length)).toEqual(positions);
      }),
    );
    const ofTwelve = cursorOf(NAME, new Array(12).fill(5_000_000));
    expect(ofTwelve.length).toBeLessThanOrEqual(80);
  });

  it('of another topic, another number of partitions, or of nothing is none; and nothing throws', () => {
    const cursor = cursorOf(NAME, [1, 2]);
    expect(positionsOf(cursor, nameOfTopic('another'), 2)).toBeNull();
    expect(positionsOf(cursor, NAME, 3)).toBeNull();
    // Those of the version before.
    expect(positionsOf('0123456789ab.1048577', NAME, 1)).toBeNull();
    fc.assert(fc.property(fc.string(), (text) => positionsOf(text, NAME, 1) === null));
  });
});

/** A log of several partitions, in which engines have written some records twice, and what it is read into. */
function topic(partitions: number) {
  const log: PlacedAlert[][] = Array.from({ length: partitions }, () => []);
  let start = 0;
  const read = async (partition: number, from: number, to: number) => {
    const begin = Math.max(from, start);
    return { from: begin, alerts: log[partition].slice(begin, to) };
  };
  const write = (partition: number, alertId: string, sequence: number): PlacedAlert => {
    const placed = { partition, offset: log[partition].length, alert: alert(alertId, sequence) };
    log[partition].push(placed);
    return placed;
  };
  const starts = () => log.map((records) => ({ from: records.length, end: records.length }));
  const removeBefore = (offset: number) => {
    start = offset;
  };
  return { log, read, write, starts, removeBefore };
}

const idsOf = (records: readonly { readonly alert: { alertId: string; sequence: number } }[] | null) =>
  records?.map(({ alert: { alertId, sequence } }) => `${alertId} ${sequence}`);

describe('the order of alert records', () => {
  it('is read on by any cursor on any gateway, each record once, however partitions are read', async () => {
    const write = fc.record({
      partition: fc.nat(2),
      alertId: fc.integer({ min: 0, max: 5 }).map((id) => `a${id}`),
      again: fc.boolean(),
    });
    const property = fc.asyncProperty(
      fc.array(write, { maxLength: 40 }),
      fc.infiniteStream(fc.nat(2)),
      fc.nat(40),
      async (writes, turns, stop) => {
        const { log, read, write, starts } = topic(3);
        const before = new TopicOrder(read);
        before.begin('topic', starts());
        const next = new Map<string, number>();
        for (const { partition, alertId, again } of writes) {
          const id = `${partition}${alertId}`;
          const sequence = next.get(id) ?? 0;
          write(partition, id, again ? Math.max(0, sequence - 1) : sequence);
          if (!again || sequence === 0) next.set(id, sequence + 1);
        }
        const at = [0, 0, 0];
        const seen: string[] = [];
        let cursor = before.cursor;
        for (let count = 0; count < Math.min(stop, writes.length); count++) {
          let partition = turns.next().value as number;
          while (at[partition] >= log[partition].length) partition = (partition + 1) % 3;
          const logged = before.append(log[partition][at[partition]++]);
          if (logged === null) continue;
          seen.push(...(idsOf([logged]) as string[]));
          cursor = logged.cursor;
        }
        // A gateway that began later, with nothing of it in memory.
        const after = new TopicOrder(read);
        after.begin('topic', starts());
        const missed = await after.after(cursor);
        const all = [...seen, ...(idsOf(missed) as string[])];
        const wanted = new Set(log.flatMap((records) => idsOf(records) as string[]));
        expect([...all].sort()).toEqual([...wanted].sort());
        // And by the cursor of each of these the rest.
        for (const [index, logged] of (missed ?? []).entries()) {
          const rest = idsOf(await after.after(logged.cursor));
          expect(rest?.sort()).toEqual(idsOf(missed!.slice(index + 1))?.sort());
        }
      },
    );
    await fc.assert(property, { numRuns: 200 });
  });

  it('knows no cursor of a topic that was made anew, of records that are gone, or of too many', async () => {
    const { read, write, starts, removeBefore } = topic(1);
    const order = new TopicOrder(read);
    order.begin('topic', starts());
    const { cursor } = order;
    for (let sequence = 0; sequence < 3; sequence++) write(0, 'a', sequence);
    const later = new TopicOrder(read);
    later.begin('topic', starts());
    expect(idsOf(await later.after(cursor))).toEqual(['a 0', 'a 1', 'a 2']);
    removeBefore(2);
    expect(await later.after(cursor)).toBeNull();
    later.begin('made anew', [{ from: 0, end: 0 }]);
    expect(await later.after(cursor)).toBeNull();
    const far = new TopicOrder(read);
    far.begin('topic', [{ from: 30_000, end: 30_000 }]);
    expect(await far.after(cursor)).toBeNull();
  });

  it('is taken for unknown where the log cannot be read', async () => {
    const order = new TopicOrder(async () => {
      throw new Error('away');
    });
    order.begin('topic', [{ from: 5, end: 5 }]);
    expect(await order.after(cursorOf(NAME, [3]))).toBeNull();
    expect(await order.after(order.cursor)).toEqual([]);
  });
});
