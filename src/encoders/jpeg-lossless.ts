const [SOF3, DHT, SOS, DRI, EOI] = [0xc3, 0xc4, 0xda, 0xdd, 0xd9];

/** Codes of one table, by length (ISO/IEC 10918-1, annex C and F.2.2.3). */
interface Huffman {
  /** The greatest code of each length, -1 where there is none. */
  readonly most: Int32Array;
  /** What is added to a code of a length to find its value. */
  readonly shift: Int32Array;
  readonly values: Uint8Array;
}

/** What stands before the samples. */
interface Header {
  readonly tables: ReadonlyMap<number, Huffman>;
  readonly precision: number;
  readonly width: number;
  readonly height: number;
  /** Samples between two restarts; 0 where there are none. */
  readonly restart: number;
  readonly table: number;
  readonly predictor: number;
  /** Bits that were cut off below. */
  readonly point: number;
  /** Where the samples begin. */
  readonly start: number;
}

/**
 * Samples of a lossless JPEG frame of one component (ISO/IEC 10918-1, annex H), 2 to 16 bits, any predictor, row by row.
 * @throws Error where it is damaged, or of another process.
 */
export function losslessJpeg(frame: Uint8Array, pixels: number): Uint16Array<ArrayBuffer> {
  const header = headerOf(frame);
  const { width, height, precision, predictor, point, restart, start } = header;
  if (width * height !== pixels) throw new Error(`a lossless JPEG of ${width} × ${height} pixels`);
  const table = header.tables.get(header.table);
  if (table === undefined) throw new Error('a lossless JPEG without its table');
  const bits = new Bits(frame, start);
  const out = new Uint16Array(pixels);
  const middle = 2 ** (precision - point - 1);
  // The first row after a start or restart is predicted from the left only.
  let firstRow = 0;
  for (let y = 0, left = restart; y < height; y++) {
    if (restart > 0 && left === 0) {
      bits.restart();
      left = restart;
      firstRow = y;
    }
    left -= width;
    for (let x = 0, at = y * width; x < width; x++, at++) {
      const isFirstRow = y === firstRow;
      const before = x > 0 ? out[at - 1] : isFirstRow ? middle : out[at - width];
      const predicted =
        isFirstRow || x === 0 ? before : predict(predictor, before, out[at - width], out[at - width - 1]);
      out[at] = predicted + bits.difference(table);
    }
  }
  if (point > 0) for (let at = 0; at < pixels; at++) out[at] <<= point;
  return out;
}

/** Table H.1: of the samples at the left, above, and above left. */
function predict(predictor: number, a: number, b: number, c: number): number {
  switch (predictor) {
    case 1:
      return a;
    case 2:
      return b;
    case 3:
      return c;
    case 4:
      return a + b - c;
    case 5:
      return a + ((b - c) >> 1);
    case 6:
      return b + ((a - c) >> 1);
    default:
      return (a + b) >> 1;
  }
}

function headerOf(frame: Uint8Array): Header {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const tables = new Map<number, Huffman>();
  let size = { precision: 0, height: 0, width: 0 };
  let restart = 0;
  let at = 2;
  while (at + 4 <= frame.length) {
    const marker = frame[at + 1];
    if (marker === 0xff) {
      at++;
      continue;
    }
    const [body, end] = [at + 4, at + 2 + view.getUint16(at + 2)];
    if (frame[at] !== 0xff || end < body || end > frame.length) break;
    if (marker === DHT) addTables(frame.subarray(body, end), tables);
    else if (marker === DRI) restart = view.getUint16(body);
    else if (marker === SOF3)
      size = { precision: frame[body], height: view.getUint16(body + 1), width: view.getUint16(body + 3) };
    else if (marker === SOS) {
      if (frame[body] !== 1 || end - body < 6) throw new Error('a lossless JPEG of several components');
      const [predictor, point] = [frame[body + 3], frame[body + 5] & 15];
      const { precision, width } = size;
      if (predictor < 1 || predictor > 7) throw new Error(`a lossless JPEG of predictor ${predictor}`);
      if (precision < 2 || precision > 16 || point >= precision)
        throw new Error(`a lossless JPEG of ${precision} bits`);
      if (restart % width !== 0) throw new Error('a lossless JPEG that starts again within a row');
      return { ...size, tables, restart, table: frame[body + 2] >> 4, predictor, point, start: end };
    }
    at = end;
  }
  throw new Error('a lossless JPEG without samples');
}

function addTables(segment: Uint8Array, tables: Map<number, Huffman>): void {
  for (let at = 0; at + 17 <= segment.length; ) {
    const id = segment[at] & 15;
    const [most, shift] = [new Int32Array(17).fill(-1), new Int32Array(17)];
    let [code, count] = [0, 0];
    for (let length = 1; length <= 16; length++) {
      const codes = segment[at + length];
      if (codes > 0) {
        shift[length] = count - code;
        code += codes;
        count += codes;
        most[length] = code - 1;
      }
      code <<= 1;
    }
    const values = segment.subarray(at + 17, at + 17 + count);
    if (values.length < count) throw new Error('a table of a lossless JPEG that is cut short');
    tables.set(id, { most, shift, values });
    at += 17 + count;
  }
}

/** The bits after a header; 0xFF is followed by a 0, or by a marker. */
class Bits {
  readonly #frame: Uint8Array;
  #at: number;
  #held = 0;
  #count = 0;

  constructor(frame: Uint8Array, start: number) {
    this.#frame = frame;
    this.#at = start;
  }

  /** The difference of a sample from what was predicted (H.1.2.2), modulo 2^16. */
  difference(table: Huffman): number {
    const size = this.#value(table);
    if (size === 0) return 0;
    if (size === 16) return 32_768;
    if (size > 16) throw new Error(`a difference of ${size} bits in a lossless JPEG`);
    const bits = this.#take(size);
    return bits < 2 ** (size - 1) ? bits - 2 ** size + 1 : bits;
  }

  /** Goes on after the next restart marker. */
  restart(): void {
    this.#count = 0;
    const frame = this.#frame;
    while (this.#at + 1 < frame.length) {
      const isMarker = frame[this.#at] === 0xff && frame[this.#at + 1] !== 0 && frame[this.#at + 1] !== 0xff;
      this.#at += isMarker ? 2 : 1;
      if (!isMarker) continue;
      if (frame[this.#at - 1] === EOI) break;
      return;
    }
    throw new Error('a lossless JPEG that is cut short');
  }

  #value({ most, shift, values }: Huffman): number {
    let code = 0;
    for (let length = 1; length <= 16; length++) {
      code = (code << 1) | this.#take(1);
      if (code <= most[length]) return values[code + shift[length]];
    }
    throw new Error('a code of a lossless JPEG that is in no table');
  }

  #take(count: number): number {
    while (this.#count < count) {
      const frame = this.#frame;
      if (this.#at >= frame.length) throw new Error('a lossless JPEG that is cut short');
      const byte = frame[this.#at];
      if (byte === 0xff && frame[this.#at + 1] !== 0) throw new Error('a lossless JPEG that is cut short');
      this.#at += byte === 0xff ? 2 : 1;
      this.#held = ((this.#held << 8) | byte) & 0xffffff;
      this.#count += 8;
    }
    this.#count -= count;
    return (this.#held >>> this.#count) & (2 ** count - 1);
  }
}
