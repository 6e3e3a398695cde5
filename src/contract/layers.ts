import { MODEL_OUTPUTS, type ModelOutput } from './outcomes.js';

/**
 * What an alert is about. state: what the patient is in now, by a published criterion or by a rule on a score of what is there. risk: what a
 * model foretells, or a warning score. technical: what watches the patient.
 */
export const LAYERS = ['state', 'risk', 'technical'] as const;
export type Layer = (typeof LAYERS)[number];

/** The layer of each signal that rules watch; the name of an earlier version stays, since alerts of it are stored. */
const LAYER_OF_SIGNAL = {
  ...(Object.fromEntries(MODEL_OUTPUTS.map((id) => [id, 'risk'])) as Record<ModelOutput, 'risk'>),
  risk: 'risk',
  news2: 'risk',
  sofa: 'state',
  criticalStates: 'state',
  failingStates: 'state',
} as const satisfies Readonly<Record<string, Layer>>;
export type LayeredSignal = keyof typeof LAYER_OF_SIGNAL;

/** Signals of the layer risk: for those who ask in another language. */
export const RISK_SIGNALS: readonly string[] = Object.entries(LAYER_OF_SIGNAL)
  .filter(([, layer]) => layer === 'risk')
  .map(([signal]) => signal);

/** What of an alert record tells its layer. */
interface Layered {
  readonly class: 'clinical' | 'technical';
  /** Null: a technical notice, or a rule's alert of a version that did not name its signal. */
  readonly signal: string | null;
}

/** Whether a rule of the settings raised an alert: criteria of state and technical notices need none. */
export function isOfRule({ class: kind, signal }: Layered): boolean {
  return kind === 'clinical' && (signal === null || Object.hasOwn(LAYER_OF_SIGNAL, signal));
}

/** The layer of an alert record. */
export function layerOf(alert: Layered): Layer {
  const { class: kind, signal } = alert;
  if (kind === 'technical') return 'technical';
  if (!isOfRule(alert)) return 'state';
  return signal === null ? 'risk' : LAYER_OF_SIGNAL[signal as LayeredSignal];
}
