// Processes that a figure runs: where they listen, and what they take of the machine.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

const CLOCK_TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** `wardstream run`; resolves with where its page is once it reads. */
export function startEngine(configFile) {
  const child = spawn('node', ['dist/main.js', 'run', '--config', configFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const address = new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
      const [, url, token] = /(http:\/\/[\d.]+:\d+)\/#token=(\S+)/.exec(text) ?? [];
      if (url !== undefined) resolve({ url, token });
    });
    child.once('exit', () => reject(new Error(`run ended: ${text}`)));
  });
  return { child, address };
}

export async function stopped(child) {
  if (child.exitCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exited;
}

/** Processor time so far, in seconds; null of a process that is not on this machine. */
export function cpuSeconds(pid) {
  if (pid === undefined) return null;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

/** Resident memory in MB; null of a process that is not on this machine. */
export function memoryMb(pid) {
  if (pid === undefined) return null;
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return Math.round((pages * PAGE_BYTES) / 2 ** 20);
}
