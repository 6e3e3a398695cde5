import { basename } from 'node:path';
import { scoreCohort } from '../../cohort/scored-cohort.js';
import type { ObservedStay } from '../../cohort/stays.js';
import { ScoringThreads } from '../../cohort/threads.js';
import type { ModelOutput } from '../../contract/outcomes.js';
import { WardstreamError } from '../../errors.js';
import { loadModel } from '../../inference/model.js';
import { recalibrationHash } from '../../inference/recalibration.js';
import type { Config } from '../../settings/config.js';
import type { Label } from '../../sources/labels.js';
import { openSource } from '../../sources/open-source.js';
import { readOutcomes } from '../../sources/outcomes.js';
import { countTrainedOn } from '../training.js';
import { type RecalibratedOutput, type RecalibrateOptions, recalibrateOutputs } from './recalibrate.js';
import { isLabelled, type LabelledOutput, outputRows } from './rows.js';

export interface SiteOptions extends RecalibrateOptions {
  readonly config: Config;
  /** Where the history is, each `KIND:PLACE`. */
  readonly from: readonly string[];
  readonly mapping?: string | undefined;
  /** Who died; by default what belongs to each source. */
  readonly outcomes?: string | undefined;
  /** Only the first so many stays of each source. */
  readonly patients?: number | undefined;
  /** Where scores of a single source are kept between runs. */
  readonly scores?: string | undefined;
  readonly workers: number;
  /** By default all that the model gives and the sources can tell. */
  readonly outputs: readonly ModelOutput[];
  /** Of the cohort; by default what the places end in. */
  readonly name?: string | undefined;
  readonly onProgress?: ((what: string, done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What was found on the patients of a site. */
export interface SiteRecalibration {
  readonly model: string;
  readonly modelSha256: string;
  readonly cohort: string;
  /** The newest event of the history. */
  readonly until: string;
  readonly stays: number;
  /** Patients that the model was trained on: what it says of them is better than what it says of others. */
  readonly trainedOn: number;
  readonly seed: number;
  readonly resamples: number;
  readonly outputs: Partial<Record<ModelOutput, RecalibratedOutput>>;
  /** Outputs of the model that stay as they are, and why. */
  readonly leftOut: Partial<Record<ModelOutput, string>>;
}

interface Site {
  readonly stays: readonly ObservedStay[];
  /** What came about, of each output that a source tells of. */
  readonly labels: ReadonlyMap<LabelledOutput, ReadonlyMap<ObservedStay, Label>>;
  readonly trainedOn: number;
}

/** Which output foretells what a source labels; sources also label other things. */
const OUTPUT_OF: Readonly<Record<string, LabelledOutput>> = {
  'death in hospital': 'mortality',
  sepsis: 'sepsis',
};
const UNTOLD: Readonly<Record<LabelledOutput, string>> = {
  mortality: 'no source tells who died',
  sepsis: 'no source tells who had sepsis, and when',
};

/**
 * Scores the history of a site and fits a recalibration of the model to it.
 * @throws WardstreamError of source and model, `WS_USAGE` where what is asked cannot be, `WS_SOURCE` where there are too few events.
 */
export async function recalibrateSite(options: SiteOptions): Promise<SiteRecalibration> {
  const { from, seed, resamples } = options;
  // The model as it is: a recalibration of a recalibration would hide what the model does.
  const config = { ...options.config, model: { ...options.config.model, recalibration: undefined } };
  const { config: model } = loadModel(config.model.version, config.model.directory);
  const wanted = wantedOutputs(options.outputs, model);
  const cohort = options.name ?? nameOf(from);
  const { stays, labels, trainedOn } = await siteOf({ ...options, config }, wanted.some(isLabelled));
  const asked = wanted.flatMap((output) => {
    const told = isLabelled(output) ? labels.get(output) : undefined;
    const rows = outputRows(output, stays, told === undefined ? null : (stay) => told.get(stay));
    return rows === null ? [] : { output, rows };
  });
  const untold = wanted.filter(isLabelled).find((output) => !labels.has(output));
  if (untold !== undefined && options.outputs.length > 0) {
    const remedy = untold === 'mortality' ? '; name a file with --outcomes' : '';
    throw new WardstreamError('WS_SOURCE', `${untold}: ${UNTOLD[untold]}${remedy}`);
  }
  const outputs = recalibrateOutputs(asked, stays, options);
  return {
    model: model.version,
    modelSha256: model.sha256,
    cohort,
    until: new Date(stays.reduce((newest, { endAt }) => Math.max(newest, endAt), 0)).toISOString(),
    stays: stays.length,
    trainedOn,
    seed,
    resamples,
    outputs,
    leftOut: Object.fromEntries(
      model.outputs
        .filter((output) => outputs[output] === undefined)
        .map((output) => {
          const isUntold = isLabelled(output) && wanted.includes(output);
          return [output, isUntold ? UNTOLD[output] : 'not asked for'];
        }),
    ),
  };
}

/** The file that `model.recalibration` names. */
export function recalibrationFile(found: SiteRecalibration): string {
  const { outputs, leftOut: _, model, modelSha256, cohort, ...rest } = found;
  const entries = Object.entries(outputs);
  const contents = {
    format: 1,
    ...{ model, modelSha256, cohort },
    outputs: Object.fromEntries(entries.map(([output, { curve }]) => [output, curve])),
    ...rest,
    measured: Object.fromEntries(entries.map(([output, { curve: _, ...figures }]) => [output, figures])),
  };
  // NaN is null in the file, and has to be in the hash.
  const plain = JSON.parse(JSON.stringify(contents)) as object;
  return `${JSON.stringify({ ...plain, sha256: recalibrationHash(plain) }, null, 1)}\n`;
}

function wantedOutputs(
  asked: readonly ModelOutput[],
  { version, outputs }: { readonly version: string; readonly outputs: readonly ModelOutput[] },
): readonly ModelOutput[] {
  const missing = asked.filter((output) => !outputs.includes(output));
  if (missing.length > 0) {
    const what = `--output ${missing.join(', ')}: model ${version} gives only ${outputs.join(', ')}`;
    throw new WardstreamError('WS_USAGE', what);
  }
  return asked.length === 0 ? outputs : outputs.filter((output) => asked.includes(output));
}

/** What the places of the sources end in, in letters that a version can have. */
function nameOf(from: readonly string[]): string {
  const places = from.map((source) => basename(source.slice(source.indexOf(':') + 1)));
  return (
    places.map((place) => place.replace(/[^0-9A-Za-z.]+/g, '-').replace(/^-+|-+$/g, '')).join('-') || 'site'
  );
}

/** All stays of the sources with a score. @throws WardstreamError `WS_USAGE` where scoring was interrupted. */
async function siteOf(options: SiteOptions, asksLabels: boolean): Promise<Site> {
  const { config, from, mapping, patients, outcomes, scores: file, signal, onProgress } = options;
  const given = outcomes === undefined || !asksLabels ? null : readOutcomes(outcomes);
  const threads = new ScoringThreads(options.workers);
  const stays: ObservedStay[] = [];
  const labels = new Map<LabelledOutput, Map<ObservedStay, Label>>();
  let trainedOn = 0;
  try {
    for (const source of from) {
      const job = { from: source, patients, mapping, config };
      const scored = await scoreCohort({
        job,
        threads,
        file,
        onProgress: (done, total) => onProgress?.('scoring', done, total),
        signal,
      });
      if (scored.result.partial === true)
        throw new WardstreamError(
          'WS_SOURCE',
          'interrupted before every stay was scored: nothing is written',
        );
      const told = asksLabels && given === null ? await labelsOf(job) : deathsOf(given);
      if (told !== null && !labels.has(told.output)) labels.set(told.output, new Map());
      // Ids are the Challenge's own there; elsewhere like numbers name other patients.
      if (source.startsWith('physionet2012:'))
        trainedOn += countTrainedOn(scored.stays.map(({ patientId }) => patientId));
      for (const stay of scored.stays) {
        if (stay.times.length === 0) continue;
        stays.push(stay);
        const label = told?.byPatient.get(stay.patientId);
        if (told !== null && label !== undefined) labels.get(told.output)?.set(stay, label);
      }
    }
  } finally {
    await threads.close();
  }
  return { stays, labels, trainedOn };
}

interface ToldLabels {
  readonly output: LabelledOutput;
  readonly byPatient: ReadonlyMap<string, Label>;
}

function deathsOf(given: ReadonlyMap<string, Label> | null): ToldLabels | null {
  return given === null ? null : { output: 'mortality', byPatient: given };
}

/** What came about, as a source tells it; null where it tells nothing that an output foretells. */
async function labelsOf({
  from,
  patients,
  mapping,
  config,
}: {
  readonly from: string;
  readonly patients: number | undefined;
  readonly mapping: string | undefined;
  readonly config: Config;
}): Promise<ToldLabels | null> {
  const labels = (await openSource(from, patients, mapping, undefined, config).labels?.()) ?? null;
  const output = labels === null ? undefined : OUTPUT_OF[labels.outcome];
  return labels === null || output === undefined ? null : { output, byPatient: labels.byPatient };
}
