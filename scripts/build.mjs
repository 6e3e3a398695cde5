// npm run build: src becomes dist, and the client's package and the ward page get theirs. The binaries of the compilers are optional
// packages, each of one platform, so a small install (`npm ci --omit=optional`) leaves them out. Then the compilers are installed beside
// the project, and types are not checked, since those of the packages that were left out are missing as well.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const BESIDE = resolve('tmp/compilers');

if (!existsSync('node_modules/typescript')) {
  const isBuilt = existsSync('dist/main.js');
  console.error(
    `the packages of development are not installed, so nothing is built${isBuilt ? '; dist stays' : ': npm ci, then npm run build'}`,
  );
  process.exit(isBuilt ? 0 : 1);
}
const isWhole = spawnSync(binary('.', 'tsc'), ['--version']).status === 0;
if (!isWhole) {
  const wanted = ['typescript', 'vite'].map((name) => `${name}@${versionOf(name)}`);
  run(
    'npm',
    'install',
    '--prefix',
    BESIDE,
    '--include=optional',
    '--no-audit',
    '--no-fund',
    '--silent',
    ...wanted,
  );
}
const home = isWhole ? '.' : BESIDE;

run(binary(home, 'tsc'), '-p', 'tsconfig.build.json', ...(isWhole ? [] : ['--noCheck']));
// tsc copies no SQL. Migrations that are no more must not stay.
rmSync('dist/store/migrations', { recursive: true, force: true });
cpSync('src/store/migrations', 'dist/store/migrations', { recursive: true });
// Nor files that are JavaScript already.
rmSync('dist/bus/kafkajs', { recursive: true, force: true });
cpSync('src/bus/kafkajs', 'dist/bus/kafkajs', { recursive: true });
run(process.execPath, 'scripts/build-client.mjs');
run(binary(home, 'vite'), 'build', 'dashboards/ward', '--logLevel', 'warn');

function binary(at, name) {
  return join(at, 'node_modules', '.bin', name);
}

function versionOf(name) {
  return JSON.parse(readFileSync(join('node_modules', name, 'package.json'), 'utf8')).version;
}

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
