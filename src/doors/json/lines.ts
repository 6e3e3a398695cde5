/** One line of a stream. */
export interface Line {
  /** Without what ends it; of one that is too long, its beginning. */
  readonly bytes: Buffer;
  readonly isTooLong: boolean;
}

const LINE_FEED = 0x0a;

/** The lines of a stream of bytes, the last also where nothing ends it. Of a line that is too long the rest is read and dropped. */
export async function* linesOf(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let length = 0;
  let isTooLong = false;
  const add = (part: Buffer) => {
    if (length + part.length > maxBytes) isTooLong = true;
    const kept = part.subarray(0, maxBytes - length);
    if (kept.length > 0) parts.push(kept);
    length += kept.length;
  };
  const take = (): Line => {
    const line = { bytes: Buffer.concat(parts), isTooLong };
    parts = [];
    length = 0;
    isTooLong = false;
    return line;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, start)) {
      add(chunk.subarray(start, at));
      yield take();
      start = at + 1;
    }
    add(chunk.subarray(start));
  }
  if (length > 0 || isTooLong) yield take();
}
