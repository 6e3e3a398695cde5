// 100 000 malformed WebSocket frames, HTTP requests and raw bytes: the test of test/server/fuzz.test.ts, run longer.
import { spawnSync } from 'node:child_process';

const INPUTS = Number(process.env.WARDSTREAM_FUZZ_RUNS ?? 100_000);

export async function measure() {
  const began = performance.now();
  const { status, stdout } = spawnSync(
    'npx',
    ['vitest', 'run', 'test/server/fuzz.test.ts', '--reporter=json'],
    {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      env: { ...process.env, WARDSTREAM_FUZZ_RUNS: String(INPUTS) },
    },
  );
  const { numPassedTests, numFailedTests } = JSON.parse(stdout.slice(stdout.indexOf('{"numTotal')));
  const seconds = Math.round((performance.now() - began) / 1000);
  return { name: 'fuzz', inputs: INPUTS, passed: status === 0, numPassedTests, numFailedTests, seconds };
}
