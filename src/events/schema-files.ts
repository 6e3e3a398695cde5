import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type avro from 'avsc';
import { WardstreamError } from '../errors.js';

const HISTORY = fileURLToPath(new URL('../../schemas/history', import.meta.url));
const ENDING = '.avsc';

let kept: ReadonlySet<string> | null = null;

/** A version that a schema of `schemas/` had or has, by record name and fingerprint (hexadecimal); null where it never had that. */
export function keptSchema(name: string, fingerprint: string): avro.Schema | null {
  kept ??= new Set(readdirSync(HISTORY));
  const file = `${name}-${fingerprint}${ENDING}`;
  return kept.has(file) ? JSON.parse(readFileSync(join(HISTORY, file), 'utf8')) : null;
}

/** A schema somebody else writes with, and the record it is of. */
export interface NamedSchema {
  readonly file: string;
  readonly name: string;
  readonly schema: avro.Schema;
}

/** Every schema file of a directory. @throws WardstreamError `WS_SCHEMA` where it, or one of them, cannot be read. */
export function schemasIn(directory: string): NamedSchema[] {
  let file = directory;
  try {
    return readdirSync(directory)
      .filter((each) => each.endsWith(ENDING))
      .sort()
      .map((each) => {
        file = join(directory, each);
        const schema = JSON.parse(readFileSync(file, 'utf8')) as avro.Schema & { name?: string };
        const name = String(schema.name ?? '');
        // With a namespace before it or without.
        return { file, name: name.slice(name.lastIndexOf('.') + 1), schema };
      });
  } catch (error) {
    throw new WardstreamError('WS_SCHEMA', `schemas.directory: ${file} cannot be read: ${String(error)}`, {
      cause: error,
    });
  }
}
