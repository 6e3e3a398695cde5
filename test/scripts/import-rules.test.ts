import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const { ROOMS, importRules } = (await import(
  new URL('../../scripts/write-import-rules.mjs', import.meta.url).href
)) as { readonly ROOMS: readonly string[]; importRules(): { readonly overrides: unknown[] } };

/** What the linter says of a file of src with this content; the file is there only while it is asked. */
function lint(file: string, content: string): string {
  const path = `src/${file}`;
  writeFileSync(path, content);
  try {
    const { stdout, stderr } = spawnSync('npx', ['biome', 'lint', path], { encoding: 'utf8' });
    return stdout + stderr;
  } finally {
    rmSync(path);
  }
}

describe('the order of imports', () => {
  it('names every folder of src, and the rules are those that are written', () => {
    const folders = readdirSync('src', { withFileTypes: true }).filter((each) => each.isDirectory());
    expect([...ROOMS].sort()).toEqual(folders.map(({ name }) => name).sort());
    const written = JSON.parse(readFileSync('biome.imports.json', 'utf8')) as { overrides: unknown[] };
    expect(written.overrides).toEqual(importRules().overrides);
  });

  it('refuses a circle, also one of types', () => {
    const upwards = "import type { WardView } from '../ward/ward-view.js';\nexport type Circle = WardView;\n";
    expect(lint('clinical/circle.ts', upwards)).toContain('clinical stands below this folder');
    const down =
      "import { VARIABLES } from '../clinical/variables.js';\nexport const COUNT = VARIABLES.length;\n";
    expect(lint('ward/straight.ts', down)).not.toContain('stands below');
  });
});
