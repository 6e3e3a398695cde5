import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

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
  const plain = await resultOf('replay', '--from', from);
  expect(plain.alerts).toBeGreaterThan(0);
  const { scoresDigest, alertsDigest, scores, observations, alerts, patients, rows } = plain;
  const same = { scoresDigest, alertsDigest, scores, observations, alerts, patients };
  for (const workers of ['2', '3']) {
    const divided = await resultOf('replay', '--from', from, '--workers', workers);
    expect(divided).toMatchObject({ ...same, rows });
    expect(await resultOf('replay', '--from', `recording:${recording}`, '--workers', workers)).toMatchObject(
      same,
    );
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
