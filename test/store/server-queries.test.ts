import { createClient } from '@clickhouse/client';
import { afterAll } from 'vitest';
import { openStore } from '../../src/store/open-store.js';
import { ClickHouseFront } from './front.js';
import { describeStore } from './suite/suite.js';

const DATABASE = 'wardstream_queries';
const front = process.env.CLICKHOUSE_URL === undefined ? new ClickHouseFront() : null;
afterAll(async () => {
  const url = process.env.CLICKHOUSE_URL ?? front?.url ?? '';
  const client = createClient({ url });
  await client.command({ query: `DROP DATABASE IF EXISTS ${DATABASE}` });
  await client.close();
  await front?.close();
});

describeStore('a store on a server', async () => {
  await front?.come();
  const url = process.env.CLICKHOUSE_URL ?? front?.url ?? '';
  return openStore({ kind: 'server', url, database: DATABASE });
});
