// Puts each schema of schemas/ as it is now into schemas/history, under its name and the fingerprint that messages carry: what is
// there stays for ever, so that messages written with it can be read whatever becomes of the schema.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fingerprintOf, parseSchema } from '../dist/events/avro.js';

mkdirSync('schemas/history', { recursive: true });
for (const file of readdirSync('schemas').filter((each) => each.endsWith('.avsc'))) {
  const text = readFileSync(`schemas/${file}`, 'utf8');
  const fingerprint = fingerprintOf(parseSchema(JSON.parse(text)));
  const kept = `schemas/history/${file.replace('.avsc', '')}-${fingerprint}.avsc`;
  if (existsSync(kept)) continue;
  writeFileSync(kept, text);
  process.stdout.write(`${kept}\n`);
}
