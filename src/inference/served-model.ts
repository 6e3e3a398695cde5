import { loadModel, type Model } from './model.js';
import { type Recalibration, readRecalibration } from './recalibration.js';

/** A model with the recalibration that its scores go through. */
export interface ServedModel extends Model {
  /** Null: scores are the model's own. */
  readonly recalibration: Recalibration | null;
}

/** The settings that say which. */
export interface ServedSettings {
  readonly version: string;
  readonly directory?: string | undefined;
  readonly recalibration?: string | undefined;
}

/**
 * The model that settings name. Recalibrated, it has a version of its own, `2026.11-f+NAME`: other probabilities are not told under
 * the same one.
 * @throws WardstreamError `WS_MODEL` of the folder or of the recalibration.
 */
export function loadServed({ version, directory, recalibration: file }: ServedSettings): ServedModel {
  const model = loadModel(version, directory);
  if (file === undefined) return { ...model, recalibration: null };
  const recalibration = readRecalibration(file, model.config);
  const config = { ...model.config, version: `${model.config.version}+${recalibration.name}` };
  return { ...model, config, recalibration };
}

/** Whether a version that scores carry is of a model folder, recalibrated or not. */
export function isOfModel(served: string, version: string): boolean {
  return served === version || served.startsWith(`${version}+`);
}
