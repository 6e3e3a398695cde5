#!/usr/bin/env node
// npm run -s bench -- [NAME] [--json] [--minutes N]: runs one figure, or all; with --json one JSON object a figure, the last line
// of each. `--minutes` is how long `soak` takes.
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.mjs') && file !== 'run.mjs')
  .map((file) => file.replace('.mjs', ''));
const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, minutes: { type: 'string' } },
});
const minutes = options.minutes === undefined ? undefined : Number(options.minutes);
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`no figure ${unknown.join(', ')}; there are: ${names.join(', ')}\n`);
  process.exit(2);
}
for (const name of wanted.length > 0 ? wanted : names) {
  const { measure } = await import(`./${name}.mjs`);
  const result = await measure({ minutes });
  if (options.json) console.log(JSON.stringify(result));
  else console.log(name, result);
}
