import sharp from 'sharp';
import type { ImageHeader } from '../events/image.js';
import { decodeDicom } from './dicom.js';
import { ImageFault } from './image-fault.js';

/** A grey picture, row by row from the top left: 0 is `black`, `white` is white. */
export interface GreyImage {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array | Uint16Array | Uint8Array;
  readonly black: number;
  readonly white: number;
}

/**
 * Decodes a picture, cuts the largest centred square out of it (as PneumoniaMNIST does) and averages it by area to
 * `size` × `size` pixels, 0 black to 1 white.
 * @throws ImageFault where it has more than `maxPixels` pixels or is of a kind that is not supported; Error where it is
 * damaged.
 */
export async function decodeImage(
  bytes: Uint8Array,
  format: ImageHeader['format'],
  size: number,
  maxPixels: number,
): Promise<Float32Array> {
  const picture =
    format === 'dicom' ? await decodeDicom(bytes, maxPixels) : await decodePicture(bytes, maxPixels);
  return averageSquare(picture, size);
}

/** PNG or JPEG of any colour type as grey of 16 bits. */
export async function decodePicture(bytes: Uint8Array, maxPixels: number): Promise<GreyImage> {
  const pipeline = sharp(bytes, { limitInputPixels: maxPixels, failOn: 'truncated' });
  const { data, info } = await pipeline
    .flatten({ background: '#000' })
    .toColourspace('grey16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels !== 1)
    throw new ImageFault('image-unreadable', `${channels} channels after conversion to grey`);
  const grey = new Uint16Array(data.buffer, data.byteOffset, width * height);
  return { width, height, data: grey, black: 0, white: 65_535 };
}

/** The mean over each of size × size equal parts of the largest centred square; parts may share pixels. */
export function averageSquare({ width, height, data, black, white }: GreyImage, size: number): Float32Array {
  const side = Math.min(width, height);
  const left = (width - side) >> 1;
  const top = (height - side) >> 1;
  const rows = new Float64Array(size * side);
  const scale = side / size;
  // By columns within each row of pixels first, then by rows.
  const out = new Float32Array(size * size);
  const line = new Float64Array(size);
  for (let y = 0; y < side; y++) {
    const start = (top + y) * width + left;
    for (let part = 0; part < size; part++) {
      line[part] = meanOf(data, start, side, part * scale, (part + 1) * scale);
    }
    rows.set(line, y * size);
  }
  const column = new Float64Array(side);
  for (let x = 0; x < size; x++) {
    for (let y = 0; y < side; y++) column[y] = rows[y * size + x];
    for (let part = 0; part < size; part++) {
      const mean = meanOf(column, 0, side, part * scale, (part + 1) * scale);
      out[part * size + x] = Math.max(0, Math.min(1, (mean - black) / (white - black)));
    }
  }
  return out;
}

/** Mean of `data` over the real interval [from, to), counted from `start`; `to` may round to beyond `length`. */
function meanOf(
  data: GreyImage['data'] | Float64Array,
  start: number,
  length: number,
  from: number,
  to: number,
): number {
  const last = Math.min(Math.ceil(to), length) - 1;
  let sum = 0;
  for (let index = Math.floor(from); index <= last; index++) {
    const covered = Math.min(to, index + 1) - Math.max(from, index);
    sum += covered * data[start + index];
  }
  return sum / (to - from);
}
