import { Decompress, decompress } from 'fzstd';
import type { ZstdSize } from './compressed-size.js';

/**
 * What Zstandard frames become, given what `zstdSize` says of them.
 * @throws Error where they are damaged; RangeError as soon as they are more than `maxBytes`.
 */
export function inflateZstd(bytes: Uint8Array, { isDeclared }: ZstdSize, maxBytes: number): Uint8Array {
  if (isDeclared) return decompress(bytes);
  const parts: Uint8Array[] = [];
  let size = 0;
  const stream = new Decompress((part) => {
    size += part.length;
    if (size > maxBytes) throw new RangeError(`more than ${maxBytes} bytes`);
    parts.push(part);
  });
  stream.push(bytes, true);
  return Buffer.concat(parts, size);
}
