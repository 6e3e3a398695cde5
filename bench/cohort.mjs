// A cohort of 40 000 simulated stays in the form of the PhysioNet Challenge 2019, validated with its report; and the memory of the
// process after each tenth of the time. Takes half an hour, most of it to write the cohort where WARDSTREAM_COHORT names none.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { wardstream } from './support/command.mjs';

const STAYS = 40_000;
const SAMPLE_MS = 1000;

export async function measure() {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-bench-'));
  const cohort = process.env.WARDSTREAM_COHORT ?? join(directory, 'psv');
  try {
    if (!existsSync(cohort)) wardstream('simulate', '--psv', cohort, '--beds', String(STAYS));
    const words = ['validate', '--from', `physionet2019:${cohort}`, '--json'];
    const running = promisify(execFile)(
      'node',
      ['dist/main.js', ...words, '--report', join(directory, 'report.html')],
      { maxBuffer: 1 << 26 },
    );
    const rss = [];
    const sampling = setInterval(() => rss.push(rssMbOf(running.child.pid)), SAMPLE_MS);
    const { stdout } = await running.finally(() => clearInterval(sampling));
    const { patients, seconds, scoringSeconds, peakRssMb } = JSON.parse(stdout.trim().split('\n').at(-1));
    const rssMbByTenth = Array.from(
      { length: 10 },
      (_, tenth) => rss[Math.floor(((tenth + 1) * rss.length) / 10) - 1],
    );
    return { patients, seconds, scoringSeconds, peakRssMb, rssMbByTenth };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function rssMbOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}
