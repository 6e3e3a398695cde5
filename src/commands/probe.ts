import { defaultWorkers } from '../cohort/threads.js';
import { loadConfig, parseConfig } from '../settings/config.js';
import { headlineOf } from '../study/probe/ladders.js';
import { renderProbe } from '../study/probe/report.js';
import { type Probe, probe } from '../study/probe/run.js';
import { probeTables } from '../study/probe/tables.js';
import { printResult, stopOnInterrupt, withModel } from './cli.js';
import { markedFile } from './marked-file.js';
import { StayProgress } from './progress.js';
import { checkPlace, provenance, writeReport } from './report-files.js';

export interface ProbeCommandOptions {
  readonly from: string;
  readonly stays: number;
  readonly mapping?: string;
  readonly model?: string;
  readonly report?: string;
  /** Markdown files whose marked part is written anew. */
  readonly into: readonly string[];
  readonly workers?: number;
  readonly config?: string;
  readonly json: boolean;
}

/** `wardstream probe`: whether a bad sign is seen, and a false one is not believed. */
export async function probeCommand(options: ProbeCommandOptions): Promise<void> {
  const { from, stays, mapping, report, json } = options;
  if (report !== undefined) checkPlace(report);
  // What cannot be written is said before the work, not after it.
  const documents = options.into.map((file) => markedFile(file, 'probe'));
  const config = options.config === undefined ? parseConfig({}) : loadConfig(options.config);
  const progress = new StayProgress();
  const stop = stopOnInterrupt('finishing with the stays that are over; Ctrl-C again ends at once');
  let found: Probe;
  try {
    found = await probe({
      config: withModel(config, options.model),
      from,
      mapping,
      stays,
      workers: options.workers ?? defaultWorkers(),
      onProgress: (what, done, total) => progress.update(what, done, total),
      signal: stop.signal,
    });
  } finally {
    progress.stop();
    stop.release();
  }
  if (report !== undefined) {
    const made = provenance(options);
    writeReport(report, renderProbe(found, made), { ...made, ...found });
  }
  // Documents tell of whole runs.
  if (!found.partial) for (const document of documents) document.write(probeTables(found));
  const place = report === undefined ? {} : { report };
  // People read what stands at the top of the report.
  const { model, stays: taken } = found;
  printResult({ ...(json ? found : { model, stays: taken, ...headlineOf(found) }), ...place }, json);
}
