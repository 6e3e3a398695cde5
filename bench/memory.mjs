// Memory a monitored bed costs at 48 h of history, beyond the engine's own: heap and typed arrays after a full garbage
// collection, with 64 beds admitted and monitored for 48 h, less the same engine with a ward of one bed, by bed.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MemoryBus } from '../dist/bus/memory.js';
import { ReplayClock } from '../dist/clock.js';
import { parseConfig } from '../dist/config.js';
import { Engine } from '../dist/engine/engine.js';
import { produceAll } from '../dist/replay/replay.js';
import { simulateWard } from '../dist/simulate/ward.js';

const BEDS = 64;
const LIMIT_KB = 150;

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

async function used(beds) {
  const config = parseConfig({});
  const clock = new ReplayClock();
  const bus = new MemoryBus(config.bus);
  const engine = await Engine.open({ config, bus, clock, sinks: [] });
  await engine.start();
  const ward = {
    beds,
    hours: 48,
    seed: 1,
    startTime: Date.UTC(2026, 0, 5),
    wardId: 'W',
    vitalsIntervalMs: 300_000,
  };
  let chunk = [];
  const send = async () => {
    clock.advanceTo(chunk.at(-1).eventTime);
    await produceAll(chunk, bus, engine.codec);
    chunk = [];
  };
  for (const message of simulateWard(ward)) {
    chunk.push(message);
    if (chunk.length >= 500) await send();
  }
  await send();
  while (bus.unread > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await engine.finish();
  gc();
  await new Promise((resolve) => setTimeout(resolve, 50));
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  await engine.close();
  return heapUsed + arrayBuffers;
}

export async function measure() {
  await used(1); // warming up
  const base = await used(1);
  const full = await used(BEDS);
  const kbPerBed = Number(((full - base) / (BEDS - 1) / 1024).toFixed(1));
  return { kbPerBed, limitKb: LIMIT_KB, baseMb: Math.round(base / 1_048_576), beds: BEDS, hours: 48 };
}
