import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replay } from '../dist/replay/replay.js';
import { parseConfig } from '../dist/settings/config.js';
import { embeddedStore } from '../dist/settings/store.js';
import { openSource } from '../dist/sources/open-source.js';

const FROM = 'simulate:beds=10,hours=48,seed=7';
const ROUNDS = 3;

/**
 * Processor time of a million messages, of all threads of the process: through the engine alone, and with the writer that fills the embedded
 * ClickHouse from the log. In turns, after one round that warms both up; the median of each.
 */
export async function measure() {
  await secondsOf(null);
  await withStore(secondsOf);
  const alone = [];
  const stored = [];
  for (let round = 0; round < ROUNDS; round++) {
    alone.push(await secondsOf(null));
    stored.push(await withStore(secondsOf));
  }
  const engine = median(alone);
  const withWriter = median(stored);
  return {
    figure: 'writer',
    engineCpuSecondsPerMillion: Number(engine.toFixed(1)),
    withWriterCpuSecondsPerMillion: Number(withWriter.toFixed(1)),
    ratio: Number((withWriter / engine).toFixed(2)),
  };
}

async function secondsOf(directory) {
  const store = directory === null ? { kind: 'none' } : embeddedStore(directory);
  const config = { ...parseConfig({}), store };
  let engine;
  const began = process.cpuUsage();
  await replay(openSource(FROM, undefined, undefined, undefined, config), {
    config,
    speed: 'max',
    onOpened: (history) => {
      engine = history.engine;
    },
  });
  const { user, system } = process.cpuUsage(began);
  return (user + system) / engine.counts.messages;
}

async function withStore(call) {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-bench-'));
  try {
    return await call(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
