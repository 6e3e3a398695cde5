import { Decompress, decompress } from 'fzstd';
import { descriptorFor, type ZstdSize } from './compressed-size.js';

/**
 * What Zstandard frames become, given what `zstdSize` says of them.
 * @throws Error where they are damaged; RangeError as soon as they are more than `maxBytes`.
 */
export function inflateZstd(
  bytes: Uint8Array,
  { isDeclared, most, windowsAt }: ZstdSize,
  maxBytes: number,
): Uint8Array {
  if (isDeclared) return decompress(bytes);
  // A window is as large as the sender's level has it, 2 MiB for a batch of 16 KB. No larger one is taken than can be looked back into.
  const frames = Uint8Array.from(bytes);
  for (const at of windowsAt) frames[at] = Math.min(frames[at], descriptorFor(most));
  const parts: Uint8Array[] = [];
  let size = 0;
  const stream = new Decompress((part) => {
    size += part.length;
    if (size > maxBytes) throw new RangeError(`more than ${maxBytes} bytes`);
    parts.push(part);
  });
  stream.push(frames, true);
  return Buffer.concat(parts, size);
}
