import type { DataSet } from 'dicom-parser';
import { type Codestream, codestreamOf } from './codestream.js';
import { decodePicture } from './decode-image.js';
import type { Frame } from './dicom-grey.js';
import { rleFrame } from './dicom-rle.js';
import { ImageFault } from './image-fault.js';
import { losslessJpeg } from './jpeg-lossless.js';
import { createJPEGBasicOffsetTable, readEncapsulatedPixelDataFromFragments } from './parse-dicom.js';
import { jpeg2000, jpegLs } from './wasm-codecs.js';

/** Samples of a frame, one after the other: bytes, or 16 bits with the lower byte first unless `isBigEndian`. */
interface Samples {
  readonly bytes: Uint8Array;
  readonly bitsEach: 8 | 16;
  readonly isBigEndian?: boolean;
}

/** A frame that was compressed, and what the file says of its samples. */
interface Compressed {
  readonly frame: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly allocated: 8 | 16;
  readonly maxPixels: number;
}

type Decoder = (compressed: Compressed) => Samples | Promise<Samples>;

const IMPLICIT = '1.2.840.10008.1.2';
const BIG_ENDIAN = '1.2.840.10008.1.2.2';
/** Transfer syntaxes whose pixels are not compressed: implicit and explicit little endian, deflated, big endian. */
const PLAIN: readonly string[] = ['1.2.840.10008.1.2.1', IMPLICIT, '1.2.840.10008.1.2.1.99', BIG_ENDIAN];
/** Those of compressed pixels (PS3.5 section 8.2). */
const DECODERS: ReadonlyMap<string, Decoder> = new Map(
  Object.entries<Decoder>({
    '1.2.840.10008.1.2.5': ({ frame, width, height, allocated }) => ({
      bytes: rleFrame(frame, width * height, allocated),
      bitsEach: allocated,
    }),
    // JPEG baseline, and the extended process, of which eight bits are read.
    '1.2.840.10008.1.2.4.50': jpeg,
    '1.2.840.10008.1.2.4.51': jpeg,
    // JPEG lossless, with any predictor and with the first.
    '1.2.840.10008.1.2.4.57': lossless,
    '1.2.840.10008.1.2.4.70': lossless,
    // JPEG-LS, lossless and near.
    '1.2.840.10008.1.2.4.80': by(jpegLs),
    '1.2.840.10008.1.2.4.81': by(jpegLs),
    // JPEG 2000, lossless and not.
    '1.2.840.10008.1.2.4.90': by(jpeg2000),
    '1.2.840.10008.1.2.4.91': by(jpeg2000),
  }),
);

/** Transfer syntaxes that are read, the plainest first. */
export const READ_SYNTAXES: readonly string[] = [...PLAIN, ...DECODERS.keys()];

/**
 * Stored values of the first frame, 8 to 16 bits, signed or not.
 * @throws ImageFault where it is too large or of a kind that is not supported; Error where it is damaged.
 */
export async function firstFrame(dataSet: DataSet, maxPixels: number): Promise<Frame> {
  const [height, width] = [required(dataSet, 'x00280010', 'Rows'), required(dataSet, 'x00280011', 'Columns')];
  if (width * height > maxPixels) {
    throw new ImageFault('image-too-large', `${width} × ${height} pixels; at most ${maxPixels}`);
  }
  const photometric = dataSet.string('x00280004') ?? 'MONOCHROME2';
  const samples = dataSet.uint16('x00280002') ?? 1;
  if (samples !== 1 || !photometric.startsWith('MONOCHROME')) {
    throw unsupported(`photometric interpretation ${photometric} with ${samples} samples a pixel`);
  }
  const allocated = required(dataSet, 'x00280100', 'Bits Allocated');
  if (allocated !== 8 && allocated !== 16) throw unsupported(`${allocated} bits a pixel`);
  const syntax = dataSet.string('x00020010') ?? IMPLICIT;
  const decode = DECODERS.get(syntax);
  if (decode === undefined && !PLAIN.includes(syntax)) throw unsupported(`transfer syntax ${syntax}`);
  const shape = { width, height, allocated, maxPixels } as const;
  const stored =
    decode === undefined
      ? plainSamples(dataSet, syntax, shape)
      : await decode({ ...shape, frame: compressedFrame(dataSet) });
  const isSigned = dataSet.uint16('x00280103') === 1;
  return { width, height, isSigned, values: valuesOf(dataSet, stored, width * height, isSigned) };
}

