import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { createChdbConnection } from 'chdb/connection';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Layer } from '../../src/contract/layers.js';
import type { AlertMessage } from '../../src/contract/messages.js';
import { type Retention, storeSchema } from '../../src/settings/store.js';
import { alertEvents, alertsOf } from '../../src/store/alerts.js';
import { migrate, migrationFiles, statementsOf } from '../../src/store/migrate.js';
import { scoresOf, timelineOf } from '../../src/store/queries.js';
import { applyRetention, retentionOf } from '../../src/store/retention.js';
import { select } from '../../src/store/select.js';
import { alert, HOUR_MS, START } from '../helpers.js';

const directory = mkdtempSync(join(tmpdir(), 'wardstream-test-'));
let client: ClickHouseClient;
beforeAll(() => {
  client = createClient({ connection: createChdbConnection({ path: directory }) } as never);
});
afterAll(async () => {
  await client.close();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(async () => {
  const tables = await select<{ name: string }>(
    client,
    'SELECT name FROM system.tables WHERE database = currentDatabase()',
  );
  for (const { name } of tables) await client.command({ query: `DROP TABLE IF EXISTS ${name}` });
});

const statements = (name: string) =>
  statementsOf(readFileSync(new URL(`../../src/store/migrations/${name}`, import.meta.url), 'utf8'));
const [first, second, ...later] = migrationFiles();

/** A store as version 2 of the schema left it, with rows. */
async function oldStore(): Promise<void> {
  await client.command({
    query:
      'CREATE TABLE schema_migrations (version UInt32, name String) ENGINE = ReplacingMergeTree ORDER BY version',
  });
  for (const [index, name] of [first, second].entries()) {
    for (const query of statements(name)) await client.command({ query });
    await client.command({ query: `INSERT INTO schema_migrations VALUES (${index + 1}, '${name}')` });
  }
  const rows = [
    `INSERT INTO observations VALUES ('p1', 'heartRate', '2026-01-01 00:00:00', 80, 'm1'), ('p1', 'heartRate', '2026-01-01 00:00:00', 90, 'm2'),
      ('p1', 'lactate', '2026-01-01 00:01:00', 2.5, 'm3')`,
    `INSERT INTO scores (patient_id, stay_id, ward_id, event_time, model_version, risk, news2, qsofa, late)
      VALUES ('p1', 's', 'W', '2026-01-01 00:00:00', 'v1', 0.1, 3, NULL, false), ('p1', 's', 'W', '2026-01-01 00:01:00', 'v1', 0.2, NULL, 1, true)`,
    `INSERT INTO dead_letters (dead_letter_id, reason) VALUES ('d1', 'empty')`,
  ];
  for (const query of rows) await client.command({ query });
  await client.insert({
    table: 'alert_events',
    values: [alert('a'), alert('a', 1, { state: 'RESOLVED' })].map((each) => ({
      alert_id: each.alertId,
      sequence: each.sequence,
      patient_id: each.patientId,
      ward_id: each.wardId,
      rule: each.rule,
      priority: each.priority,
      state: each.state,
      onset_time: each.onsetTime / 1000,
      event_time: each.eventTime / 1000,
      body: JSON.stringify(withFirstName(each)),
    })),
    format: 'JSONEachRow',
  });
}

/** As version 0.1 kept it. */
function withFirstName({ mortality, ...rest }: AlertMessage): object {
  return { ...rest, risk: mortality };
}

async function expectAllThere(): Promise<void> {
  const series = await timelineOf(client, 'p1', { from: START, to: START + HOUR_MS, points: 100 });
  expect(series.map(({ variable, values }) => [variable, values])).toEqual([
    ['heartRate', [80, 90]],
    ['lactate', [2.5]],
  ]);
  expect(
    (await scoresOf(client, 'p1', 10)).map(({ mortality, news2, qsofa }) => [mortality, news2, qsofa]),
  ).toEqual([
    [0.1, 3, null],
    [0.2, null, 1],
  ]);
  expect(await select(client, 'SELECT mortality FROM current_scores FINAL')).toEqual([{ mortality: 0.2 }]);
  expect((await alertsOf(client, { limit: 10 })).alerts.map(({ state }) => state)).toEqual(['RESOLVED']);
  const records = await alertEvents(client, 'a');
  expect(records.map(({ mortality }) => mortality)).toEqual([0.6, 0.6]);
  expect(records[0]).not.toHaveProperty('risk');
  const found = async (layer: Layer) => (await alertsOf(client, { limit: 10, layer })).alerts.length;
  expect([await found('risk'), await found('state')]).toEqual([1, 0]);
  expect(await select(client, 'SELECT count() AS letters FROM dead_letters FINAL')).toEqual([{ letters: 1 }]);
  const left = await select(
    client,
    `SELECT name FROM system.tables WHERE database = currentDatabase() AND (name LIKE '%_v1' OR name LIKE '%hourly')`,
  );
  expect(left).toEqual([]);
}

it('has a number of its own for each migration, without a gap: one that came twice would be skipped', () => {
  const files = migrationFiles();
  expect(files.map((name) => Number(name.slice(0, 3)))).toEqual(files.map((_, index) => index + 1));
});

describe('an upgrade', () => {
  const all = later.flatMap((name) => statements(name).map((query) => ({ name, query })));
  // After the copies and the drops is where it could go wrong; of the tables made in between, every ninth.
  const cuts = [...all.entries()].flatMap(([cut, { name, query }]) =>
    cut % 9 === 0 || !query.startsWith('CREATE') ? [{ cut, name, words: query.slice(0, 50) }] : [],
  );

  it('keeps every row of the first schema, and is over when run again', async () => {
    expect(cuts.length).toBeGreaterThan(15);
    await oldStore();
    const version = await migrate(client);
    expect(version).toBe(migrationFiles().length);
    await expectAllThere();
    expect(await migrate(client)).toBe(version);
    await expectAllThere();
  });

  it.each(cuts)('that was cut off within $name, after $words, goes on when run again', async ({ cut }) => {
    await oldStore();
    let done = '';
    for (const { name, query } of all.slice(0, cut + 1)) {
      if (done !== '' && done !== name) {
        await client.command({
          query: `INSERT INTO schema_migrations VALUES (${Number(done.slice(0, 3))}, '${done}')`,
        });
      }
      await client.command({ query });
      done = name;
    }
    await migrate(client);
    await expectAllThere();
  });

  it('of a store that a newer program has upgraded is refused', async () => {
    await migrate(client);
    await client.command({ query: "INSERT INTO schema_migrations VALUES (900, '900-future.sql')" });
    await expect(migrate(client)).rejects.toMatchObject({
      code: 'WS_STORE',
      message: expect.stringMatching(/version 900, this program knows \d+; use the program that upgraded it/),
    });
  });
});

it('numbers migrations one after the other: of two with one number the second would never run', () => {
  const numbers = migrationFiles().map((name) => Number(name.slice(0, 3)));
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
});

describe('retention', () => {
  const settings = (more: object) =>
    (storeSchema.parse({ kind: 'embedded', directory, retention: more }) as { retention: Retention })
      .retention;

  it('is set on every table that grows, changed, and taken away', async () => {
    await migrate(client);
    await applyRetention(client, settings({}));
    expect(Object.fromEntries(await retentionOf(client))).toEqual({
      observations: 400,
      notes: 400,
      images: 400,
      treatments: 400,
      shadow_scores: 400,
      scores: 400,
      current_scores: 400,
      stays: 3650,
      alert_events: 3650,
      alerts: 3650,
      dead_letters: 90,
      audit: 3650,
    });
    await applyRetention(client, settings({ observationsDays: 30, auditDays: null }));
    const changed = await retentionOf(client);
    expect([changed.get('observations'), changed.get('audit')]).toEqual([30, null]);
    await applyRetention(client, settings({ observationsDays: null }));
    expect((await retentionOf(client)).get('observations')).toBeNull();
  });

  it('counts from the day of recording: old rows go, history recorded today stays', async () => {
    await migrate(client);
    await applyRetention(client, settings({ observationsDays: 30 }));
    await client.command({
      query: `INSERT INTO observations (patient_id, event_time, variable, value, message_id, recorded_on) VALUES
              ('p1', '2026-01-01 00:00:00', 'heartRate', 80, 'old', today() - 31)`,
    });
    await client.command({
      query: `INSERT INTO observations (patient_id, event_time, variable, value, message_id) VALUES
              ('p1', '2001-09-09 00:00:00', 'heartRate', 90, 'history')`,
    });
    await client.command({ query: 'OPTIMIZE TABLE observations FINAL' });
    expect(await select(client, 'SELECT value FROM observations')).toEqual([{ value: 90 }]);
  });
});
