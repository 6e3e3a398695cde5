import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { WardstreamError } from '../errors.js';
import type { FileSource } from '../settings/encoders.js';

/** Longest wait for a model file, and its most bytes: the largest sentence encoders have about 1.5 GB. */
const TIMEOUT_MS = 600_000;
const MAX_BYTES = 2 ** 31;

/** Where fetched files are kept unless `encoders.cacheDirectory` says otherwise. */
export function defaultCacheDirectory(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'wardstream', 'encoders');
}

/**
 * The path of a configured model file whose content is what its sha256 says. One given by URL is fetched once, into the
 * cache.
 * @throws WardstreamError `WS_MODEL` where it cannot be had or is another one.
 */
export async function verifiedFile(source: FileSource, cacheDirectory?: string): Promise<string> {
  if ('file' in source) {
    const bytes = await readIfThere(source.file);
    if (bytes === null) throw new WardstreamError('WS_MODEL', `there is no file ${source.file}`);
    if (source.sha256 !== undefined) requireHash(bytes, source.sha256, source.file);
    return source.file;
  }
  const directory = cacheDirectory ?? defaultCacheDirectory();
  const path = join(directory, source.sha256);
  const kept = await readIfThere(path);
  if (kept !== null && hashOf(kept) === source.sha256) return path;
  const bytes = await download(source.url);
  requireHash(bytes, source.sha256, source.url);
  await mkdir(directory, { recursive: true });
  const partial = `${path}.${process.pid}.part`;
  await writeFile(partial, bytes);
  await rename(partial, path);
  return path;
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new WardstreamError('WS_MODEL', `${path} cannot be read: ${String(error)}`, { cause: error });
  }
}

async function download(url: string): Promise<Buffer> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body) {
      length += chunk.length;
      if (length > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? `${message}: ${cause.message}` : message;
    throw new WardstreamError('WS_MODEL', `${url} cannot be fetched: ${why}`, { cause: error });
  }
}

function requireHash(bytes: Buffer, sha256: string, where: string): void {
  const found = hashOf(bytes);
  if (found === sha256) return;
  throw new WardstreamError(
    'WS_MODEL',
    `${where} is not the file the configuration means: its sha256 is ${found}, not ${sha256}`,
  );
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
