import { expect, it } from 'vitest';
import { formerPosition } from '../../src/notify/former-positions.js';
import { StoredAlertLog } from '../../src/store/alert-log.js';
import { alert } from '../helpers.js';
import { openTestStore } from '../server/ward.js';

const AT = Math.floor(Date.now() / 60_000) * 60_000;
const MINUTE_MS = 60_000;

it('is that of the first record which a hook had not passed, with what it was done with since', async () => {
  const { store, close } = await openTestStore();
  const insert = (table: string, ...values: object[]) =>
    store.insert({ table, values, format: 'JSONEachRow' });
  const time = (ms: number) => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
  const cursor = (name: string, epoch: string, position: number, at: number) =>
    insert('webhook_cursors', {
      name: `${name} ${epoch}`,
      cursor: `${epoch}.${position}`,
      updated: time(at),
    });
  expect(await formerPosition(store, 'pager')).toBeNull();
  // One process has passed all that it knew, the other one is a record behind; a third has been gone for days.
  const behind = await StoredAlertLog.begin(store, 'b', 'bbbbbbbbbbbb');
  const records = [0, 1, 2].map((n) => ({
    position: 100 + n,
    alert: alert(`b${n}`, 0, { eventTime: AT - (10 - n) * MINUTE_MS }),
  }));
  await behind.save(records);
  await cursor('pager', 'aaaaaaaaaaaa', 7, AT);
  await cursor('pager', 'bbbbbbbbbbbb', 100, AT - MINUTE_MS);
  await cursor('pager', 'cccccccccccc', 1, AT - 50 * 60 * MINUTE_MS);
  await cursor('pager two', 'dddddddddddd', 1, AT + 60 * MINUTE_MS);
  await insert(
    'webhook_deliveries',
    { name: 'pager', alert_id: 'b2', sequence: 3, done_at: time(AT) },
    { name: 'pager', alert_id: 'b2', sequence: 1, done_at: time(AT) },
    { name: 'pager', alert_id: 'old', sequence: 0, done_at: time(AT - 50 * 60 * MINUTE_MS) },
    { name: 'other', alert_id: 'b1', sequence: 0, done_at: time(AT) },
  );
  expect(await formerPosition(store, 'pager')).toEqual({
    since: AT - 9 * MINUTE_MS,
    done: new Map([['b2', 3]]),
  });
  expect((await formerPosition(store, 'pager two'))?.since).toBe(AT + 60 * MINUTE_MS);
  await close();
});
