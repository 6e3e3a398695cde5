const HEADER_BYTES = 64;

/**
 * A frame of run-length encoding (PS3.5 annex G), grey of 8 or 16 bits: one segment for each byte of a sample, the higher one first.
 * Gives the lower byte first. @throws Error where it is damaged.
 */
export function rleFrame(frame: Uint8Array, pixels: number, allocated: 8 | 16): Uint8Array {
  const bytesEach = allocated / 8;
  if (frame.length < HEADER_BYTES) throw new Error('a run-length frame without its header');
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const segments = view.getUint32(0, true);
  if (segments !== bytesEach) throw new Error(`${segments} run-length segments; ${bytesEach} are needed`);
  const out = new Uint8Array(pixels * bytesEach);
  for (let segment = 0; segment < segments; segment++) {
    const start = view.getUint32(4 + 4 * segment, true);
    const end = segment + 1 < segments ? view.getUint32(8 + 4 * segment, true) : frame.length;
    if (start < HEADER_BYTES || end < start || end > frame.length)
      throw new Error('a run-length segment that lies outside of its frame');
    unpack(frame.subarray(start, end), out, bytesEach - 1 - segment, bytesEach);
  }
  return out;
}

/** Every `step`th byte of `out` from `first` (PS3.5 G.3.1: PackBits). */
function unpack(segment: Uint8Array, out: Uint8Array, first: number, step: number): void {
  let to = first;
  let at = 0;
  while (to < out.length) {
    if (at >= segment.length) throw new Error('a run-length segment that is cut short');
    const head = (segment[at++] << 24) >> 24;
    // Of no meaning.
    if (head === -128) continue;
    const isRun = head < 0;
    const count = isRun ? 1 - head : 1 + head;
    if (at + (isRun ? 1 : count) > segment.length) throw new Error('a run-length segment that is cut short');
    for (let index = 0; index < count && to < out.length; index++, to += step) {
      out[to] = segment[isRun ? at : at + index];
    }
    at += isRun ? 1 : count;
  }
}
