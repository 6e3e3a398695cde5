import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Packs a folder with a package.json, and installs it into an empty folder, as who gets it from the registry does.
 * @param home a folder for both. @param flags of npm install.
 * @returns the folder that has node_modules.
 */
export async function installPacked(
  folder: string,
  home: string,
  flags: readonly string[] = [],
): Promise<string> {
  const { stdout } = await run('npm', [
    'pack',
    '--ignore-scripts',
    '--json',
    '--pack-destination',
    home,
    folder,
  ]);
  const packed = JSON.parse(stdout) as Record<string, { filename: string }> | { filename: string }[];
  const [{ filename }] = Object.values(packed);
  const empty = join(home, 'empty');
  mkdirSync(empty);
  writeFileSync(join(empty, 'package.json'), '{ "type": "module" }\n');
  await run('npm', ['install', '--prefer-offline', ...flags, join(home, basename(filename))], { cwd: empty });
  return empty;
}
