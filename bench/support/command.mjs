// Runs the built command line and gives the JSON of its last line.
import { execFileSync } from 'node:child_process';

export const SET_A = process.env.WARDSTREAM_SET_A ?? '../shared/data/physionet2012/set-a';

export function wardstream(...words) {
  const output = execFileSync('node', ['dist/main.js', ...words, '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return JSON.parse(output.trim().split('\n').at(-1));
}
