/** One record of a file: a row, which quotes may spread over lines. */
export interface CsvRecord {
  /** As it stands in the file, without what ends it. */
  readonly bytes: Buffer;
  /** It is longer than one may be, or a quote in it never ends: this is its first line, and what follows is read as rows. */
  readonly isBroken: boolean;
}

/** Bytes of a record at most. */
const MOST_BYTES = 65_536;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const QUOTE = 0x22;

/** The records of a CSV file (RFC 4180), of which the delimiter is one ASCII character; empty lines are none. */
export async function* recordsOf(
  chunks: AsyncIterable<Buffer>,
  delimiter: string,
): AsyncGenerator<CsvRecord> {
  const mark = delimiter.charCodeAt(0);
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    rest = yield* taken(rest, mark, false);
  }
  yield* taken(rest, mark, true);
}

/** Yields the records that are whole, and returns what is left. */
function* taken(bytes: Buffer, mark: number, isLast: boolean): Generator<CsvRecord, Buffer> {
  let start = 0;
  while (start < bytes.length) {
    const found = endOf(bytes, start, mark);
    const isShort = (found < 0 ? bytes.length : found) - start <= MOST_BYTES;
    if (found < 0 && isShort && !isLast) break;
    const isBroken = !isShort || found === WITHIN_QUOTES;
    let end = found < 0 ? bytes.length : found;
    if (isBroken) {
      const line = bytes.indexOf(LINE_FEED, start);
      end = Math.min(line < 0 ? bytes.length : line, start + MOST_BYTES);
    }
    const stop = bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    if (stop > start) yield { bytes: bytes.subarray(start, stop), isBroken };
    start = bytes[end] === LINE_FEED ? end + 1 : end;
  }
  return bytes.subarray(start);
}

/** What there is ends without a line feed; or within quotes. */
const UNENDED = -1;
const WITHIN_QUOTES = -2;

/** Where the line feed of the record stands. */
function endOf(bytes: Buffer, start: number, mark: number): number {
  let isQuoted = false;
  let isAtStart = true;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at];
    if (isQuoted) {
      if (byte !== QUOTE) continue;
      if (bytes[at + 1] === QUOTE) at++;
      else isQuoted = false;
    } else if (byte === LINE_FEED) return at;
    else if (byte === mark) isAtStart = true;
    else {
      isQuoted = isAtStart && byte === QUOTE;
      isAtStart = false;
    }
  }
  return isQuoted ? WITHIN_QUOTES : UNENDED;
}

/** The cells of a record; null where something stands between a quote that ends and the next delimiter. */
export function cellsOf(text: string, delimiter: string): string[] | null {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    let end: number;
    if (text[at] === '"') {
      let close = text.indexOf('"', at + 1);
      while (close >= 0 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
      if (close < 0) return null;
      cells.push(text.slice(at + 1, close).replaceAll('""', '"'));
      end = close + 1;
      if (end < text.length && text[end] !== delimiter) return null;
    } else {
      end = text.indexOf(delimiter, at);
      if (end < 0) end = text.length;
      cells.push(text.slice(at, end));
    }
    if (end >= text.length) return cells;
    at = end + 1;
  }
}
