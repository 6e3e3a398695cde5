// What an engine process can carry, in processor time: a simulated ward with a set of vital signs every second, labs and
// notes, through the pipeline, without a store and with the embedded one. Kafka's client and WebSocket clients come on top.
// The sizing table in docs/operations.md is made of this and of `storage`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replay } from '../dist/replay/replay.js';
import { parseConfig } from '../dist/settings/config.js';
import { simulateWard } from '../dist/simulate/ward.js';

const BEDS = 16;
const HOURS = 2;

async function carried(store) {
  const startTime = Date.UTC(2026, 0, 5);
  const ward = { beds: BEDS, hours: HOURS, seed: 1, startTime, wardId: 'W', vitalsIntervalMs: 1000 };
  // Made beforehand: the simulation is not what is measured.
  const messages = [...simulateWard(ward)];
  const counts = { patients: 0, rows: 0, descriptors: 0, notRecorded: 0, malformed: 0 };
  const before = process.cpuUsage();
  const { observations, scores } = await replay(
    { counts, total: 0, messages: () => messages },
    { config: parseConfig(store === null ? {} : { store }), speed: 'max' },
  );
  const { user, system } = process.cpuUsage(before);
  const cpuSeconds = (user + system) / 1e6;
  const bedSeconds = BEDS * HOURS * 3600;
  return {
    messages: messages.length,
    observations,
    scores,
    cpuSeconds: Number(cpuSeconds.toFixed(1)),
    messagesPerCpuSecond: Math.round(messages.length / cpuSeconds),
    bedsPerCore: Math.round(bedSeconds / cpuSeconds),
    coresPer1000Beds: Number(((1000 * cpuSeconds) / bedSeconds).toFixed(2)),
  };
}

export async function measure() {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-bench-'));
  try {
    await carried(null); // warming up
    const withoutStore = await carried(null);
    const withStore = await carried({ kind: 'embedded', directory: join(directory, 'store') });
    return { everySecond: true, beds: BEDS, hours: HOURS, withoutStore, withStore };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
