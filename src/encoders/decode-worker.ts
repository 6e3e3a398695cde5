import type { EncodingFlag } from '../events/encoding.js';
import type { ImageHeader } from '../events/image.js';
import { averageSquare, decodeImage } from './decode-image.js';
import { ImageFault } from './image-fault.js';

export interface DecodeTask {
  readonly bytes: Uint8Array;
  readonly format: ImageHeader['format'];
  /** Width and height of the result. */
  readonly size: number;
  /** Another size that is wanted of the same picture. */
  readonly alsoSize?: number;
  readonly maxPixels: number;
}

/** Pixels [size, size] and [alsoSize, alsoSize], 0 black to 1 white; or why there are none. */
export type Decoded =
  | { readonly pixels: Float32Array; readonly alsoPixels: Float32Array }
  | { readonly flag: EncodingFlag; readonly detail: string };

/** Runs in a worker thread. */
export async function decode({
  bytes,
  format,
  size,
  alsoSize = size,
  maxPixels,
}: DecodeTask): Promise<Decoded> {
  try {
    const picture = await decodeImage(bytes, format, maxPixels);
    const pixels = averageSquare(picture, size);
    const alsoPixels = alsoSize === size ? pixels : averageSquare(picture, alsoSize);
    return { pixels, alsoPixels };
  } catch (error) {
    if (error instanceof ImageFault) return { flag: error.flag, detail: error.message };
    return { flag: 'image-unreadable', detail: error instanceof Error ? error.message : String(error) };
  }
}
