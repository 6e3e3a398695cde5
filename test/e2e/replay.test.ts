import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import type { PatientsResponse } from '../../src/contract/protocol.js';
import { LOUD_RULES } from '../helpers.js';

/** Worker threads run what was built, so these tests do too. */
const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-replay-'));
afterAll(() => rmSync(ROOT, { recursive: true }));

function wardstream(...words: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['dist/main.js', ...words]);
    let [out, err] = ['', ''];
    child.stdout.on('data', (data) => {
      out += String(data);
    });
    child.stderr.on('data', (data) => {
      err += String(data);
    });
    child.once('exit', (code) => resolve({ code, out, err }));
  });
}
const resultOf = async (...words: string[]) => {
  const { code, out, err } = await wardstream(...words, '--json');
  expect(err).toBe('');
  expect(code).toBe(0);
  return JSON.parse(out.trim().split('\n').at(-1)!);
};

it('one thread, two, three and a recording give the same scores and alerts', async () => {
  const from = 'simulate:beds=6,hours=5,seed=3,interval=300';
  const recording = join(ROOT, 'ward.avro');
  expect(await resultOf('record', '--from', from, '--out', recording)).toMatchObject({ patients: 6 });
  const config = join(ROOT, 'loud.json');
  writeFileSync(config, JSON.stringify({ alerts: { rules: LOUD_RULES } }));
  const replayed = (source: string, ...more: string[]) =>
    resultOf('replay', '--from', source, '--config', config, ...more);
  const plain = await replayed(from);
  expect(plain.alerts).toBeGreaterThan(0);
  const { scoresDigest, alertsDigest, scores, observations, alerts, patients, rows } = plain;
  const same = { scoresDigest, alertsDigest, scores, observations, alerts, patients };
  for (const workers of ['2', '3']) {
    expect(await replayed(from, '--workers', workers)).toMatchObject({ ...same, rows });
    expect(await replayed(`recording:${recording}`, '--workers', workers)).toMatchObject(same);
  }
}, 60_000);

it('a fault in a thread is said as the fault it is', async () => {
  const { code, err } = await wardstream('replay', '--from', 'recording:package.json', '--workers', '2');
  expect(code).toBe(1);
  expect(err).toContain('wardstream: package.json is not a whole recording');
  expect(err).not.toContain('at ');
});

it('what cannot go together is refused', async () => {
  const { code, err } = await wardstream('replay', '--from', 'simulate:', '--workers', '2', '--speed', '60x');
  expect(code).toBe(2);
  expect(err).toContain('--workers cannot go with --speed 60');
});

describe('one stay', () => {
  const FROM = ['--from', 'simulate:beds=3,hours=6,seed=1'];

  it('is replayed as it is among all', async () => {
    const one = await resultOf('replay', ...FROM, '--stay', 'SIM-1-002');
    const all = await resultOf('replay', ...FROM);
    expect(one.patients).toBe(1);
    expect(one.scores).toBeGreaterThan(100);
    expect(one.scores).toBeLessThan(all.scores / 2);
  }, 60_000);

  it('that is not there is named', async () => {
    const { code, err } = await wardstream('replay', ...FROM, '--stay', 'x', '--speed', 'max');
    expect([code, err]).toEqual([1, expect.stringContaining('has no stay of x; --stay takes the id')]);
    const served = await wardstream('replay', ...FROM, '--stay', 'x', '--serve', '0');
    expect([served.code, served.err]).toEqual([1, expect.stringContaining('has no stay of x')]);
  }, 60_000);

  it.each([
    [['--at', '3'], 2, '--at goes with --serve only'],
    [['--stay', 'SIM-1-002', '--workers', '2'], 2, '--stay cannot go with'],
    [['--at', '-1', '--serve', '0'], 2, 'It must be a number of hours, 0 or above'],
  ])('%s is refused', async (words, expected, fault) => {
    const { code, err } = await wardstream('replay', ...FROM, ...words);
    expect([code, err]).toEqual([expected, expect.stringContaining(fault)]);
  });

  it('is watched from the hour asked for, paused, under an address that opens its page', async () => {
    const words = ['replay', ...FROM, '--stay', 'SIM-1-003', '--at', '2.5', '--serve', '0'];
    const child = spawn(process.execPath, ['dist/main.js', ...words]);
    try {
      const [said] = (await once(child.stdout, 'data')) as [Buffer];
      const address = new URL(/http:\S+/.exec(String(said))![0]);
      const fragment = new URLSearchParams(address.hash.slice(1));
      expect(fragment.get('patient')).toBe('SIM-1-003');
      const headers = { authorization: `Bearer ${fragment.get('token')}` };
      const ask = async (path: string) => {
        const answer = await fetch(`${address.origin}/api/v1/${path}`, { headers });
        return (await answer.json()) as PatientsResponse;
      };
      // What was read may still be on its way to the page.
      const begin = Date.UTC(2026, 0, 5, 6);
      const hours = async () => ((await ask('patients')).clock - begin) / 3_600_000;
      await expect.poll(hours, { timeout: 20_000 }).toBeGreaterThan(2.4);
      await sleep(500);
      expect(await hours()).toBeLessThan(2.51);
      expect((await ask('patients')).patients).toMatchObject([{ patientId: 'SIM-1-003' }]);
    } finally {
      child.kill('SIGKILL');
    }
  }, 60_000);
});
