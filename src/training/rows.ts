import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Aligner, type AlignmentSink } from '../align/aligner.js';
import type { PatientState } from '../align/patient.js';
import { hash32 } from '../align/results.js';
import type { StepGrid } from '../align/timeline.js';
import { EXTREMES } from '../clinical/extremes.js';
import { MONOTONE } from '../clinical/monotone.js';
import { VARIABLES } from '../clinical/variables.js';
import { HOUR_MS } from '../durations.js';
import { WardstreamError } from '../errors.js';
import { type ClinicalEvent, compareEvents } from '../events/event.js';
import { DERIVED_SCALING } from '../features/derived.js';
import { FeatureEncoder } from '../features/encoder.js';
import { EXTENDED_SCALING } from '../features/extended.js';
import type { Labels } from '../sources/labels.js';
import { OnsetCollector } from './onset-labels.js';
import { ScalingFit } from './scaling.js';
import { SCORE_NAMES, writeScores } from './scores.js';
import { type Suspect, suspects } from './suspects.js';
import { ValueSample } from './values.js';

const NOTHING = (): void => undefined;
/** A moment so close before the end of its step is that step's row already. */
const NEAR_END_MS = 60_000;
/** Columns of at.f32: place of the stay, hours since admission, and 1 for a moment at which values arrived, 0 for the end of a step. */
const AT_NAMES = ['stay', 'hours', 'isMoment'] as const;
const ROWS_A_WRITE = 1024;

/** Chunks of clinical events in event-time order; called once for the scaling and once for the rows. */
export type EventPass = () => AsyncIterable<readonly ClinicalEvent[]>;

/** One source of a joined cohort. */
export interface RowSource {
  readonly name: string;
  readonly pass: EventPass;
  readonly labels: () => Promise<Labels | null>;
}

export interface RowOptions {
  /** Share of the moments at which values arrive that become rows, beside every end of a step. */
  readonly moments: number;
  /** Stays that are the same, of any two sources. */
  readonly links: readonly (readonly [string, string])[];
}

/**
 * Writes several sources as one cohort for training, each stay as long as it lasts: `rows.f32` (little-endian float32, shape
 * [rows, features], by one scaling for all sources), `at.f32` (shape [rows, 3], see `AT_NAMES`), `row-scores.f32` (bedside scores, shape
 * [rows, scores]) and `rows.json` (names, encoder, stays with their labels, values by source). Rows hold only what was known by their time.
 * @throws WardstreamError `WS_SOURCE` where an id is in two sources.
 */
export async function exportRows(
  sources: readonly RowSource[],
  grid: StepGrid,
  directory: string,
  { moments, links }: RowOptions,
): Promise<{ stays: number; rows: number; suspects: readonly Suspect[] }> {
  const fit = new ScalingFit();
  const samples: ValueSample[] = [];
  for (const { pass } of sources) {
    const sample = new ValueSample();
    samples.push(sample);
    for await (const events of pass()) {
      for (const { variables, values, verdicts } of events) {
        if (variables === null) continue;
        for (let index = 0; index < variables.length; index++) {
          if (!verdicts?.[index]) fit.add(variables[index], values[index]);
          sample.add(variables[index], values[index]);
        }
      }
    }
  }
  const encoderConfig = { ...fit.config(), derived: true, extended: true };
  const writer = new RowWriter(directory, new FeatureEncoder(encoderConfig), moments);
  const groups = new Groups(links);
  const stays: object[] = [];
  for (let source = 0; source < sources.length; source++) {
    const { name, pass, labels } = sources[source];
    const onsets = new OnsetCollector();
    const aligner = new Aligner({ ...grid, minScoreIntervalMs: 0, dedupeWindow: 1024 }, writer.sink);
    const before = writer.ids.length;
    for await (const events of pass()) {
      for (const event of events) onsets.add(event);
      aligner.apply([...events].sort(compareEvents));
    }
    const outcomes = await labels();
    for (const id of writer.ids.slice(before)) {
      const label = outcomes?.byPatient.get(id);
      const onsetHours = label?.onsetMs == null ? null : label.onsetMs / HOUR_MS;
      const outcome =
        label === undefined ? null : { of: outcomes?.outcome, happened: label.happened, onsetHours };
      stays.push({ id, source: name, group: groups.of(id), outcome, ...onsets.labels(id) });
    }
  }
  const rows = writer.close();
  const found = sources.flatMap(({ name }, index) => suspects(name, samples[index]));
  const { featureNames, size } = writer.encoder;
  const description = {
    version: 1,
    rows,
    features: size,
    featureNames,
    scoreNames: SCORE_NAMES,
    atNames: AT_NAMES,
    encoder: encoderConfig,
    derived: [...DERIVED_SCALING, ...EXTENDED_SCALING],
    monotone: MONOTONE,
    extremes: EXTREMES,
    kinds: Object.fromEntries(VARIABLES.map(({ id, kind }) => [id, kind])),
    values: Object.fromEntries(sources.map(({ name }, index) => [name, samples[index].summaries()])),
    suspects: found,
    stays,
  };
  writeFileSync(join(directory, 'rows.json'), JSON.stringify(description));
  return { stays: stays.length, rows, suspects: found };
}

