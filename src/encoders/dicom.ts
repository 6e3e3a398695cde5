import { createRequire } from 'node:module';
import { inflateRawSync } from 'node:zlib';
import type { DataSet } from 'dicom-parser';
import { decodePicture, type GreyImage } from './decode-image.js';
import { ImageFault } from './image-fault.js';

// The package is CommonJS built by webpack: named imports of it are not seen.
const { parseDicom, createJPEGBasicOffsetTable, readEncapsulatedImageFrame } = createRequire(import.meta.url)(
  'dicom-parser',
) as typeof import('dicom-parser');

/** Transfer syntaxes whose pixels are not compressed: implicit and explicit little endian, deflated, big endian. */
const PLAIN = new Set([
  '1.2.840.10008.1.2',
  '1.2.840.10008.1.2.1',
  '1.2.840.10008.1.2.1.99',
  '1.2.840.10008.1.2.2',
]);
/** Of a deflated file, what may come beside two bytes a pixel. */
const DEFLATED_REST_BYTES = 1_048_576;
const BIG_ENDIAN = '1.2.840.10008.1.2.2';
const JPEG_BASELINE = '1.2.840.10008.1.2.4.50';
const RADIOGRAPHS = new Set(['CR', 'DX', 'DR', 'RG', 'XR', 'PX', 'OT']);

/**
 * The first frame of a DICOM radiograph as grey, with rescale and window applied (PS3.3 C.11.1 and C.11.2, linear), white
 * for MONOCHROME1's black. Without a window, the span of the values.
 * @throws ImageFault where the picture is too large or of a kind that is not supported; Error where it is damaged.
 */
export async function decodeDicom(bytes: Uint8Array, maxPixels: number): Promise<GreyImage> {
  const inflater = (file: Uint8Array, start: number) => inflated(file, start, maxPixels);
  const dataSet = parseDicom(bytes, { inflater });
  const syntax = dataSet.string('x00020010') ?? '1.2.840.10008.1.2';
  const modality = dataSet.string('x00080060') ?? 'DX';
  if (!RADIOGRAPHS.has(modality)) {
    throw new ImageFault('not-a-chest-radiograph', `the DICOM file says modality ${modality}`);
  }
  const [height, width] = [required(dataSet, 'x00280010', 'Rows'), required(dataSet, 'x00280011', 'Columns')];
  if (width * height > maxPixels) {
    throw new ImageFault('image-too-large', `${width} × ${height} pixels; at most ${maxPixels}`);
  }
  const photometric = dataSet.string('x00280004') ?? 'MONOCHROME2';
  const samples = dataSet.uint16('x00280002') ?? 1;
  if (samples !== 1 || !photometric.startsWith('MONOCHROME')) {
    throw unsupported(`photometric interpretation ${photometric} with ${samples} samples a pixel`);
  }
  const values =
    syntax === JPEG_BASELINE
      ? await jpegFrame(dataSet, maxPixels)
      : plainFrame(dataSet, syntax, width * height);
  rescale(dataSet, values);
  const [low, high] = windowOf(dataSet) ?? spanOf(values);
  const isInverted = photometric === 'MONOCHROME1';
  const range = { black: isInverted ? high : low, white: isInverted ? low : high };
  for (let index = 0; index < values.length; index++) {
    values[index] = Math.max(low, Math.min(high, values[index]));
  }
  return { width, height, data: values, ...range };
}

