// Runs the random schedule of faults by hand: `npm run chaos -- SEED SECONDS`, after a build.
import { spawn } from 'node:child_process';

const [seed = '17', seconds = '3600'] = process.argv.slice(2);
if (![seed, seconds].every((each) => /^\d+$/.test(each))) {
  console.error('usage: npm run chaos -- SEED SECONDS');
  process.exit(2);
}
const config = ['--config', 'vitest.integration.config.ts'];
const child = spawn('npx', ['vitest', 'run', ...config, 'test/integration/faults/chaos'], {
  stdio: 'inherit',
  env: { ...process.env, CHAOS_SEED: seed, CHAOS_SECONDS: seconds },
});
child.on('exit', (code) => process.exit(code ?? 1));
