import { basename, extname } from 'node:path';
import { requireSignals } from '../contract/signals.js';
import { WardstreamError } from '../errors.js';
import { loadServed } from '../inference/served-model.js';
import { type Config, parseConfig, readSettings } from '../settings/config.js';
import type { NamedPolicy } from '../study/policies.js';

/**
 * Reads the policies to try on what the model of the settings says.
 * @throws WardstreamError `WS_CONFIG` also where a rule, of a file or of the settings, watches what that model does not give: it would raise
 * nothing, and look as if there had been nothing to raise.
 */
export function readPolicies(files: readonly string[], { model, alerts }: Config): NamedPolicy[] {
  const { config } = loadServed(model);
  requireSignals(alerts.rules, config);
  return files.map((file) => {
    const policy = readPolicy(file);
    requireSignals(policy.rules, config, file);
    return policy;
  });
}

/**
 * Reads alert rules to try: a YAML file with nothing but `rules`, as in the configuration's `alerts`, or a whole configuration.
 * @throws WardstreamError `WS_CONFIG` naming what is wrong.
 */
export function readPolicy(file: string): NamedPolicy {
  const data = (readSettings(file, 'policy') ?? {}) as { rules?: unknown; alerts?: { rules?: unknown } };
  const { rules, ...others } = data;
  if ((rules ?? data.alerts?.rules) === undefined)
    throw new WardstreamError('WS_CONFIG', `${file} has neither rules nor alerts.rules`);
  const beside = Object.keys(others);
  if (rules !== undefined && beside.length > 0) {
    throw new WardstreamError(
      'WS_CONFIG',
      `${file} is wrong: ${beside.join(', ')} cannot stand beside rules; a whole configuration has them under alerts`,
    );
  }
  const policy = parseConfig(rules === undefined ? data : { alerts: { rules } }, file).alerts.rules;
  if (policy.length === 0)
    throw new WardstreamError('WS_CONFIG', `${file} is wrong: there is no rule in it to try`);
  return { name: basename(file, extname(file)), rules: policy };
}
