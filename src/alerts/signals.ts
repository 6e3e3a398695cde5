import type { AlertRule } from '../config.js';
import { WardstreamError } from '../errors.js';
import type { ModelOutput } from '../inference/outcomes.js';

/**
 * Sees that the model gives what the rules watch: a rule that can never raise is a fault, not silence.
 * @throws WardstreamError `WS_CONFIG` naming each rule and what the model gives.
 */
export function requireSignals(
  rules: readonly AlertRule[],
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
