// Memory a monitored bed costs at 48 h of history, beyond the engine's own: heap and typed arrays after a full garbage
// collection, with 64 beds admitted and monitored for 48 h, less the same engine with a ward of one bed, by bed.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterTwoDays } from './support/two-days.mjs';

const BEDS = 64;
const LIMIT_KB = 150;

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

async function used(beds) {
  const engine = await afterTwoDays(beds);
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
