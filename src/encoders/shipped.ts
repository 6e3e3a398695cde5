import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { WardstreamError } from '../errors.js';

/** Where the imaging networks that come with the package lie: a folder a version. */
export const SHIPPED = fileURLToPath(new URL('../../models/imaging', import.meta.url));

/**
 * The newest network in a directory: its graph's file, verified, and its config.json.
 * @throws WardstreamError `WS_MODEL` saying what is missing or wrong and where.
 */
export function newestShipped<Config extends { readonly sha256: string }>(
  directory: string,
  schema: z.ZodType<Config>,
): { readonly folder: string; readonly graph: string; readonly config: Config } {
  const version = existsSync(directory)
    ? readdirSync(directory)
        .filter((name) => existsSync(join(directory, name, 'config.json')))
        .sort()
        .at(-1)
    : undefined;
  if (version === undefined) {
    throw new WardstreamError(
      'WS_MODEL',
      `${directory} holds no imaging model; restore the folder, or set encoders.image`,
    );
  }
  const folder = join(directory, version);
  const config = readConfig(join(folder, 'config.json'), schema);
  return { folder, graph: verifiedGraph(folder, 'model.onnx', config.sha256), config };
}

/**
 * The path of a graph in a model's folder.
 * @throws WardstreamError `WS_MODEL` where it is missing or another one than its config.json means.
 */
export function verifiedGraph(folder: string, name: string, sha256: string): string {
  const graph = join(folder, name);
  if (!existsSync(graph)) throw new WardstreamError('WS_MODEL', `${graph} is missing`);
  if (createHash('sha256').update(readFileSync(graph)).digest('hex') !== sha256) {
    throw new WardstreamError('WS_MODEL', `${graph} is damaged: its sha256 is not the one in config.json`);
  }
  return graph;
}

function readConfig<Config>(file: string, schema: z.ZodType<Config>): Config {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new WardstreamError('WS_MODEL', `${file} is wrong: ${String(error)}`, { cause: error });
  }
}
