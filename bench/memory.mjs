// Memory a monitored bed costs at 48 h of history, beyond the engine's own: heap and typed arrays after a full garbage
// collection, with 64 beds admitted and monitored for 48 h, less the same engine with a ward of one bed, by bed;
// also with the model that takes notes and images.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { listModels } from '../dist/inference/versions.js';
import { afterTwoDays } from './support/two-days.mjs';

const BEDS = 64;
const LIMIT_KB = 150;

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

async function used(beds, version) {
  const engine = await afterTwoDays(beds, [], version);
  gc();
  await new Promise((resolve) => setTimeout(resolve, 50));
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  await engine.close();
  return heapUsed + arrayBuffers;
}

async function perBed(version) {
  await used(1, version); // warming up
  const base = await used(1, version);
  const full = await used(BEDS, version);
  return { kb: Number(((full - base) / (BEDS - 1) / 1024).toFixed(1)), baseMb: Math.round(base / 1_048_576) };
}

export async function measure() {
  const { kb: kbPerBed, baseMb } = await perBed('latest');
  const fused = listModels().find((version) => version.startsWith('0-fusion-'));
  const fusedKbPerBed = fused === undefined ? null : (await perBed(fused)).kb;
  return { kbPerBed, fusedKbPerBed, limitKb: LIMIT_KB, baseMb, beds: BEDS, hours: 48 };
}
