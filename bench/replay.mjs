// The whole of set A through the pipeline, without a store and with one, each in a process of its own:
// seconds, peak memory, and the digest of all scores. WARDSTREAM_SET_A names the folder where it is elsewhere.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SET_A, wardstream } from './support/command.mjs';

const KEPT = ['seconds', 'peakRssMb', 'observations', 'scores', 'scoresPerSecond', 'scoresDigest'];

function replay(...more) {
  const result = wardstream('replay', '--from', `physionet2012:${SET_A}`, '--speed', 'max', ...more);
  return Object.fromEntries(KEPT.map((key) => [key, result[key]]));
}

export async function measure() {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-bench-'));
  try {
    return { ...replay(), withStore: replay('--store', join(directory, 'store')) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
