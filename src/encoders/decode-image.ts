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
 * Decodes a picture as it is to be shown.
 * @throws ImageFault where it has more than `maxPixels` pixels, is of a kind that is not supported, or is no frontal chest
 * radiograph by its header; Error where it is damaged.
 */
export async function decodeImage(
  bytes: Uint8Array,
  format: ImageHeader['format'],
  maxPixels: number,
): Promise<GreyImage> {
  return format === 'dicom' ? decodeDicom(bytes, maxPixels) : decodePicture(bytes, maxPixels);
}

/** PNG or JPEG of any colour type as grey of 16 bits; turned as its EXIF orientation says, or as it is stored. */
export async function decodePicture(
  bytes: Uint8Array,
  maxPixels: number,
  turn: 'by-exif' | 'as-stored' = 'by-exif',
): Promise<GreyImage> {
  const pipeline = sharp(bytes, { limitInputPixels: maxPixels, failOn: 'truncated' });
  const { data, info } = await (turn === 'by-exif' ? pipeline.autoOrient() : pipeline)
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

/**
 * The largest centred square (as PneumoniaMNIST cuts it), averaged by area to size × size pixels, 0 black to 1 white: the mean
 * over each of so many equal parts, which may share pixels.
 */
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
