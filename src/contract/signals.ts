import { WardstreamError } from '../errors.js';
import type { ModelOutput } from './outcomes.js';

/** What rules can watch: probabilities of the model, and NEWS2 points. */
export const SIGNALS = ['risk', 'circulatory', 'respiratory', 'deterioration', 'news2'] as const;
export type Signal = (typeof SIGNALS)[number];

/** The kind of the technical notice of a patient whose ward is not known; no rule may have its name. */
export const PLACE_UNKNOWN = 'place-unknown';

/** What a signal can be, in its unit. */
interface SignalRange {
  readonly unit: string;
  /** It is never below this… */
  readonly low: number;
  /** …and never above this. */
  readonly high: number;
  /** The least threshold that tells anything: points are whole. */
  readonly least: number;
}

const PROBABILITY: SignalRange = { unit: 'a probability', low: 0, high: 1, least: Number.MIN_VALUE };
/** Royal College of Physicians, National Early Warning Score (NEWS) 2, 2017: seven parameters, 20 points in all. */
const NEWS2_POINTS: SignalRange = { unit: 'points', low: 0, high: 20, least: 1 };
const RANGES: Readonly<Record<Signal, SignalRange>> = {
  risk: PROBABILITY,
  circulatory: PROBABILITY,
  respiratory: PROBABILITY,
  deterioration: PROBABILITY,
  news2: NEWS2_POINTS,
};

/** What of a rule decides when it fires. */
interface Thresholds {
  readonly id: string;
  readonly signal: Signal;
  readonly raiseAt: number;
  readonly resolveBelow: number;
}

/** A setting that is wrong: which, and in what way. */
export interface RuleFault {
  readonly rule: number;
  readonly field: 'id' | 'raiseAt' | 'resolveBelow';
  readonly message: string;
}

/** What is wrong with rules that can never or always fire, never end, or that nobody could tell apart. */
export function faultsOf(rules: readonly Thresholds[]): RuleFault[] {
  const faults: RuleFault[] = [];
  rules.forEach(({ id, signal, raiseAt, resolveBelow }, rule) => {
    const { unit, low, high, least } = RANGES[signal];
    const range = `${signal} is ${unit} from ${low} to ${high}`;
    const say = (field: RuleFault['field'], message: string) => faults.push({ rule, field, message });
    if (id.trim() === '') say('id', 'a rule needs a name');
    if (id === PLACE_UNKNOWN) say('id', `${id} is the name of a technical notice`);
    if (rules.findIndex((other) => other.id === id) < rule)
      say('id', `there are two rules ${id}: their alerts would have one id`);
    if (raiseAt > high) say('raiseAt', `rule ${id} would never fire at ${raiseAt}: ${range}`);
    if (raiseAt < least) say('raiseAt', `rule ${id} would always fire at ${raiseAt}: ${range}`);
    if (resolveBelow > raiseAt) say('resolveBelow', 'resolveBelow must not exceed raiseAt');
    if (resolveBelow <= low)
      say('resolveBelow', `an alert of rule ${id} would never end below ${resolveBelow}: ${range}`);
  });
  return faults;
}

/**
 * Sees that the model gives what the rules watch: a rule that can never raise is a fault, not silence.
 * @throws WardstreamError `WS_CONFIG` naming each rule and what the model gives.
 */
export function requireSignals(
  rules: readonly Pick<Thresholds, 'id' | 'signal'>[],
  { version, outputs }: { readonly version: string; readonly outputs: readonly ModelOutput[] },
): void {
  const deaf = rules.filter(
    ({ signal }) => signal !== 'news2' && signal !== 'risk' && !outputs.includes(signal),
  );
  if (deaf.length === 0) return;
  const which = deaf.map(({ id, signal }) => `${id} watches ${signal}`).join(', ');
  throw new WardstreamError(
    'WS_CONFIG',
    `alerts.rules: ${which}, but model ${version} gives only ${outputs.join(', ')}; change the rule or model.version`,
  );
}