/** Writes rows as they come. */
class RowWriter {
  readonly encoder: FeatureEncoder;
  /** Of stays, in the order of their admission. */
  readonly ids: string[] = [];
  readonly sink: AlignmentSink;
  readonly #moments: number;
  readonly #files: readonly { readonly file: number; readonly size: number; readonly buffer: Float32Array }[];
  readonly #places = new Map<PatientState, number>();
  readonly #known = new Set<string>();
  #rows = 0;

  constructor(directory: string, encoder: FeatureEncoder, moments: number) {
    this.encoder = encoder;
    this.#moments = moments;
    const open = (name: string, size: number) => ({
      file: openSync(join(directory, name), 'w'),
      size,
      buffer: new Float32Array(ROWS_A_WRITE * size),
    });
    const sizes = [encoder.size, AT_NAMES.length, SCORE_NAMES.length];
    this.#files = ['rows.f32', 'at.f32', 'row-scores.f32'].map((name, index) => open(name, sizes[index]));
    this.sink = {
      admitted: (patient) => this.#admit(patient),
      // A step revised by late data keeps the row it had: it is of what was known then.
      stepClosed: (patient, step) => {
        if (step === patient.timeline.openStep) this.#write(patient, patient.timeline.endOf(step), 0);
      },
      scoreDue: (patient, time) => {
        if (this.#isDrawn(patient, time)) this.#write(patient, time, 1);
      },
      discharged: (patient) => this.#places.delete(patient),
      acknowledged: NOTHING,
      measured: NOTHING,
      judged: NOTHING,
      updated: NOTHING,
      // What follows a discharge that is taken back is left out: its rows are written already.
      reopened: NOTHING,
      released: NOTHING,
      rejected: NOTHING,
    };
  }

  close(): number {
    this.#flush(this.#rows % ROWS_A_WRITE);
    for (const { file } of this.#files) closeSync(file);
    return this.#rows;
  }

  #admit(patient: PatientState): void {
    const { patientId } = patient;
    if (this.#known.has(patientId)) {
      throw new WardstreamError('WS_SOURCE', `stay ${patientId} is there twice; an id must be of one stay`);
    }
    this.#known.add(patientId);
    this.#places.set(patient, this.ids.length);
    this.ids.push(patientId);
  }

  /** The same moments every time: by patient and time since admission. */
  #isDrawn({ patientId, timeline }: PatientState, time: number): boolean {
    if (timeline.endOf(timeline.openStep) - time <= NEAR_END_MS) return false;
    return hash32(`${patientId}@${time - timeline.origin}`) / 2 ** 32 < this.#moments;
  }

  #write(patient: PatientState, asOf: number, isMoment: number): void {
    const place = this.#places.get(patient);
    if (place === undefined) return;
    const { timeline } = patient;
    const row = this.#rows % ROWS_A_WRITE;
    const [features, at, scores] = this.#files;
    const step = timeline.openStep;
    this.encoder.encode(patient, step, asOf, timeline.summary, features.buffer, row * features.size);
    at.buffer.set([place, (asOf - timeline.origin) / HOUR_MS, isMoment], row * at.size);
    writeScores(timeline, asOf, scores.buffer, row * scores.size);
    this.#rows++;
    if (row === ROWS_A_WRITE - 1) this.#flush(ROWS_A_WRITE);
  }

  #flush(rows: number): void {
    for (const { file, size, buffer } of this.#files) {
      writeSync(file, new Uint8Array(buffer.buffer, 0, 4 * rows * size));
    }
  }
}

/** Stays that are one stay, or linked by others, under the name of the first of them in alphabetical order. */
class Groups {
  readonly #above = new Map<string, string>();

  constructor(links: readonly (readonly [string, string])[]) {
    for (const [one, other] of links) {
      const [low, high] = [this.of(one), this.of(other)].sort();
      if (low !== high) this.#above.set(high, low);
    }
  }

  of(id: string): string {
    let name = id;
    for (let above = this.#above.get(name); above !== undefined; above = this.#above.get(name)) name = above;
    return name;
  }
}
