import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const FORK = 'src/bus/kafkajs';
const PUBLISHED = dirname(createRequire(import.meta.url).resolve('kafkajs/package.json'));
/** Files of ours, and files of the package that nothing loads. */
const OURS = ['README.md', 'index.d.ts', 'package.json'];
const LEFT_OUT = ['CHANGELOG.md', 'CONTRIBUTING.md', 'README.md', 'package.json'];

function filesIn(directory: string): Map<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((each) =>
    each.isFile(),
  );
  return new Map(
    files.map(({ parentPath, name }) => {
      const file = join(parentPath, name);
      return [file.slice(directory.length + 1), readFileSync(file, 'utf8')];
    }),
  );
}

it('is kafkajs 2.2.4 as published, but for what README.md says', () => {
  const [fork, published] = [filesIn(FORK), filesIn(PUBLISHED)];
  const [of, version] = [fork, published].map(
    (files) => JSON.parse(files.get('package.json') as string).version,
  );
  expect([of, version]).toEqual(['2.2.4', '2.2.4']);
  for (const file of OURS) fork.delete(file);
  for (const file of LEFT_OUT) published.delete(file);
  const names = new Set([...fork.keys(), ...published.keys()]);
  const changed = [...names].filter((name) => fork.get(name) !== published.get(name));
  expect(changed).toEqual([]);
});
