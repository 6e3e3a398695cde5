import { basename, extname } from 'node:path';
import { WardstreamError } from '../errors.js';
import { parseConfig, readSettings } from '../settings/config.js';
import type { NamedPolicy } from '../study/policies.js';

/**
 * Reads alert rules to try: a YAML file with `rules` as in the configuration's `alerts`, or a whole configuration.
 * @throws WardstreamError `WS_CONFIG` naming what is wrong.
 */
export function readPolicy(file: string): NamedPolicy {
  const data = readSettings(file, 'policy');
  const { rules, alerts } = (data ?? {}) as { rules?: unknown; alerts?: { rules?: unknown } };
  const given = rules ?? alerts?.rules;
  if (given === undefined)
    throw new WardstreamError('WS_CONFIG', `${file} has neither rules nor alerts.rules`);
  return {
    name: basename(file, extname(file)),
    rules: parseConfig({ alerts: { rules: given } }, file).alerts.rules,
  };
}
