import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createClient } from '@clickhouse/client';
import { createChdbConnection } from 'chdb/connection';
import { expect, it, onTestFinished } from 'vitest';
import { openStore } from '../../src/store/open-store.js';
import { temporaryDirectory } from '../helpers.js';

/** A process that has the directory open, until it is killed. */
const HOLDER = `
  import { createClient } from '@clickhouse/client';
  import { createChdbConnection } from 'chdb/connection';
  const client = createClient({ connection: createChdbConnection({ path: process.argv[1] }) });
  await client.command({ query: 'SELECT 1' });
  console.log('held');
  setInterval(() => {}, 1000);
`;

const embedded = (directory: string) => ({ kind: 'embedded', directory }) as const;

it('makes the directory, and finds again what was written before it was closed', async () => {
  const directory = join(temporaryDirectory(), 'not', 'there', 'yet');
  const first = await openStore(embedded(directory));
  await first.command({
    query: `INSERT INTO dead_letters (dead_letter_id, reason) VALUES ('d1', 'undecodable')`,
  });
  await first.close();
  expect(existsSync(directory)).toBe(true);
  const second = await openStore(embedded(directory));
  const result = await second.query({
    query: 'SELECT dead_letter_id, reason FROM dead_letters',
    format: 'JSONEachRow',
  });
  expect(await result.json()).toEqual([{ dead_letter_id: 'd1', reason: 'undecodable' }]);
  await second.close();
});

it('says which directory another process has, and opens it when that process is gone', async () => {
  const directory = temporaryDirectory();
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', HOLDER, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void holder.kill('SIGKILL'));
  expect(String((await once(holder.stdout, 'data'))[0])).toContain('held');
  await expect(openStore(embedded(directory))).rejects.toMatchObject({
    code: 'WS_STORE_IN_USE',
    message: `${directory} is in use by another process; stop that process or give another directory`,
  });
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  await (await openStore(embedded(directory))).close();
});

it('does not blame another process for what this one has open', async () => {
  const client = await openStore(embedded(temporaryDirectory()));
  const directory = temporaryDirectory();
  await expect(openStore(embedded(directory))).rejects.toMatchObject({
    code: 'WS_STORE',
    message: expect.stringMatching(
      `^the store at ${directory} cannot be opened: .*one active data directory`,
    ),
  });
  await client.close();
});

it('says that a file is in the place of the directory', async () => {
  const file = join(temporaryDirectory(), 'file');
  writeFileSync(file, '');
  await expect(openStore(embedded(file))).rejects.toMatchObject({
    code: 'WS_STORE',
    message: expect.stringContaining(`the store at ${file} cannot be opened: `),
  });
});

it('lets go of a directory that it cannot bring up to date, and says why it cannot', async () => {
  const directory = temporaryDirectory();
  const stranger = createClient({ connection: createChdbConnection({ path: directory }) } as never);
  await stranger.command({ query: 'CREATE TABLE schema_migrations (x UInt8) ENGINE = MergeTree ORDER BY x' });
  await stranger.close();
  await expect(openStore(embedded(directory))).rejects.toMatchObject({
    code: 'WS_STORE',
    isPassing: false,
    message: expect.stringMatching(`^the store at ${directory} cannot be opened: .*version`),
  });
  await (await openStore(embedded(temporaryDirectory()))).close();
});

it('names the server that does not answer, and keeps the password to itself', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const url = `http://127.0.0.1:${port}`;
  const account = { database: 'wardstream', username: 'ward', password: 'not-to-be-shown' };
  const opening = openStore({ kind: 'server', url, ...account });
  await expect(opening).rejects.toMatchObject({
    code: 'WS_STORE',
    isPassing: true,
    message: expect.stringMatching(`^the store at ${url} cannot be opened: .*ECONNREFUSED`),
  });
  await expect(opening).rejects.not.toMatchObject({ message: expect.stringContaining('not-to-be-shown') });
});

it('does not ask to be tried again where the server refuses the password', async () => {
  const server = createServer((_, response) => {
    response.writeHead(403, { 'x-clickhouse-exception-code': '516' });
    response.end('Code: 516. DB::Exception: ward: Authentication failed. (AUTHENTICATION_FAILED)');
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await expect(openStore({ kind: 'server', url })).rejects.toMatchObject({
    code: 'WS_STORE',
    isPassing: false,
    message: expect.stringContaining('Authentication failed'),
  });
});
