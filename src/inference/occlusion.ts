import { PatientState } from '../align/patient.js';
import { VARIABLE_COUNT, VARIABLES } from '../clinical/variables.js';
import { type Contributions, MODALITIES, type Modality } from '../contract/contributions.js';
import type { Outcomes } from '../contract/outcomes.js';
import type { FeatureEncoder } from '../features/encoder.js';
import type { Model } from './model.js';

/** A modality's features: columns `from` to `to` (exclusive), and the one that says whether there is any. */
export interface ModalityBlock {
  readonly modality: Modality;
  readonly from: number;
  readonly to: number;
  readonly seen: number;
}

/** The modalities that a model takes, found by the names of its features. */
export function modalityBlocks(featureNames: readonly string[]): ModalityBlock[] {
  return MODALITIES.flatMap((modality) => {
    const from = featureNames.findIndex((name) => name.startsWith(`${modality}.`));
    if (from < 0) return [];
    const to = featureNames.findLastIndex((name) => name.startsWith(`${modality}.`)) + 1;
    return [{ modality, from, to, seen: featureNames.indexOf(`${modality}.seen`) }];
  });
}

/** `without` holds the outcomes with one modality hidden each; a modality that is not in it is absent. */
export function contributionsOf(
  mortality: number,
  without: ReadonlyMap<Modality, Outcomes>,
  base: number,
): Contributions {
  const effect = (modality: Modality): number | null => {
    const hidden = without.get(modality);
    return hidden === undefined ? null : mortality - hidden.mortality;
  };
  const [text, image] = [effect('text'), effect('image')];
  return { base, structured: mortality - base - (text ?? 0) - (image ?? 0), text, image };
}

/** One clinical variable in a row: all columns that depend on it. */
export interface VariableBlock {
  /** Of the clinical vocabulary. */
  readonly variable: number;
  readonly seen: number;
  readonly columns: Int32Array;
}

/**
 * The columns that depend on each variable of a model: its own, and those of quantities derived from it. Found by
 * encoding a patient with all variables, of which that one is the newest, with and without it.
 */
export function variableBlocks({ encoder, config }: Pick<Model, 'encoder' | 'config'>): VariableBlock[] {
  return config.encoder.variables.map(({ id, center, scale, transform }) => {
    const variable = VARIABLES.findIndex((each) => each.id === id);
    const value = transform === 'log' ? Math.expm1(center + scale) : center + scale;
    const [whole, without] = [value, null].map((own) => encodeAll(encoder, config, variable, own));
    const columns = encoder.featureNames.flatMap((name, column) =>
      name.startsWith(`${id}.`) || whole[column] !== without[column] ? column : [],
    );
    return { variable, seen: encoder.featureNames.indexOf(`${id}.seen`), columns: Int32Array.from(columns) };
  });
}

/** The row of a patient of whom nothing is known. */
export function unknownRow(encoder: FeatureEncoder, config: Model['config']): Float32Array {
  const patient = new PatientState({ patientId: '', partition: 0, eventTime: 0 }, config, 1);
  const row = new Float32Array(encoder.size);
  encoder.encode(patient, 0, 0, patient.timeline.summary, row, 0);
  return row;
}

function encodeAll(
  encoder: FeatureEncoder,
  config: Model['config'],
  variable: number,
  own: number | null,
): Float32Array {
  const patient = new PatientState({ patientId: '', partition: 0, eventTime: 0 }, config, 1);
  for (let each = 0; each < VARIABLE_COUNT; each++) {
    const [low, high] = VARIABLES[each].plausible;
    if (each !== variable) patient.timeline.record(0, each, (low + high) / 2, 1);
  }
  if (own !== null) patient.timeline.record(0, variable, own, 2);
  const row = new Float32Array(encoder.size);
  encoder.encode(patient, 0, 3, patient.timeline.summary, row, 0);
  return row;
}
