// node scripts/image-size.mjs: the size of the Docker image without Docker. Carries out the Dockerfile's build stage in an empty folder, of
// the last commit and with this machine's Node, and sums what the last stage copies from it. The base image comes on top.
import { execFileSync, spawnSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

const MB = 1_000_000;
const home = mkdtempSync(join(tmpdir(), 'wardstream-image-'));
const [source, app] = [join(home, 'source'), join(home, 'app')];
const lines = readFileSync('Dockerfile', 'utf8')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n');
const last = lines.findLastIndex((line) => line.startsWith('FROM '));

try {
  execFileSync('sh', ['-c', `mkdir ${source} ${app} && git archive HEAD | tar -x -C ${source}`]);
  for (const line of readFileSync('.dockerignore', 'utf8').split('\n')) {
    if (/^[\w-]/.test(line)) rmSync(join(source, line), { recursive: true, force: true });
  }
  for (const line of lines.slice(0, last)) {
    const [word, ...rest] = line.split(/\s+/);
    if (word === 'COPY') sh(source, `cp -R ${rest.slice(0, -1).join(' ')} ${resolve(app, rest.at(-1))}`);
    if (word === 'RUN') sh(app, line.slice('RUN '.length));
  }
  let sum = 0;
  for (const line of lines.slice(last)) {
    const [word, from, ...paths] = line.split(/\s+/);
    if (word !== 'COPY' || from !== '--from=build') continue;
    for (const path of paths.slice(0, -1)) {
      const bytes = sizeOf(join(app, path.replace('/app/', '')));
      sum += bytes;
      console.log(`${basename(path).padEnd(16)} ${(bytes / MB).toFixed(1)} MB`);
    }
  }
  console.log(`in all           ${(sum / MB).toFixed(1)} MB, beside ${lines[last].split(' ')[1]}`);
} finally {
  rmSync(home, { recursive: true, force: true });
}

function sh(cwd, command) {
  const { status, stderr } = spawnSync('sh', ['-c', command], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}\n${stderr}`);
}

function sizeOf(path) {
  const stats = lstatSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
