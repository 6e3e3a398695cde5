import { createRequire } from 'node:module';
import { constants, inflateRawSync } from 'node:zlib';
import type { DataSet } from 'dicom-parser';
import { ImageFault } from './image-fault.js';

// The package is CommonJS built by webpack: named imports of it are not seen.
const parser = createRequire(import.meta.url)('dicom-parser') as typeof import('dicom-parser');
export const { createJPEGBasicOffsetTable, readEncapsulatedPixelDataFromFragments } = parser;

/** Of a deflated file, what may come beside two bytes a pixel. */
const DEFLATED_REST_BYTES = 1_048_576;
/** A header is looked for in so many bytes; of a deflated file, in so many before they are inflated. */
const HEADER_BYTES = 1_048_576;
const DEFLATED_HEADER_BYTES = 65_536;

/** What can be read of a file; `damage` says why there is no more of it. */
export interface ParsedDicom {
  readonly dataSet: DataSet;
  readonly damage: string | null;
}

/** The whole of a file. @throws ImageFault where it is inflated to more than the largest picture needs; Error where it is no DICOM. */
export function parseFile(bytes: Uint8Array, maxPixels: number): ParsedDicom {
  return parsed(bytes, { inflater: (file, start) => inflated(file, start, maxPixels) });
}

/**
 * What stands before the pixels, which may be at its end; where that is more than 1 MiB, as much of it. Takes milliseconds, whatever
 * the file is. @throws Error where it is no DICOM.
 */
export function parseHeader(bytes: Uint8Array): ParsedDicom {
  const beginning = bytes.subarray(0, HEADER_BYTES);
  return parsed(beginning, { inflater: inflatedHeader, untilTag: 'x7fe00010' });
}

type Inflater = (file: Uint8Array, start: number) => Uint8Array;

function parsed(
  bytes: Uint8Array,
  options: { readonly inflater: Inflater; readonly untilTag?: string },
): ParsedDicom {
  try {
    return { dataSet: parser.parseDicom(bytes, options), damage: null };
  } catch (error) {
    if (error instanceof ImageFault) throw error;
    // The parser throws what it has with a text, a text alone, or an Error.
    const { dataSet, exception = error } = (error ?? {}) as { dataSet?: DataSet; exception?: unknown };
    const cause = exception instanceof Error ? exception.message : String(exception);
    const damage = `the DICOM file is damaged or cut short: ${cause}`;
    if (dataSet === undefined) throw new Error(damage);
    // It leaves out what stands before the data set.
    Object.assign(dataSet.elements, parser.readPart10Header(bytes).elements);
    return { dataSet, damage };
  }
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

/** As much as the first bytes give: deflate makes a thousand of one at most. */
function inflatedHeader(file: Uint8Array, start: number): Uint8Array {
  const beginning = file.subarray(start, start + DEFLATED_HEADER_BYTES);
  const whole = inflateRawSync(beginning, { finishFlush: constants.Z_SYNC_FLUSH });
  return Buffer.concat([file.subarray(0, start), whole.subarray(0, HEADER_BYTES)]);
}
