/** What can be told of an encoded picture from its first bytes, without decoding it. */
export interface ImageHeader {
  readonly format: 'png' | 'jpeg' | 'dicom';
  /** Pixels; 0 where the header does not tell (DICOM). */
  readonly width: number;
  readonly height: number;
}

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const DICOM_PREAMBLE_BYTES = 128;

/** Reads format and size; null where the bytes are no PNG, JPEG or DICOM file, or the header is cut short. */
export function readImageHeader(bytes: Buffer): ImageHeader | null {
  return readPng(bytes) ?? readJpeg(bytes) ?? readDicom(bytes);
}

function readPng(bytes: Buffer): ImageHeader | null {
  if (bytes.length < 33 || !bytes.subarray(0, 8).equals(PNG_SIGNATURE)) return null;
  if (bytes.toString('latin1', 12, 16) !== 'IHDR') return null;
  return sized('png', bytes.readUInt32BE(16), bytes.readUInt32BE(20));
}

function readJpeg(bytes: Buffer): ImageHeader | null {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return null;
  let position = 2;
  while (position + 9 <= bytes.length) {
    if (bytes[position] !== 0xff) return null;
    const marker = bytes[position + 1];
    // Fill bytes before a marker (ISO/IEC 10918-1, B.1.1.2).
    if (marker === 0xff) {
      position++;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return sized('jpeg', bytes.readUInt16BE(position + 7), bytes.readUInt16BE(position + 5));
    const length = bytes.readUInt16BE(position + 2);
    if (length < 2) return null;
    position += 2 + length;
  }
  return null;
}

function readDicom(bytes: Buffer): ImageHeader | null {
  if (bytes.length < DICOM_PREAMBLE_BYTES + 4) return null;
  const magic = bytes.toString('latin1', DICOM_PREAMBLE_BYTES, DICOM_PREAMBLE_BYTES + 4);
  return magic === 'DICM' ? { format: 'dicom', width: 0, height: 0 } : null;
}

function sized(format: 'png' | 'jpeg', width: number, height: number): ImageHeader | null {
  return width > 0 && height > 0 ? { format, width, height } : null;
}
