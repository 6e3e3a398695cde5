import { open, realpath } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ImageFault } from './image-fault.js';

export interface FetchLimits {
  /** URIs that begin with one of these may be fetched. Each ends with a slash. */
  readonly allow: readonly string[];
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/** Fetches images from allowed places only. Redirects are not followed: they could lead anywhere. */
export class ImageFetcher {
  readonly #limits: FetchLimits;

  constructor(limits: FetchLimits) {
    this.#limits = limits;
  }

  /** @throws ImageFault where the URI is not allowed, or leads to nothing or to too much. */
  async fetch(uri: string): Promise<Buffer> {
    const url = URL.canParse(uri) ? new URL(uri) : null;
    const prefix = url === null ? undefined : this.#limits.allow.find((each) => isBelow(url, each));
    if (url === null || prefix === undefined) {
      throw new ImageFault('uri-refused', `${shorten(uri)} is not below one of encoders.imageUris.allow`);
    }
    try {
      return url.protocol === 'file:' ? await this.#read(url, prefix) : await this.#download(url);
    } catch (error) {
      if (error instanceof ImageFault) throw error;
      const { message, cause } = error as Error;
      const why = cause instanceof Error ? `${message}: ${cause.message}` : message;
      throw new ImageFault('uri-unavailable', `${shorten(uri)}: ${why}`);
    }
  }

  async #read(url: URL, prefix: string): Promise<Buffer> {
    const path = await realpath(fileURLToPath(url));
    const root = await realpath(fileURLToPath(prefix));
    if (!path.startsWith(`${root.replace(/\/$/, '')}/`)) {
      throw new ImageFault('uri-refused', `${shorten(url.href)} leads out of ${prefix}`);
    }
    const file = await open(path);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw new Error('not a file');
      if (stat.size > this.#limits.maxBytes) throw this.#tooLarge(url);
      return await file.readFile();
    } finally {
      await file.close();
    }
  }

  async #download(url: URL): Promise<Buffer> {
    const { maxBytes, timeoutMs } = this.#limits;
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw new Error(`HTTP ${response.status}`);
    }
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body) {
      length += chunk.length;
      if (length > maxBytes) throw this.#tooLarge(url);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  #tooLarge(url: URL): ImageFault {
    return new ImageFault(
      'image-too-large',
      `${shorten(url.href)} has more than ${this.#limits.maxBytes} bytes`,
    );
  }
}

/** A path may be encoded over and over; what is encoded more often than this means harm. */
const MAX_DECODINGS = 5;

/**
 * Whether an address lies below an allowed one, however its path is written: it is judged as servers and proxies that decode it,
 * once or more often, would read it.
 */
function isBelow(url: URL, prefix: string): boolean {
  if (!URL.canParse(prefix)) return false;
  const allowed = new URL(prefix);
  const isThere = url.protocol === allowed.protocol && url.host === allowed.host;
  const isSame = url.username === allowed.username && url.password === allowed.password;
  if (!isThere || !isSame) return false;
  const [path, root] = [decoded(url.pathname), decoded(allowed.pathname)];
  return path !== null && root !== null && path.startsWith(root) && path.length > root.length;
}

/** A path decoded to the end, byte by byte; null where some way of reading it leads up, or it cannot be UTF-8. */
function decoded(pathname: string): string | null {
  let path = pathname;
  for (let time = 0; time < MAX_DECODINGS; time++) {
    const next = path.replaceAll(/%([0-9a-f]{2})/gi, (_, hex) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    if (/(?:^|[/\\])\.\.?(?:[/\\]|$)|[\0\\\xc0\xc1]/.test(next)) return null;
    if (next === path) return path;
    path = next;
  }
  return null;
}

function shorten(uri: string): string {
  return uri.length > 200 ? `${uri.slice(0, 200)}…` : uri;
}
