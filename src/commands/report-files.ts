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
  const files = [
    [report, text],
    [figuresFile(report), `${JSON.stringify(figures, null, 1)}\n`],
  ] as const;
  try {
    for (const [file, text] of files) writeFileSync(`${file}.part`, text);
    for (const [file] of files) renameSync(`${file}.part`, file);
  } catch (error) {
    for (const [file] of files) rmSync(`${file}.part`, { force: true, recursive: true });
    const what = `the report could not be written to ${report}: ${error instanceof Error ? error.message : String(error)}`;
    throw new WardstreamError('WS_REPORT', what, { cause: error });
  }
}

/** Said before the replay, not after it. */
export function checkPlace(report: string): void {
  const directory = dirname(resolve(report));
  if (!existsSync(directory)) {
    throw new WardstreamError('WS_USAGE', `--report ${report}: there is no folder ${directory}`);
  }
  if (!/\.html?$/i.test(report))
    throw new WardstreamError('WS_USAGE', `--report ${report}: its name must end in .html`);
  if (existsSync(report) && statSync(report).isDirectory()) {
    throw new WardstreamError('WS_USAGE', `--report ${report} is a folder`);
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
