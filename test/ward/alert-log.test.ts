import type { ClickHouseClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StoredAlertLog } from '../../src/store/alert-log.js';
import { AlertLog } from '../../src/ward/alert-log.js';
import { alert } from '../helpers.js';
import { openTestStore } from '../server/ward.js';

let store: Awaited<ReturnType<typeof openTestStore>>;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(() => store.close());

let instances = 0;
const instance = () => `instance-${instances++}`;
const open = async (name: string, client: ClickHouseClient = store.store) =>
  AlertLog.open(await StoredAlertLog.open(client, name));

/** Appends and publishes; the cursors. */
async function add(log: AlertLog, ...ids: string[]): Promise<string[]> {
  const cursors = log.append(ids.map((id) => alert(id))).map((entry) => log.publish(entry).cursor);
  await log.flush();
  return cursors;
}

const idsOf = (logged: readonly { alert: { alertId: string } }[] | null | undefined) =>
  logged?.map(({ alert: { alertId } }) => alertId);

describe('the order of alert records', () => {
  it('has each record once, also where it is delivered again', async () => {
    const log = AlertLog.inMemory();
    const { cursor } = log;
    await add(log, 'a', 'b');
    await add(log, 'a', 'b', 'c');
    expect(idsOf(log.recentAfter(cursor))).toEqual(['a', 'b', 'c']);
  });

  it('does not give what is not published yet: it comes by itself', async () => {
    const log = AlertLog.inMemory();
    const { cursor } = log;
    const [entry] = log.append([alert('a')]);
    expect([log.cursor, log.recentAfter(cursor)]).toEqual([cursor, []]);
    log.publish(entry);
    expect(idsOf(log.recentAfter(cursor))).toEqual(['a']);
  });

  it('knows the cursors of earlier runs, from memory and from the store', async () => {
    const name = instance();
    const first = await open(name);
    const beginning = first.cursor;
    const [a, b] = await add(first, 'a', 'b');
    const second = await open(name);
    // The newest record of the run before: nothing is missed, whatever is published while that is looked up.
    expect(second.recentAfter(b)).toEqual([]);
    await add(second, 'b', 'c');
    expect(idsOf(second.recentAfter(b))).toEqual(['c']);
    expect(idsOf(second.recentAfter(a))).toEqual(['b', 'c']);
    const third = await open(name);
    const looking = third.after(beginning);
    await add(third, 'd');
    const older = await looking;
    const since = third.publishedAfter(older?.at(-1)?.cursor ?? beginning);
    expect([...(idsOf(older) ?? []), ...(idsOf(since) ?? [])]).toEqual(['a', 'b', 'c', 'd']);
  });

  it('does not take a cursor that was never saved for one of the next run', async () => {
    const name = instance();
    let isAway = false;
    const client = {
      query: store.store.query.bind(store.store),
      insert: (parameters: never) =>
        isAway ? Promise.reject(new Error('away')) : store.store.insert(parameters),
    } as unknown as ClickHouseClient;
    const first = await open(name, client);
    const [saved] = await add(first, 'a');
    isAway = true;
    const [unsaved] = await add(first, 'b');
    // Alerts do not wait for a store; and the records are saved when it is back.
    expect(idsOf(first.recentAfter(saved))).toEqual(['b']);
    const crashed = await open(name);
    await add(crashed, 'b', 'c');
    expect([await crashed.after(unsaved), idsOf(await crashed.after(saved))]).toEqual([null, ['b', 'c']]);
    isAway = false;
    await add(first, 'd');
    const rows = await (await StoredAlertLog.open(store.store, name)).newest(10);
    expect(rows.map((row) => row.alert.alertId).sort()).toEqual(['a', 'b', 'b', 'c', 'd']);
  });

  it('does not know the cursors of another log, or what is none', async () => {
    const log = AlertLog.inMemory();
    await add(log, 'a');
    for (const cursor of [AlertLog.inMemory().cursor, '', 'x.1', `${log.cursor}0`, '000000000000.1']) {
      expect([cursor, await log.after(cursor)]).toEqual([cursor, null]);
    }
  });

  it('begins anew when it is reset', async () => {
    const log = AlertLog.inMemory();
    const [a] = await add(log, 'a');
    log.reset();
    expect(log.recentAfter(a)).toBeNull();
    const [again] = await add(log, 'a');
    expect(log.cursor).toBe(again);
  });
});
