/** What a compressed frame says of itself. */
export interface Codestream {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  /** Bits a sample. */
  readonly precision: number;
}

const START_OF_IMAGE = 0xffd8;
const START_OF_CODESTREAM = 0xff4f;
const SIZE = 0xff51;
/** Markers from SOF0 that begin no frame: DHT, JPG and DAC. */
const NO_FRAMES: ReadonlySet<number> = new Set([0xc4, 0xc8, 0xcc]);
/** SOF55, of JPEG-LS. */
const JPEG_LS_FRAME = 0xf7;

/** Reads the header of JPEG (ISO/IEC 10918-1), JPEG-LS (14495-1) or JPEG 2000 (15444-1); null where it is none of these, or cut short. */
export function codestreamOf(frame: Uint8Array): Codestream | null {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.length);
  if (bytes.length < 4) return null;
  const first = bytes.readUInt16BE(0);
  if (first === START_OF_CODESTREAM) return ofJpeg2000(bytes);
  return first === START_OF_IMAGE ? ofJpeg(bytes) : null;
}

/** One that is not shifted on its grid, nor sampled more coarsely than it. */
function ofJpeg2000(bytes: Buffer): Codestream | null {
  if (bytes.length < 45 || bytes.readUInt16BE(2) !== SIZE) return null;
  const [width, height] = [bytes.readUInt32BE(8), bytes.readUInt32BE(12)];
  const isShifted = bytes.readUInt32BE(16) !== 0 || bytes.readUInt32BE(20) !== 0;
  const isSampled = bytes[43] !== 1 || bytes[44] !== 1;
  if (isShifted || isSampled) return null;
  return { width, height, components: bytes.readUInt16BE(40), precision: (bytes[42] & 0x7f) + 1 };
}

function ofJpeg(bytes: Buffer): Codestream | null {
  let at = 2;
  while (at + 10 <= bytes.length) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1];
    // Fill bytes before a marker (ISO/IEC 10918-1, B.1.1.2).
    if (marker === 0xff) {
      at++;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && !NO_FRAMES.has(marker);
    if (isFrame || marker === JPEG_LS_FRAME) {
      const [height, width] = [bytes.readUInt16BE(at + 5), bytes.readUInt16BE(at + 7)];
      return { width, height, components: bytes[at + 9], precision: bytes[at + 4] };
    }
    const length = bytes.readUInt16BE(at + 2);
    if (length < 2) return null;
    at += 2 + length;
  }
  return null;
}
