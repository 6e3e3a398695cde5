// Cohorts of 10 000, 20 000 and 40 000 simulated stays in the form of the PhysioNet Challenge 2019, each validated with its report
// in a process of its own; the memory of the process after each tenth of the time. Memory is flat where the peaks are alike.
// WARDSTREAM_COHORT names 40 000 stays that are written already. Takes half an hour.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { wardstream } from './support/command.mjs';

const SIZES = [10_000, 20_000, 40_000];
const SAMPLE_MS = 1000;

export async function measure() {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-bench-'));
  const cohort = process.env.WARDSTREAM_COHORT ?? join(directory, 'psv');
  try {
    if (!existsSync(cohort)) wardstream('simulate', '--psv', cohort, '--beds', String(SIZES.at(-1)));
    const sizes = [];
    for (const stays of SIZES) sizes.push(await validated(cohort, stays, join(directory, 'report.html')));
    return { sizes, peakGrowth: Number((sizes.at(-1).peakRssMb / sizes[0].peakRssMb).toFixed(2)) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function validated(cohort, stays, report) {
  const words = ['validate', '--from', `physionet2019:${cohort}`, '--patients', String(stays), '--json'];
  const running = promisify(execFile)('node', ['dist/main.js', ...words, '--report', report], {
    maxBuffer: 1 << 26,
  });
  const rss = [];
  const sampling = setInterval(() => rss.push(rssMbOf(running.child.pid)), SAMPLE_MS);
  const { stdout } = await running.finally(() => clearInterval(sampling));
  const { patients, seconds, scoringSeconds, peakRssMb } = JSON.parse(stdout.trim().split('\n').at(-1));
  const rssMbByTenth = Array.from(
    { length: 10 },
    (_, tenth) => rss[Math.floor(((tenth + 1) * rss.length) / 10) - 1],
  );
  return { patients, seconds, scoringSeconds, peakRssMb, rssMbByTenth };
}

function rssMbOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}
