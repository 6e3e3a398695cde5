import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseConfig } from '../../src/settings/config.js';
import { migrationFiles } from '../../src/store/migrate.js';
import { withMigrationLock } from '../../src/store/migration-lock.js';
import { openStore } from '../../src/store/open-store.js';
import { scoresOf } from '../../src/store/queries.js';
import { select } from '../../src/store/select.js';
import { outputsOf, score } from '../helpers.js';
import { DirectSink } from './direct-sink.js';
import { ClickHouseFront } from './front.js';

const directory = mkdtempSync(join(tmpdir(), 'wardstream-test-'));
const pem = (name: string) => join(directory, name);
let front: ClickHouseFront;

beforeAll(async () => {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  for (const name of ['server', 'stranger']) {
    const files = ['-keyout', pem(`${name}.key`), '-out', pem(`${name}.pem`)];
    execFileSync('openssl', ['req', '-x509', ...key, '-days', '2', ...subject, ...files], { stdio: 'pipe' });
  }
  front = new ClickHouseFront({
    cert: readFileSync(pem('server.pem')),
    key: readFileSync(pem('server.key')),
  });
  await front.come();
});
afterAll(async () => {
  await front.close();
  rmSync(directory, { recursive: true, force: true });
});

const settings = (more: object = {}) => {
  const tls = { ca: { file: pem('server.pem') } };
  return { kind: 'server' as const, url: front.url, database: 'options', tls, ...more };
};

it('takes inserts over TLS, compressed, gathered by the server and acknowledged when they are written', async () => {
  const client = await openStore(settings());
  const sink = new DirectSink(client, 'm1');
  await sink.write(outputsOf({ scores: [score(1, 0.25)] }));
  const { isCompressed, settings: sent } = front.newest;
  expect(isCompressed).toBe(true);
  expect(sent.get('async_insert')).toBe('1');
  expect(sent.get('wait_for_async_insert')).toBe('1');
  expect((await scoresOf(client, 'p1', 10)).map(({ mortality }) => mortality)).toEqual([0.25]);
  await sink.close();
});

it('does none of this where it is switched off', async () => {
  const client = await openStore(settings({ compression: false, asyncInserts: false }));
  const sink = new DirectSink(client, 'm1');
  await sink.write(outputsOf({ scores: [score(2, 0.5)] }));
  expect(front.newest.isCompressed).toBe(false);
  expect(front.newest.settings.has('async_insert')).toBe(false);
  await sink.close();
});

it('does not talk to a server that the given authorities do not vouch for', async () => {
  const before = front.requests;
  await expect(openStore(settings({ tls: { ca: { file: pem('stranger.pem') } } }))).rejects.toMatchObject({
    code: 'WS_STORE',
    message: expect.stringMatching(/certificate/i),
  });
  expect(front.requests).toBe(before);
});

it.each([
  ['a certificate without its key', { tls: { ca: 'x', cert: 'x' } }, /store\.tls: cert and key go together/],
  [
    'a file that is not there',
    { tls: { ca: { file: '/nowhere/ca.pem' } } },
    /store\.tls\.ca: \/nowhere\/ca\.pem/,
  ],
  ['another protocol', { url: 'tcp://127.0.0.1:9000' }, /store\.url/],
  ['a retention of no days', { retention: { scoresDays: 0 } }, /store\.retention\.scoresDays/],
])('names the setting for %s', (_, more, message) => {
  expect(() => parseConfig({ store: { kind: 'server', url: 'http://127.0.0.1:8123', ...more } })).toThrow(
    message,
  );
});

it('is brought up to date once where several processes start together', async () => {
  const opening = [1, 2, 3].map(() => openStore(settings({ database: 'together' })));
  const clients = await Promise.all(opening);
  const rows = await select(
    clients[0],
    'SELECT version, count() AS times FROM schema_migrations GROUP BY version',
  );
  expect(rows).toHaveLength(migrationFiles().length);
  expect(rows.every((row) => (row as { times: number }).times === 1)).toBe(true);
  for (const client of clients) await client.close();
});

it('keeps out others while one upgrades, lets them in when it fails, and takes the lock of a dead one', async () => {
  const times = { renewMs: 20, staleMs: 300, retryMs: 10 };
  const client: ClickHouseClient = await openStore(settings({ database: 'locked' }));
  const log: string[] = [];
  let finish: () => void = () => undefined;
  const finishing = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const first = withMigrationLock(
    client,
    async () => {
      log.push('first begins');
      await finishing;
      log.push('first fails');
      throw new Error('cut off');
    },
    times,
  );
  while (log.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const second = withMigrationLock(client, async () => log.push('second begins'), times);
  // Several times as long as a dead holder's lock lasts: the first is alive.
  await new Promise((resolve) => setTimeout(resolve, 900));
  finish();
  await expect(first).rejects.toThrow('cut off');
  await second;
  expect(log).toEqual(['first begins', 'first fails', 'second begins']);
  await client.command({ query: 'CREATE TABLE migration_lock (sign UInt8) ENGINE = Memory' });
  expect(await withMigrationLock(client, async () => 'taken', times)).toBe('taken');
  await client.close();
});
