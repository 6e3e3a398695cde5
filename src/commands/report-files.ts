import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { WALL_CLOCK } from '../clock.js';
import { WardstreamError } from '../errors.js';
import { shellWord } from '../study/report/cases.js';
import type { Provenance } from '../study/report/report.js';

/** Where the figures stand beside a report. */
export function figuresFile(report: string): string {
  return `${report.replace(/\.html?$/i, '')}.json`;
}

/** Writes both files, each whole or not at all: a full disk leaves the previous report as it was. */
export function writeReport(report: string, text: string, figures: object): void {
  writeWhole('the report', [
    [report, text],
    [figuresFile(report), `${JSON.stringify(figures, null, 1)}\n`],
  ]);
}

/** Writes files, each whole or not at all. @throws WardstreamError `WS_REPORT` naming `what` and the first of them. */
export function writeWhole(what: string, files: readonly (readonly [file: string, text: string])[]): void {
  try {
    for (const [file, text] of files) writeFileSync(`${file}.part`, text);
    for (const [file] of files) renameSync(`${file}.part`, file);
  } catch (error) {
    for (const [file] of files) rmSync(`${file}.part`, { force: true, recursive: true });
    const why = error instanceof Error ? error.message : String(error);
    const detail = `${what} could not be written to ${files[0][0]}: ${why}`;
    throw new WardstreamError('WS_REPORT', detail, { cause: error });
  }
}

/** What a file's name may end in. */
const ENDINGS = { '.html': /\.html?$/i, '.yaml': /\.ya?ml$/i } as const;

/** Said before the replay, not after it. */
export function checkPlace(file: string, option = '--report', ending: keyof typeof ENDINGS = '.html'): void {
  const directory = dirname(resolve(file));
  if (!existsSync(directory)) {
    throw new WardstreamError('WS_USAGE', `${option} ${file}: there is no folder ${directory}`);
  }
  if (!ENDINGS[ending].test(file))
    throw new WardstreamError('WS_USAGE', `${option} ${file}: its name must end in ${ending}`);
  if (existsSync(file) && statSync(file).isDirectory()) {
    throw new WardstreamError('WS_USAGE', `${option} ${file} is a folder`);
  }
}

/** What is asked of a source on the command line, as far as a report says it again. */
export interface Asked {
  readonly from: string;
  readonly mapping?: string | undefined;
  readonly config?: string | undefined;
  readonly model?: string | undefined;
}

/** How a report came about. */
export function provenance({ from, mapping, config, model }: Asked): Provenance {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const option = (name: string, value: string | undefined) => (value === undefined ? [] : [name, value]);
  const watch = [
    ...['replay', '--from', from],
    ...option('--mapping', mapping),
    ...option('--config', config),
    ...option('--model', model),
    ...['--serve', '8080'],
  ];
  const typed = (words: readonly string[]) => ['wardstream', ...words.map(shellWord)].join(' ');
  return {
    command: typed(process.argv.slice(2)),
    watch: typed(watch),
    version: (JSON.parse(manifest) as { version: string }).version,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    madeAt: new Date(WALL_CLOCK.now()).toISOString(),
  };
}
