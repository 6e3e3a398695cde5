// node scripts/measure-installs.mjs: packs the server and the client, installs them into empty folders as users do, runs each, and says what
// it took. Fails where one does not install or does not run. Needs a build, and the npm registry or npm's cache of it.
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SKIP = '--onnxruntime-node-install=skip';
const REPLAY = ['node_modules/.bin/wardstream', 'replay', '--from', 'simulate:beds=1,hours=1', '--json'];
const IMPORT =
  "import('wardstream-client').then(({ connect }) => process.exit(typeof connect === 'function' ? 0 : 1))";
const INSTALLS = [
  { name: 'wardstream', folder: '.', flags: [SKIP], proof: [...REPLAY, '--store', 'store'] },
  { name: 'wardstream --omit=optional', folder: '.', flags: [SKIP, '--omit=optional'], proof: REPLAY },
  { name: 'wardstream-client', folder: './packages/client', flags: [], proof: ['-e', IMPORT] },
];

const home = mkdtempSync(join(tmpdir(), 'wardstream-installs-'));
try {
  for (const [index, { name, folder, flags, proof }] of INSTALLS.entries()) {
    const [packed, empty] = [join(home, `packed-${index}`), join(home, `empty-${index}`)];
    for (const each of [packed, empty]) mkdirSync(each);
    run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', packed, folder]);
    const began = performance.now();
    const [tarball] = readdirSync(packed);
    run('npm', ['install', '--prefix', empty, '--prefer-offline', ...flags, join(packed, tarball)]);
    const seconds = (performance.now() - began) / 1000;
    const bytes = sizeOf(join(empty, 'node_modules'));
    run(process.execPath, proof, empty);
    console.log(
      `${name.padEnd(28)} ${(bytes / 1e6).toFixed(2).padStart(8)} MB ${seconds.toFixed(1).padStart(6)} s`,
    );
    rmSync(empty, { recursive: true });
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}

function run(command, args, cwd) {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], ...(cwd === undefined ? {} : { cwd }) });
}

function sizeOf(path) {
  const stats = lstatSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