/** The bits that are stored, of each sample. */
function valuesOf(
  dataSet: DataSet,
  { bytes, bitsEach, isBigEndian }: Samples,
  pixels: number,
  isSigned: boolean,
): Float32Array {
  const bits = dataSet.uint16('x00280101') ?? bitsEach;
  const highest = dataSet.uint16('x00280102') ?? bits - 1;
  if (bits < 1 || bits > bitsEach) throw new Error(`${bits} bits stored of ${bitsEach}`);
  if (highest < bits - 1 || highest >= bitsEach) throw new Error(`${bits} bits stored up to bit ${highest}`);
  const needed = (pixels * bitsEach) / 8;
  if (bytes.length < needed) throw new Error(`pixel data of ${bytes.length} bytes; ${needed} are needed`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, needed);
  const values = new Float32Array(pixels);
  const isLittle = isBigEndian !== true;
  const [above, unused] = [31 - highest, 32 - bits];
  for (let index = 0; index < pixels; index++) {
    const raw = bitsEach === 8 ? view.getUint8(index) : view.getUint16(index * 2, isLittle);
    values[index] = isSigned ? (raw << above) >> unused : (raw << above) >>> unused;
  }
  return values;
}

function plainSamples(
  dataSet: DataSet,
  syntax: string,
  { allocated }: Pick<Compressed, 'allocated'>,
): Samples {
  const { dataOffset, length } = pixelData(dataSet);
  // Deflated files are inflated by the parser into an array of its own.
  const source = dataSet.byteArray as Uint8Array;
  const end = Math.min(dataOffset + length, source.length);
  return {
    bytes: source.subarray(dataOffset, end),
    bitsEach: allocated,
    isBigEndian: syntax === BIG_ENDIAN,
  };
}

/** The first frame as it is compressed: of a file of one frame, all of its fragments (PS3.5 A.4). */
function compressedFrame(dataSet: DataSet): Uint8Array {
  const element = pixelData(dataSet);
  const fragments = element.fragments ?? [];
  if (fragments.length === 0) throw new Error('pixel data that is not in fragments');
  const frames = Number(dataSet.string('x00280008') ?? 1);
  const offsets =
    frames > 1 && element.basicOffsetTable?.length === 0 && fragments.length !== frames
      ? createJPEGBasicOffsetTable(dataSet, element)
      : (element.basicOffsetTable ?? []);
  const next = fragments.findIndex(({ offset }) => offset === offsets[1]);
  const count = frames > 1 ? (next > 0 ? next : 1) : fragments.length;
  return readEncapsulatedPixelDataFromFragments(dataSet, element, 0, count) as Uint8Array;
}

function pixelData(dataSet: DataSet) {
  const element = dataSet.elements.x7fe00010;
  if (element === undefined) throw new Error('no pixel data');
  return element;
}

/** Senders write grey as three components, too. */
async function jpeg(compressed: Compressed): Promise<Samples> {
  const { precision } = checked(compressed, [1, 3]);
  if (precision !== 8) throw unsupported(`JPEG of ${precision} bits`);
  const { data } = await decodePicture(compressed.frame, compressed.maxPixels, 'as-stored');
  return { bytes: Uint8Array.from(data, (value) => value / 257), bitsEach: 8 };
}

function lossless(compressed: Compressed): Samples {
  checked(compressed);
  const { width, height } = compressed;
  const values = losslessJpeg(compressed.frame, width * height);
  return { bytes: new Uint8Array(values.buffer), bitsEach: 16 };
}

/** By a codec that gives a byte a sample up to eight bits, else two. */
function by(codec: (frame: Uint8Array) => Promise<Uint8Array>): Decoder {
  return async (compressed) => {
    const { precision } = checked(compressed);
    return { bytes: await codec(compressed.frame), bitsEach: precision <= 8 ? 8 : 16 };
  };
}

/** What the frame says of itself, if that is what the file says. @throws where it is not: a codec reserves what the frame says. */
function checked({ frame, width, height }: Compressed, components: readonly number[] = [1]): Codestream {
  const found = codestreamOf(frame);
  if (found === null) throw new Error('a frame that is not of its transfer syntax');
  if (found.width !== width || found.height !== height) {
    throw new Error(`a frame of ${found.width} × ${found.height} pixels in a file that says otherwise`);
  }
  if (!components.includes(found.components)) throw unsupported(`a frame of ${found.components} components`);
  return found;
}

function required(dataSet: DataSet, tag: string, name: string): number {
  const value = dataSet.uint16(tag);
  if (value === undefined || value === 0) throw new Error(`no ${name}`);
  return value;
}

function unsupported(what: string): ImageFault {
  return new ImageFault('image-unreadable', `${what} is not supported`);
}
