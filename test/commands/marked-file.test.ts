import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { markedFile } from '../../src/commands/marked-file.js';
import { temporaryDirectory } from '../helpers.js';

function fileWith(text: string): string {
  const file = join(temporaryDirectory(), 'page.md');
  writeFileSync(file, text);
  return file;
}

it('writes between the marks, again too, and nowhere else', () => {
  const file = fileWith('# A page\n\n<!-- probe -->\nold\n<!-- /probe -->\n\nThe end.\n');
  markedFile(file, 'probe').write('new\n');
  const written = '# A page\n\n<!-- probe -->\n\nnew\n\n<!-- /probe -->\n\nThe end.\n';
  expect(readFileSync(file, 'utf8')).toBe(written);
  markedFile(file, 'probe').write('new');
  expect(readFileSync(file, 'utf8')).toBe(written);
});

it('takes marks for marks only where they stand alone', () => {
  const said = 'Between `<!-- probe -->` and `<!-- /probe -->` it is written.\n';
  const file = fileWith(`${said}<!-- probe -->\n<!-- /probe -->\n`);
  markedFile(file, 'probe').write('new');
  expect(readFileSync(file, 'utf8')).toBe(`${said}<!-- probe -->\n\nnew\n\n<!-- /probe -->\n`);
});

it.each([
  ['without marks', '# A page\n'],
  ['with the marks the wrong way round', '<!-- /probe -->\n<!-- probe -->\n'],
])('refuses a file %s, and leaves it', (_, text) => {
  const file = fileWith(text);
  expect(() => markedFile(file, 'probe')).toThrow('it needs a line <!-- probe -->');
  expect(readFileSync(file, 'utf8')).toBe(text);
});

it('refuses a file that is not there', () => {
  expect(() => markedFile(join(temporaryDirectory(), 'none.md'), 'probe')).toThrow('cannot be read');
});
