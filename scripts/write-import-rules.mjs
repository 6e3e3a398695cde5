// Writes biome.imports.json: a folder of src imports its own files and those of folders further down in this list, types included.
import { writeFileSync } from 'node:fs';

/** From the top of the house to its ground; CONTRIBUTING.md says what is in each room. */
export const ROOMS = [
  'commands',
  'app',
  'server',
  'notify',
  'study',
  'training',
  'cohort',
  'ward',
  'replay',
  'doors',
  'sources',
  'store',
  'metrics',
  'engine',
  'inference',
  'encoders',
  'features',
  'alerts',
  'align',
  'bus',
  'simulate',
  'threads',
  'settings',
  'events',
  'client',
  'contract',
  'notes',
  'clinical',
];

export function importRules() {
  const overrides = ROOMS.slice(1).map((room, index) => {
    const above = ROOMS.slice(0, index + 1);
    const group = [above.length === 1 ? `**/${above[0]}/**` : `**/{${above.join(',')}}/**`];
    const message = `Imports go one way (CONTRIBUTING.md, the map): ${room} stands below this folder.`;
    const options = { patterns: [{ group, message }] };
    const style = { noRestrictedImports: { level: 'error', options } };
    return { includes: [`src/${room}/**`], linter: { rules: { style } } };
  });
  const $schema = './node_modules/@biomejs/biome/configuration_schema.json';
  return { $schema, overrides };
}

if (process.argv[1]?.endsWith('write-import-rules.mjs')) {
  writeFileSync('biome.imports.json', `${JSON.stringify(importRules(), null, 2)}\n`);
}
