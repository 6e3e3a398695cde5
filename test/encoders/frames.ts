/** Run-length encoding (PS3.5 annex G), of literal runs and, where three bytes are equal, of repeated ones. */
export function rleFrameOf(values: Uint16Array | Uint8Array): Uint8Array {
  const bytesEach = values.BYTES_PER_ELEMENT;
  const segments: Buffer[] = [];
  for (let place = bytesEach - 1; place >= 0; place--) {
    const bytes = Array.from(values, (value) => (value >> (8 * place)) & 255);
    segments.push(packed(bytes));
  }
  const head = Buffer.alloc(64);
  head.writeUInt32LE(segments.length, 0);
  let at = 64;
  for (const [index, segment] of segments.entries()) {
    head.writeUInt32LE(at, 4 + 4 * index);
    at += segment.length;
  }
  return Buffer.concat([head, ...segments]);
}

function packed(bytes: readonly number[]): Buffer {
  const out: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    let same = 1;
    while (same < 128 && bytes[at + same] === bytes[at]) same++;
    if (same >= 3) {
      out.push(257 - same, bytes[at]);
      at += same;
      continue;
    }
    const literal = bytes.slice(at, at + Math.min(5, bytes.length - at));
    out.push(literal.length - 1, ...literal, 128);
    at += literal.length;
  }
  if (out.length % 2 === 1) out.push(128);
  return Buffer.from(out);
}

export interface LosslessOptions {
  readonly columns: number;
  readonly precision: number;
  readonly predictor: number;
  readonly point?: number;
  readonly restartRows?: number;
}

/** Lossless JPEG (ISO/IEC 10918-1, annex H) of one component; each category has a code of five bits. */
export function losslessFrame(values: Uint16Array, options: LosslessOptions): Uint8Array {
  const { columns, precision, predictor, point = 0, restartRows = 0 } = options;
  const rows = values.length / columns;
  const segment = (marker: number, ...body: number[]) => [
    0xff,
    marker,
    (body.length + 2) >> 8,
    (body.length + 2) & 255,
    ...body,
  ];
  const counts = [0, 0, 0, 0, 17, ...new Array(11).fill(0)];
  const restart = restartRows * columns;
  const head = [
    0xff,
    0xd8,
    ...segment(0xc4, 0, ...counts, ...Array.from({ length: 17 }, (_, category) => category)),
    ...segment(0xc3, precision, rows >> 8, rows & 255, columns >> 8, columns & 255, 1, 1, 0x11, 0),
    ...(restart === 0 ? [] : segment(0xdd, restart >> 8, restart & 255)),
    ...segment(0xda, 1, 1, 0, predictor, 0, point),
  ];
  const out: number[] = [];
  let bits: number[] = [];
  const flush = () => {
    while (bits.length % 8 !== 0) bits.push(1);
    for (let at = 0; at < bits.length; at += 8) {
      const byte = Number.parseInt(bits.slice(at, at + 8).join(''), 2);
      out.push(byte, ...(byte === 0xff ? [0] : []));
    }
    bits = [];
  };
  const put = (value: number, count: number) => {
    for (let bit = count - 1; bit >= 0; bit--) bits.push((value >> bit) & 1);
  };
  const at = (x: number, y: number) => values[y * columns + x] >> point;
  let restarts = 0;
  for (let y = 0; y < rows; y++) {
    const isFirst = y === 0 || (restartRows > 0 && y % restartRows === 0);
    if (isFirst && y > 0) {
      flush();
      out.push(0xff, 0xd0 + (restarts++ % 8));
    }
    for (let x = 0; x < columns; x++) {
      let predicted: number;
      if (x === 0) predicted = isFirst ? 2 ** (precision - point - 1) : at(0, y - 1);
      else if (isFirst) predicted = at(x - 1, y);
      else {
        const [a, b, c] = [at(x - 1, y), at(x, y - 1), at(x - 1, y - 1)];
        predicted = [a, b, c, a + b - c, a + ((b - c) >> 1), b + ((a - c) >> 1), (a + b) >> 1][predictor - 1];
      }
      const difference = at(x, y) - predicted;
      const category = difference === 0 ? 0 : Math.floor(Math.log2(Math.abs(difference))) + 1;
      put(category, 5);
      put(difference < 0 ? difference + 2 ** category - 1 : difference, category);
    }
  }
  flush();
  return Uint8Array.from([...head, ...out, 0xff, 0xd9]);
}
