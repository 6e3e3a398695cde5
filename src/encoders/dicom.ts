import { createRequire } from 'node:module';
import { inflateRawSync } from 'node:zlib';
import type { DataSet } from 'dicom-parser';
import { decodePicture, type GreyImage } from './decode-image.js';
import { toGrey } from './dicom-grey.js';
import { DICOM_RADIOGRAPHS, statedBy } from './dicom-header.js';
import { whyNotFrontalChest } from './frontal-chest.js';
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

/**
 * The first frame of a DICOM file as it is to be shown (`toGrey`), if its header does not say that it is anything but a
 * frontal chest radiograph.
 * @throws ImageFault where it says so, or the picture is too large or of a kind that is not supported; Error where it is damaged.
 */
export async function decodeDicom(bytes: Uint8Array, maxPixels: number): Promise<GreyImage> {
  const { dataSet, damage } = parsed(bytes, maxPixels);
  const why = whyNotFrontalChest(statedBy(dataSet), DICOM_RADIOGRAPHS);
  if (why !== null) throw new ImageFault('not-a-chest-radiograph', `the header says ${why}`);
  if (damage !== null) throw new Error(damage);
  const [height, width] = [required(dataSet, 'x00280010', 'Rows'), required(dataSet, 'x00280011', 'Columns')];
  if (width * height > maxPixels) {
    throw new ImageFault('image-too-large', `${width} × ${height} pixels; at most ${maxPixels}`);
  }
  const photometric = dataSet.string('x00280004') ?? 'MONOCHROME2';
  const samples = dataSet.uint16('x00280002') ?? 1;
  if (samples !== 1 || !photometric.startsWith('MONOCHROME')) {
    throw unsupported(`photometric interpretation ${photometric} with ${samples} samples a pixel`);
  }
  const isSigned = dataSet.uint16('x00280103') === 1;
  const syntax = dataSet.string('x00020010') ?? '1.2.840.10008.1.2';
  const values =
    syntax === JPEG_BASELINE
      ? await jpegFrame(dataSet, maxPixels)
      : plainFrame(dataSet, syntax, width * height, isSigned);
  return toGrey(dataSet, { width, height, values, isSigned });
}

/** What can be read of a file; `damage` says why there is no more of it. */
function parsed(bytes: Uint8Array, maxPixels: number): { dataSet: DataSet; damage: string | null } {
  const inflater = (file: Uint8Array, start: number) => inflated(file, start, maxPixels);
  try {
    return { dataSet: parseDicom(bytes, { inflater }), damage: null };
  } catch (error) {
    if (error instanceof ImageFault) throw error;
    // The parser throws what it has with a text, a text alone, or an Error.
    const { dataSet, exception = error } = (error ?? {}) as { dataSet?: DataSet; exception?: unknown };
    const cause = exception instanceof Error ? exception.message : String(exception);
    const damage = `the DICOM file is damaged or cut short: ${cause}`;
    if (dataSet === undefined) throw new Error(damage);
    return { dataSet, damage };
  }
}

/** Stored values of the first frame, 8 to 16 bits, signed or not. */
function plainFrame(dataSet: DataSet, syntax: string, pixels: number, isSigned: boolean): Float32Array {
  if (!PLAIN.has(syntax)) throw unsupported(`transfer syntax ${syntax}`);
  const element = dataSet.elements.x7fe00010;
  if (element === undefined) throw new Error('no pixel data');
  const allocated = required(dataSet, 'x00280100', 'Bits Allocated');
  if (allocated !== 8 && allocated !== 16) throw unsupported(`${allocated} bits a pixel`);
  const bits = dataSet.uint16('x00280101') ?? allocated;
  const highest = dataSet.uint16('x00280102') ?? bits - 1;
  if (bits < 1 || bits > allocated) throw new Error(`${bits} bits stored of ${allocated}`);
  if (highest < bits - 1 || highest >= allocated) throw new Error(`${bits} bits stored up to bit ${highest}`);
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
  const [above, unused] = [31 - highest, 32 - bits];
  for (let index = 0; index < pixels; index++) {
    const raw = allocated === 8 ? view.getUint8(index) : view.getUint16(index * 2, isLittle);
    values[index] = isSigned ? (raw << above) >> unused : (raw << above) >>> unused;
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
  const { data, width, height } = await decodePicture(frame, maxPixels, 'as-stored');
  if (width !== dataSet.uint16('x00280011') || height !== dataSet.uint16('x00280010')) {
    throw new Error(`a JPEG frame of ${width} × ${height} pixels in a file that says otherwise`);
  }
  return Float32Array.from(data, (value) => value / 257);
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

function required(dataSet: DataSet, tag: string, name: string): number {
  const value = dataSet.uint16(tag);
  if (value === undefined || value === 0) throw new Error(`no ${name}`);
  return value;
}

function unsupported(what: string): ImageFault {
  return new ImageFault('image-unreadable', `${what} is not supported`);
}
