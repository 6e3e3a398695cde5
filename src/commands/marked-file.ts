import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { WardstreamError } from '../errors.js';

/** A Markdown file with a part that a command writes. */
export interface MarkedFile {
  /** Puts text in place of what stands between the marks. */
  readonly write: (text: string) => void;
}

/**
 * A file that has the marks `<!-- NAME -->` and `<!-- /NAME -->`, each on a line of its own.
 * @throws WardstreamError `WS_USAGE` where there is none, or it has not both marks.
 */
export function markedFile(file: string, name: string): MarkedFile {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  let before: string;
  try {
    before = readFileSync(file, 'utf8');
  } catch (error) {
    throw new WardstreamError('WS_USAGE', `--into ${file}: it cannot be read`, { cause: error });
  }
  const lines = before.split('\n');
  const from = lines.indexOf(begin);
  const to = lines.indexOf(end, from);
  if (from < 0 || to < 0) {
    throw new WardstreamError(
      'WS_USAGE',
      `--into ${file}: it needs a line ${begin} and, below it, a line ${end}`,
    );
  }
  return {
    write: (text) => {
      const written = [...lines.slice(0, from + 1), '', text.trim(), '', ...lines.slice(to)].join('\n');
      writeFileSync(`${file}.part`, written);
      renameSync(`${file}.part`, file);
    },
  };
}
