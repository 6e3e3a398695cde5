import { move } from 'piscina';
import type { ZstdSize } from './compressed-size.js';
import { inflateZstd } from './zstd.js';

export interface ZstdTask {
  readonly bytes: Uint8Array;
  readonly size: ZstdSize;
  readonly maxBytes: number;
}

/** Inflates in a worker thread; null: more than `maxBytes`. @throws Error where the bytes are damaged. */
export function inflate({ bytes, size, maxBytes }: ZstdTask): Uint8Array | null {
  try {
    const inflated = Uint8Array.from(inflateZstd(bytes, size, maxBytes));
    return move(inflated) as unknown as Uint8Array;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
