import { MODALITIES } from '../contract/contributions.js';
import type { Outcomes } from '../contract/outcomes.js';
import { requireSignals } from '../contract/signals.js';
import { MINUTE_MS } from '../durations.js';
import { WardstreamError } from '../errors.js';
import { BlankRuntime } from '../inference/blank.js';
import { baseOutcomes } from '../inference/explain.js';
import { loadModel, type Model } from '../inference/model.js';
import { RecalibratedRuntime } from '../inference/recalibrated.js';
import type { InferenceRuntime } from '../inference/runtime.js';
import { openRuntime } from '../inference/runtimes.js';
import { loadServed, type ServedModel } from '../inference/served-model.js';
import type { Config } from '../settings/config.js';

/** A model on its runtime, verified. */
export interface OpenModel {
  readonly model: Model;
  readonly runtime: InferenceRuntime;
  /** Its outcomes of a patient of whom nothing is known. */
  readonly base: Outcomes;
}

/** The model that is served, and the one that runs in its shadow. */
export interface OpenModels {
  readonly served: OpenModel;
  readonly shadow: OpenModel | null;
}

/**
 * Opens and verifies the configured models; `asksModel` false: they foretell nothing.
 * @throws WardstreamError `WS_MODEL` where one cannot be used, `WS_RUNTIME` where the runtime cannot, `WS_CONFIG` where
 * a rule asks for what the model does not give, or the two models do not fit together.
 */
export async function openModels(
  { model: config, alerts }: Config,
  onFallback: ((message: string) => void) | undefined,
  asksModel = true,
): Promise<OpenModels> {
  const { directory, shadow: shadowVersion } = config;
  const model = loadServed(config);
  requireSignals(alerts.rules, model.config);
  const other =
    shadowVersion === undefined ? null : { ...loadModel(shadowVersion, directory), recalibration: null };
  if (other !== null) requireFit(model, other);
  const open = async (each: ServedModel): Promise<OpenModel> => {
    const { runtime: kind, threads } = config;
    const own = asksModel
      ? await openRuntime(each, { runtime: kind, threads, onFallback })
      : new BlankRuntime(each.shape);
    const { recalibration, shape } = each;
    const runtime = recalibration === null ? own : new RecalibratedRuntime(own, recalibration, shape.outputs);
    return { model: each, runtime, base: await baseOutcomes(each, (input) => runtime.run(input)) };
  };
  const served = await open(model);
  try {
    return { served, shadow: other === null ? null : await open(other) };
  } catch (error) {
    await served.runtime.close();
    throw error;
  }
}

/** Both see the same steps and the same notes and images, and their scores must be told apart. */
function requireFit({ config: served }: Model, { config: shadow }: Model): void {
  if (shadow.version === served.version) {
    throw new WardstreamError('WS_CONFIG', `model.shadow: ${shadow.version} is the model that is served`);
  }
  for (const kind of MODALITIES) {
    const [read, other] = [served, shadow].map(({ encoder }) => encoder.modalities?.[kind]);
    if (read === undefined || other === undefined || JSON.stringify(read) === JSON.stringify(other)) continue;
    throw new WardstreamError(
      'WS_CONFIG',
      `model.shadow: ${shadow.version} reads ${kind} of another encoder than ${served.version}; they cannot run side by side`,
    );
  }
  if (shadow.steps === served.steps && shadow.stepMs === served.stepMs) return;
  const grid = ({ steps, stepMs }: Model['config']) => `${steps} steps of ${stepMs / MINUTE_MS} min`;
  throw new WardstreamError(
    'WS_CONFIG',
    `model.shadow: ${shadow.version} sees ${grid(shadow)}, but ${served.version} sees ${grid(served)}; they cannot run side by side`,
  );
}