/** Stored values of the first frame, 8 to 16 bits, signed or not. */
function plainFrame(dataSet: DataSet, syntax: string, pixels: number): Float32Array {
  if (!PLAIN.has(syntax)) throw unsupported(`transfer syntax ${syntax}`);
  const element = dataSet.elements.x7fe00010;
  if (element === undefined) throw new Error('no pixel data');
  const allocated = required(dataSet, 'x00280100', 'Bits Allocated');
  if (allocated !== 8 && allocated !== 16) throw unsupported(`${allocated} bits a pixel`);
  const bits = dataSet.uint16('x00280101') ?? allocated;
  if (bits < 1 || bits > allocated) throw new Error(`${bits} bits stored of ${allocated}`);
  const isSigned = dataSet.uint16('x00280103') === 1;
  const needed = (pixels * allocated) / 8;
  // Deflated files are inflated by the parser into an array of its own.
  const source = dataSet.byteArray as Uint8Array;
  const end = Math.min(element.dataOffset + element.length, source.length);
  if (end - element.dataOffset < needed) {
    throw new Error(`pixel data of ${end - element.dataOffset} bytes; ${needed} are needed`);
  }
  const view = new DataView(source.buffer, source.byteOffset + element.dataOffset, needed);
  const values = new Float32Array(pixels);
  const isLittle = syntax !== BIG_ENDIAN;
  const unused = 32 - bits;
  for (let index = 0; index < pixels; index++) {
    const raw = allocated === 8 ? view.getUint8(index) : view.getUint16(index * 2, isLittle);
    values[index] = isSigned ? (raw << unused) >> unused : (raw << unused) >>> unused;
  }
  return values;
}

/** The first frame of encapsulated JPEG, 8 bits. */
async function jpegFrame(dataSet: DataSet, maxPixels: number): Promise<Float32Array> {
  const element = dataSet.elements.x7fe00010;
  if (element === undefined) throw new Error('no pixel data');
  const offsets =
    element.basicOffsetTable?.length === 0 ? createJPEGBasicOffsetTable(dataSet, element) : undefined;
  const frame = readEncapsulatedImageFrame(dataSet, element, 0, offsets);
  const { data, width, height } = await decodePicture(frame, maxPixels);
  if (width !== dataSet.uint16('x00280011') || height !== dataSet.uint16('x00280010')) {
    throw new Error(`a JPEG frame of ${width} × ${height} pixels in a file that says otherwise`);
  }
  return Float32Array.from(data, (value) => value / 257);
}

/** Stored values become what they stand for, in place. */
function rescale(dataSet: DataSet, values: Float32Array): void {
  const slope = dataSet.floatString('x00281053') ?? 1;
  const intercept = dataSet.floatString('x00281052') ?? 0;
  for (let index = 0; index < values.length; index++) values[index] = values[index] * slope + intercept;
}

/**
 * A deflated file (PS3.5 A.5) with what follows `start` inflated, no further than the largest picture allowed needs: 389 KB can
 * become 733 MB. The parser's own way is not bounded, and not there in a worker thread.
 */
function inflated(file: Uint8Array, start: number, maxPixels: number): Uint8Array {
  const maxOutputLength = 2 * maxPixels + DEFLATED_REST_BYTES;
  try {
    return Buffer.concat([
      file.subarray(0, start),
      inflateRawSync(file.subarray(start), { maxOutputLength }),
    ]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw error;
    throw new ImageFault('image-too-large', `a deflated file of more than ${maxOutputLength} bytes`);
  }
}

/** Lower and upper end of the window; undefined where there is none that can be used. */
function windowOf(dataSet: DataSet): [low: number, high: number] | undefined {
  const center = dataSet.floatString('x00281050', 0);
  const width = dataSet.floatString('x00281051', 0);
  if (center === undefined || width === undefined || !(width > 1)) return undefined;
  return [center - 0.5 - (width - 1) / 2, center - 0.5 + (width - 1) / 2];
}

function spanOf(values: Float32Array): [low: number, high: number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return high > low ? [low, high] : [low, low + 1];
}

function required(dataSet: DataSet, tag: string, name: string): number {
  const value = dataSet.uint16(tag);
  if (value === undefined || value === 0) throw new Error(`no ${name}`);
  return value;
}

function unsupported(what: string): ImageFault {
  return new ImageFault('image-unreadable', `${what} is not supported`);
}
