#!/usr/bin/env node
// npm run -s bench -- [NAME] [--json]: runs one figure, or all; with --json one JSON object a figure, the last line of each.
import { readdirSync } from 'node:fs';

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.mjs') && file !== 'run.mjs')
  .map((file) => file.replace('.mjs', ''));
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const isJson = process.argv.includes('--json');
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`no figure ${unknown.join(', ')}; there are: ${names.join(', ')}\n`);
  process.exit(2);
}
for (const name of wanted.length > 0 ? wanted : names) {
  const { measure } = await import(`./${name}.mjs`);
  const result = await measure();
  if (isJson) console.log(JSON.stringify(result));
  else console.log(name, result);
}
