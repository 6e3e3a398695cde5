import { setTimeout as sleep } from 'node:timers/promises';
import { type ClickHouseClient, ClickHouseError } from '@clickhouse/client';
import { select } from './select.js';

const TABLE = 'migration_lock';
const TABLE_ALREADY_EXISTS = '57';
const UNKNOWN_TABLE = '60';

export interface LockTimes {
  /** How often a holder shows that it is alive. */
  readonly renewMs: number;
  /** A holder that has not shown itself for so long is taken for dead. */
  readonly staleMs: number;
  /** How long a waiting process waits between two tries. */
  readonly retryMs: number;
}

const TIMES: LockTimes = { renewMs: 5000, staleMs: 60_000, retryMs: 500 };

/**
 * Runs `work` while no other process of the same database does: two that start at once must not both upgrade it. Making a
 * table that is not there yet is what ClickHouse does for one of them only. The holder adds a row every `renewMs`; one
 * that stops doing so for `staleMs` is dead, and its lock is taken away.
 */
export async function withMigrationLock<Result>(
  client: ClickHouseClient,
  work: () => Promise<Result>,
  times: LockTimes = TIMES,
): Promise<Result> {
  let signs = -1;
  let seenAt = performance.now();
  while (!(await tryLock(client))) {
    const now = await signsOf(client);
    if (now !== signs) {
      signs = now;
      seenAt = performance.now();
    } else if (performance.now() - seenAt > times.staleMs) {
      await unlock(client);
      continue;
    }
    await sleep(times.retryMs);
  }
  const renewing = setInterval(() => void renew(client).catch(() => undefined), times.renewMs);
  try {
    return await work();
  } finally {
    clearInterval(renewing);
    await unlock(client);
  }
}

async function tryLock(client: ClickHouseClient): Promise<boolean> {
  try {
    await client.command({ query: `CREATE TABLE ${TABLE} (sign UInt8) ENGINE = Memory` });
    return true;
  } catch (error) {
    if (error instanceof ClickHouseError && error.code === TABLE_ALREADY_EXISTS) return false;
    throw error;
  }
}

async function renew(client: ClickHouseClient): Promise<void> {
  await client.command({ query: `INSERT INTO ${TABLE} VALUES (1)` });
}

/** Signs of life of the holder; -1 where it has let go. */
async function signsOf(client: ClickHouseClient): Promise<number> {
  try {
    const [row] = await select<{ signs: number }>(client, `SELECT count() AS signs FROM ${TABLE}`);
    return row?.signs ?? -1;
  } catch (error) {
    if (error instanceof ClickHouseError && error.code === UNKNOWN_TABLE) return -1;
    throw error;
  }
}

async function unlock(client: ClickHouseClient): Promise<void> {
  await client.command({ query: `DROP TABLE IF EXISTS ${TABLE}` });
}
