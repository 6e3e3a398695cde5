const LONGEST_BOUNDARY = 70;
const HEADERS_END = Buffer.from('\r\n\r\n');
const MOST_PARTS = 1000;

/** A part of a multipart body. */
export interface Part {
  /** Media type, in lower case, without parameters; empty where none is stated. */
  readonly type: string;
  readonly bytes: Buffer;
}

/** The boundary of a multipart/related media type (RFC 2387); null where it is none. */
export function boundaryOf(contentType: string): string | null {
  if (!/^multipart\/related\s*;/i.test(contentType)) return null;
  const match = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2] ?? '';
  return boundary.length > 0 && boundary.length <= LONGEST_BOUNDARY ? boundary : null;
}

/** The parts of a body (RFC 2046, 5.1.1); null where it is cut short, or is of too many parts. */
export function partsOf(body: Buffer, boundary: string): Part[] | null {
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  const opening = delimiter.subarray(2);
  let at = body.subarray(0, opening.length).equals(opening) ? opening.length : after(body, delimiter, 0);
  const parts: Part[] = [];
  while (at >= 0) {
    if (body.toString('latin1', at, at + 2) === '--') return parts;
    const next = body.indexOf(delimiter, at);
    if (next < 0 || parts.length >= MOST_PARTS) return null;
    parts.push(partOf(body.subarray(at, next)));
    at = next + delimiter.length;
  }
  return null;
}

function after(body: Buffer, delimiter: Buffer, from: number): number {
  const at = body.indexOf(delimiter, from);
  return at < 0 ? -1 : at + delimiter.length;
}

/** From the end of its delimiter: white space, headers, an empty line, content. */
function partOf(bytes: Buffer): Part {
  const end = bytes.indexOf(HEADERS_END);
  if (end < 0) return { type: '', bytes };
  const headers = bytes.toString('latin1', 0, end);
  const type = /^content-type:\s*([^\s;]+)/im.exec(headers)?.[1] ?? '';
  return { type: type.toLowerCase(), bytes: bytes.subarray(end + HEADERS_END.length) };
}
