import { basename, extname } from 'node:path';
import { WardstreamError } from '../errors.js';
import { parseConfig, readSettings } from '../settings/config.js';
import type { NamedPolicy } from '../study/policies.js';

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
