import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { WALL_CLOCK } from '../clock.js';
import { defaultWorkers } from '../cohort/threads.js';
import { WardstreamError } from '../errors.js';
import { loadConfig, parseConfig } from '../settings/config.js';
import { headline } from '../study/headline.js';
import { shellWord } from '../study/report/cases.js';
import { type Provenance, renderReport } from '../study/report/report.js';
import { type Validation, validate } from '../study/run.js';
import { printResult, stopOnInterrupt, withModel } from './cli.js';
import { readPolicy } from './policy-file.js';
import { StayProgress } from './progress.js';

export interface ValidateCommandOptions {
  readonly from: string;
  readonly outcomes?: string;
  readonly patients?: number;
  readonly mapping?: string;
  readonly report?: string;
  readonly seed: number;
  readonly resamples: number;
  readonly workers?: number;
  readonly scores?: string;
  readonly model?: string;
  readonly against?: string;
  readonly policy?: readonly string[];
  readonly sensitivity: number;
  readonly config?: string;
  readonly json: boolean;
}

/** `wardstream validate`: what the model would have caught in history, as a report, as JSON and on stdout. */
export async function validateCommand(options: ValidateCommandOptions): Promise<void> {
  const { from, outcomes, patients, mapping, report, seed, resamples, scores, against, json } = options;
  if (report !== undefined) checkPlace(report);
  const progress = new StayProgress();
  const stop = stopOnInterrupt('finishing with the stays that are over; Ctrl-C again ends at once');
  let validation: Validation;
  try {
    validation = await validate({
      config: withModel(
        options.config === undefined ? parseConfig({}) : loadConfig(options.config),
        options.model,
      ),
      from,
      outcomes,
      patients,
      mapping,
      seed,
      resamples,
      scores,
      against,
      workers: options.workers ?? defaultWorkers(),
      policies: (options.policy ?? []).map(readPolicy),
      sensitivity: report === undefined ? 0 : options.sensitivity,
      onProgress: (what, done, total) => progress.update(what, done, total),
      signal: stop.signal,
    });
  } finally {
    progress.stop();
    stop.release();
  }
  if (report !== undefined) writeReport(report, validation, provenance(options));
  printResult({ ...headline(validation), ...(report === undefined ? {} : { report }) }, json);
}

/** Where the figures stand beside a report. */
export function figuresFile(report: string): string {
  return `${report.replace(/\.html?$/i, '')}.json`;
}

/** Writes both files, each whole or not at all: a full disk leaves the previous report as it was. */
function writeReport(report: string, validation: Validation, made: Provenance): void {
  const files = [
    [report, renderReport(validation, made)],
    [
      figuresFile(report),
      `${JSON.stringify({ ...made, ...headline(validation), ...validation }, null, 1)}\n`,
    ],
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
function checkPlace(report: string): void {
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

function provenance({ from, mapping, config, model }: ValidateCommandOptions): Provenance {
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
