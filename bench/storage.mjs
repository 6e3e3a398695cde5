// Bytes on disk an observation, after merges, by table and for the columns of observations: all of set A, and a simulated
// ward with a set of vital signs every second, of which the sizing table in docs/operations.md is made. WARDSTREAM_SET_A
// names the folder where it is elsewhere.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replay } from '../dist/replay/replay.js';
import { parseConfig } from '../dist/settings/config.js';
import { simulateWard } from '../dist/simulate/ward.js';
import { openSource } from '../dist/sources/open-source.js';
import { openStore } from '../dist/store/open-store.js';
import { select } from '../dist/store/select.js';

const SET_A = process.env.WARDSTREAM_SET_A ?? '../shared/data/physionet2012/set-a';
const AIM = 8;
const BEDS = 8;
const HOURS = 6;

async function sizesOf(source) {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-bench-'));
  const store = { kind: 'embedded', directory };
  try {
    const { observations, scores } = await replay(source, { config: parseConfig({ store }), speed: 'max' });
    const client = await openStore(store);
    const tables = await select(
      client,
      "SELECT name FROM system.tables WHERE database = currentDatabase() AND total_rows > 0 AND name != 'schema_migrations'",
    );
    const bytes = {};
    for (const { name } of tables) {
      await client.command({ query: `OPTIMIZE TABLE ${name} FINAL` });
      const [row] = await select(
        client,
        'SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND table = {name:String}',
        { name },
      );
      bytes[name] = row.bytes;
    }
    // A part this small is kept in one file, which does not tell its columns apart.
    await client.command({ query: 'ALTER TABLE observations MODIFY SETTING min_bytes_for_wide_part = 0' });
    await client.command({ query: 'OPTIMIZE TABLE observations FINAL' });
    const columns = await select(
      client,
      `SELECT column, sum(column_data_compressed_bytes) AS bytes FROM system.parts_columns
       WHERE active AND table = 'observations' GROUP BY column ORDER BY bytes DESC`,
    );
    await client.close();
    const each = (value) => Number((value / observations).toFixed(2));
    const total = Object.values(bytes).reduce((sum, value) => sum + value, 0);
    return {
      observations,
      scores,
      bytesPerObservation: each(bytes.observations),
      columns: Object.fromEntries(columns.map(({ column, bytes: size }) => [column, each(size)])),
      allTablesPerObservation: each(total),
      tables: Object.fromEntries(Object.entries(bytes).map(([name, size]) => [name, each(size)])),
      totalMb: Number((total / 1e6).toFixed(1)),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function everySecond() {
  const startTime = Date.UTC(2026, 0, 5);
  const ward = { beds: BEDS, hours: HOURS, seed: 1, startTime, wardId: 'W', vitalsIntervalMs: 1000 };
  const counts = { patients: 0, rows: 0, descriptors: 0, notRecorded: 0, malformed: 0 };
  return { counts, total: 0, messages: () => simulateWard(ward) };
}

export async function measure() {
  const setA = await sizesOf(openSource(`physionet2012:${SET_A}`));
  const live = await sizesOf(everySecond());
  const mbPerBedAndDay = Number(((live.totalMb / BEDS) * (24 / HOURS)).toFixed(1));
  return {
    aim: AIM,
    reached: setA.bytesPerObservation <= AIM,
    setA,
    everySecond: { ...live, mbPerBedAndDay },
  };
}
