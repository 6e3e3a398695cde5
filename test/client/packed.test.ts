import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alert, score } from '../helpers.js';
import { openTestStore, openWard, stay, type TestWard, tokenOf } from '../server/ward.js';
import { installPacked } from './package.js';

const home = mkdtempSync(join(tmpdir(), 'wardstream-client-'));
let empty: string;
let store: Awaited<ReturnType<typeof openTestStore>>;
let ward: TestWard;

beforeAll(async () => {
  empty = await installPacked('./packages/client', home);
  store = await openTestStore();
  ward = await openWard(store.store);
  await ward.write({ admitted: [stay('p1', 'W', '7')], scores: [score(1, 0.5)] });
});
afterAll(async () => {
  await ward?.close();
  await store?.close();
  rmSync(home, { recursive: true, force: true });
});

/** A file, and what it imports, by path. @throws Error where it imports a package. */
function reached(file: string): string[] {
  const paths = [...readFileSync(file, 'utf8').matchAll(/from '([^']+)'/g)].map(([, path]) => path);
  const outside = paths.filter((path) => !path.startsWith('.'));
  if (outside.length > 0) throw new Error(`${file} imports ${outside.join(', ')}`);
  return [file, ...paths.flatMap((path) => reached(join(dirname(file), path)))];
}

describe('wardstream-client, packed and installed in an empty folder', () => {
  it('takes less than 1 MB with all it needs, which is ws', () => {
    const entries = readdirSync(join(empty, 'node_modules'), { recursive: true, withFileTypes: true });
    const sizes = entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => statSync(join(parentPath, name)).size);
    expect(sizes.length).toBeGreaterThan(10);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1_000_000);
    const packages = readdirSync(join(empty, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(packages.sort()).toEqual(['wardstream-client', 'ws']);
  });

  it('has the version of the server, so that one says of which the other is', () => {
    const version = (file: string) => JSON.parse(readFileSync(file, 'utf8')).version;
    expect(version('packages/client/package.json')).toBe(version('package.json'));
  });

  it('imports no package in a browser', () => {
    const root = join(empty, 'node_modules/wardstream-client');
    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const files = new Set(reached(join(root, exports['.'].browser)));
    expect(files.size).toBe(5);
    expect(() => reached(join(root, exports['.'].default))).toThrow('ws');
  });

  it('prints alerts of a real server, and what people do about them, by the example', async () => {
    cpSync('examples/alerts.mjs', join(empty, 'alerts.mjs'));
    const example = spawn(process.execPath, ['alerts.mjs', ward.server.url, await tokenOf('service')], {
      cwd: empty,
    });
    let out = '';
    let err = '';
    example.stdout.on('data', (data) => {
      out += String(data);
    });
    example.stderr.on('data', (data) => {
      err += String(data);
    });
    await expect.poll(() => err, { timeout: 20_000 }).toContain('1 patients, 0 open alerts');
    const raised = alert('a1', 0, { bedId: '7' });
    const done = { ...raised, sequence: 1, state: 'ACKNOWLEDGED' as const, actor: 'dr.who' };
    await ward.write({ alerts: [raised, done, alert('low', 0, { priority: 'LOW' })] });
    await expect
      .poll(() => out)
      .toBe(
        '7 HIGH RAISED: Risk of death in hospital, 0.60 1, threshold 0.5\n' +
          '7 HIGH ACKNOWLEDGED by dr.who: Risk of death in hospital, 0.60 1, threshold 0.5\n',
      );
    const ended = once(example, 'exit');
    example.kill('SIGINT');
    expect((await ended)[0]).toBe(0);
  });

  it('has the types of the server without its packages', () => {
    const protocol = readFileSync('src/contract/protocol.ts', 'utf8');
    const names = [...protocol.matchAll(/^export type (\w+) = z\.infer/gm)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(20);
    const checks = names.map(
      (name) => `same<Server.${name}, Client.${name}>(); same<Client.${name}, Server.${name}>();`,
    );
    writeFileSync(
      join(empty, 'types.ts'),
      [
        `import type * as Server from '${resolve('src/contract/protocol.js')}';`,
        "import type * as Client from 'wardstream-client';",
        "import { connect } from 'wardstream-client';",
        'declare function same<One extends Two, Two>(): void;',
        ...checks,
        "connect({ url: 'http://127.0.0.1' }).on('record', ({ bedId }) => bedId?.length);",
        '// @ts-expect-error a client of another shape is none',
        'same<Client.PatientView, Client.Problem>();',
      ].join('\n'),
    );
    const flags = [
      '--noEmit',
      '--strict',
      '--target',
      'es2023',
      '--module',
      'nodenext',
      '--lib',
      'es2023,dom',
    ];
    const checked = spawnSync(resolve('node_modules/.bin/tsc'), [...flags, '--types', '', 'types.ts'], {
      cwd: empty,
      encoding: 'utf8',
    }).stdout;
    expect(checked).toBe('');
  });
});
