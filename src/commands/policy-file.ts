import { existsSync, readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { parse } from 'yaml';
import { parseConfig } from '../config.js';
import { WardstreamError } from '../errors.js';
import type { NamedPolicy } from '../validate/run.js';

/**
 * Reads alert rules to try: a YAML file with `rules` as in the configuration's `alerts`, or a whole configuration.
 * @throws WardstreamError `WS_CONFIG` naming what is wrong.
 */
export function readPolicy(file: string): NamedPolicy {
  if (!existsSync(file)) throw new WardstreamError('WS_CONFIG', `there is no policy file ${file}`);
  let data: unknown;
  try {
    data = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new WardstreamError('WS_CONFIG', `${file} is neither YAML nor JSON: ${String(error)}`, {
      cause: error,
    });
  }
  const { rules, alerts } = (data ?? {}) as { rules?: unknown; alerts?: { rules?: unknown } };
  const given = rules ?? alerts?.rules;
  if (given === undefined)
    throw new WardstreamError('WS_CONFIG', `${file} has neither rules nor alerts.rules`);
  return {
    name: basename(file, extname(file)),
    rules: parseConfig({ alerts: { rules: given } }, file).alerts.rules,
  };
}
