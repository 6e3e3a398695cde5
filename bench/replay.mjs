// The whole of set A through the pipeline, without a store and with one, each in a process of its own:
// seconds, peak memory, and the digest of all scores. WARDSTREAM_SET_A names the folder where it is elsewhere.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SET_A = process.env.WARDSTREAM_SET_A ?? '../shared/data/physionet2012/set-a';
const KEPT = ['seconds', 'peakRssMb', 'observations', 'scores', 'scoresPerSecond', 'scoresDigest'];

function replay(...more) {
  const args = [
    'dist/main.js',
    'replay',
    '--from',
    `physionet2012:${SET_A}`,
    '--speed',
    'max',
    '--json',
    ...more,
  ];
  const output = execFileSync('node', args, { encoding: 'utf8', maxBuffer: 1 << 24 });
  const result = JSON.parse(output.trim().split('\n').at(-1));
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
