import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Outputs } from '../../../src/engine/outputs.js';
import { replay } from '../../../src/replay/replay.js';
import { parseConfig } from '../../../src/settings/config.js';
import { openSource } from '../../../src/sources/open-source.js';
import { emptyResults } from '../../../src/store/empty.js';
import { Inserter } from '../../../src/store/insert.js';
import { openStore } from '../../../src/store/open-store.js';
import { type Row, TABLES, type Table } from '../../../src/store/rows.js';
import { select } from '../../../src/store/select.js';
import { HAS_SET_A, SET_A } from '../../helpers.js';
import { putRows } from '../output-rows.js';

/** Bodies of alerts as JSON has them, whatever the order of their fields; what is not there is null. */
function canonical(row: Record<string, unknown>): string {
  const { recorded_on: _, body, ...rest } = row;
  const alert = typeof body === 'string' ? (JSON.parse(body) as Record<string, unknown>) : {};
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== 'object' || value === null) return value ?? null;
    const fields = Object.entries(value).filter(([, each]) => each !== null && each !== undefined);
    return Object.fromEntries(
      fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sorted(each)]),
    );
  };
  return JSON.stringify([rest, sorted(alert)]);
}

let client: ClickHouseClient;
const directory = mkdtempSync(join(tmpdir(), 'wardstream-test-'));
beforeAll(async () => {
  client = await openStore({ kind: 'embedded', directory });
});
afterAll(async () => {
  await client.close();
  rmSync(directory, { recursive: true, force: true });
});

/** All that a reader finds, table by table. */
async function contents(): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const table of [...TABLES, 'current_scores']) {
    const rows = await select<Record<string, unknown>>(client, `SELECT * FROM ${table} FINAL`);
    found[table] = rows.map(canonical).sort();
  }
  return found;
}

const HISTORIES: readonly (readonly [string, string, number | undefined])[] = [
  ['a simulated ward, with notes, images and infusions', 'simulate:beds=4,hours=8,seed=3', undefined],
  ...(HAS_SET_A ? ([['real patients', `physionet2012:${SET_A}`, 20]] as const) : []),
];

it.each(HISTORIES)(
  'what is written from the log of %s is what the engine put out',
  async (_, from, patients) => {
    const config = parseConfig({ store: { kind: 'none' } });
    const open = () => openSource(from, patients, undefined, undefined, config);
    await emptyResults(client);
    const rows = new Map<Table, Row[]>(TABLES.map((table) => [table, []]));
    const write = async (outputs: Outputs) =>
      putRows(outputs, version, (table, row) => rows.get(table)?.push(row));
    let version = '';
    await replay(open(), {
      config,
      speed: 'max',
      store: client,
      sinks: [{ write }],
      onOpened: ({ engine }) => {
        version = engine.model.config.version;
      },
    });
    const written = await contents();
    await emptyResults(client);
    const inserter = new Inserter(client, (table, row, fault) => {
      throw new Error(`${table} ${JSON.stringify(row)}: ${fault}`);
    });
    for (const [table, each] of rows) if (each.length > 0) await inserter.insert(table, each);
    const expected = await contents();
    for (const table of Object.keys(expected))
      expect([table, written[table]]).toEqual([table, expected[table]]);
    expect(expected.observations.length).toBeGreaterThan(1000);
    expect(expected.scores.length).toBeGreaterThan(500);
  },
  300_000,
);
