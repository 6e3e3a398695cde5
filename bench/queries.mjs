// How long the dashboard's queries take on the embedded store, median of 5 in milliseconds: a patient's last 48 h with six
// variables every second among 20 such patients (20.7 million observations), the same by the hour, a ward of 50 now among 1 000
// patients with a day of scores each, and a page of the alerts of a shift among 200 000 alerts. Rows are made by the store itself.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alertsOf } from '../dist/store/alerts.js';
import { openStore } from '../dist/store/open-store.js';
import { timelineOf } from '../dist/store/queries.js';

const ROUNDS = 5;
const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 0, 1);
const PATIENTS = 20;
const SECONDS = 48 * 3600;

const FILL = [
  ...Array.from(
    { length: PATIENTS },
    (_, patient) => `INSERT INTO observations (patient_id, event_time, variable, value, message_id)
      SELECT 'P${patient}', toDateTime64(${START / 1000} + intDiv(number, 6), 3, 'UTC'), 'v' || toString(number % 6),
        60 + (number * 7919) % 50, toString(intDiv(number, 6)) FROM numbers(${SECONDS * 6})`,
  ),
  `INSERT INTO scores (patient_id, stay_id, ward_id, bed_id, event_time, model_version, mortality)
   SELECT 'P' || toString(number % 1000), 's', 'W' || toString(number % 20), 'b',
     toDateTime64(${START / 1000} + intDiv(number, 1000) * 60, 3, 'UTC'), 'v1', (number % 97) / 97 FROM numbers(1440000)`,
  `INSERT INTO alert_events (alert_id, sequence, patient_id, ward_id, rule, priority, state, onset_time, event_time, body)
   SELECT hex(sipHash64(intDiv(number, 2))), number % 2, 'P' || toString(number % 1000), 'W' || toString(number % 20), 'r', 'HIGH',
     if(number % 2 = 0, 'RAISED', 'RESOLVED'), toDateTime64(${START / 1000} + intDiv(number, 2) * 60, 3, 'UTC'),
     toDateTime64(${START / 1000} + intDiv(number, 2) * 60 + 600 + number % 2 * 900, 3, 'UTC'), '{"mortality":0.5}' FROM numbers(400000)`,
];

async function median(work) {
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  return Math.round(times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]);
}

export async function measure() {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-bench-'));
  const client = await openStore({ kind: 'embedded', directory });
  try {
    for (const query of FILL) {
      await client.command({ query, clickhouse_settings: { throw_on_max_partitions_per_insert_block: 0 } });
    }
    const window = { from: START, to: START + 48 * HOUR_MS };
    const shift = { from: START + 1000 * HOUR_MS, to: START + 1008 * HOUR_MS, wards: ['W3'], limit: 100 };
    return {
      observations: PATIENTS * SECONDS * 6,
      timeline48hMs: await median(() => timelineOf(client, 'P7', { ...window, points: 1000 })),
      alertsOfShiftMs: await median(() => alertsOf(client, shift)),
    };
  } finally {
    await client.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
