/** Frames of Zstandard (RFC 8878) for tests, since nothing here makes them. */

const BLOCK_BYTES = 131_072;

/** What the next two frames become; the reference implementation made them, level 3. */
export const ZSTD_TEXT = Array.from(
  { length: 200 },
  (_, index) => `{"patientId":"p${index}","heartRate":${60 + (index % 40)}}`,
).join('');
/** As a producer streams it: without a word of how much it becomes. */
export const ZSTD_STREAMED = Buffer.from(
  [
    '28b52ffd0058ed0b00061b381880294907aa060f7c72b21b65e4509252eebd77ef41885c543f002a003100cff33ccff3',
    '3c4fa552a9542a954aa5c2c1c1c1c1c1c1c1418e6fc9ad8a6846648c86620184c18160e0b04060704000108502114014',
    '081c120c100e040a04439cf3755dd7755dd7759d73ce39e79cb3ebbaaeebbaaeeb582c168bc562b158acd168341a8d46',
    'a3d1e809a552a9542a95381c0e87c3e170389cc96432994c2693c9e4f1783c1e8fc7e3478b162d5ab468d1a2458b1683',
    '73ce39e7010dffffffffffb76ddbb66ddbb62d499224499224496edbb66ddbb66ddb755dd7755dd775954aa5818ea821',
    'f8f6ff0cc16754ab0111fc86e3f90164abed66dbd2b6d96eb5ed6c5bed36dbaeb6cd6eabed66dbeab6d96eb56d6d5bed',
    '36dbb636bb0b4b76b5ea7c00e70038ffbf79ffcdf76f3cffe6f737afbff9fccd97f85bd0fff7fdf7fffffffdfffefffe',
    'bfffbfffdfffdffff7fff7fffbfffdfffefffebf5fbd7ab77aaf7aa77a9f7a97fa1ef50ef53e3dbd39a565b92c8be5b2',
    '848221425a05',
  ].join(''),
  'hex',
);
export const ZSTD_DECLARED = Buffer.from(
  [
    '28b52ffd60ea19ed0b00061b381880294907aa060f7c72b21b65e4509252eebd77ef41885c543f002a003100cff33ccf',
    'f33c4fa552a9542a954aa5c2c1c1c1c1c1c1c1418e6fc9ad8a6846648c86620184c18160e0b040607040001085021140',
    '14081c120c100e040a04439cf3755dd7755dd7759d73ce39e79cb3ebbaaeebbaaeeb582c168bc562b158acd168341a8d',
    '46a3d1e809a552a9542a95381c0e87c3e170389cc96432994c2693c9e4f1783c1e8fc7e3478b162d5ab468d1a2458b16',
    '8373ce39e7010dffffffffffb76ddbb66ddbb62d499224499224496edbb66ddbb66ddb755dd7755dd775954aa5818ea8',
    '21f8f6ff0cc16754ab0111fc86e3f90164abed66dbd2b6d96eb5ed6c5bed36dbaeb6cd6eabed66dbeab6d96eb56d6d5b',
    'ed36dbb636bb0b4b76b5ea7c00e70038ffbf79ffcdf76f3cffe6f737afbff9fccd97f85bd0fff7fdf7fffffffdfffeff',
    'febfffbfffdfffdffff7fff7fffbfffdfffefffebf5fbd7ab77aaf7aa77a9f7a97fa1ef50ef53e3dbd39a565b92c8be5',
    'b2848221425a05',
  ].join(''),
  'hex',
);
/** Ten letters streamed at level 22: a window of 128 MiB. */
export const LEVEL_22 = Buffer.from('28b52ffd008851000078787878787878787878', 'hex');

/** So many spaces in blocks of one repeated byte, with what the frame says of its size, by default nothing, and of the window. */
export function zstdBomb(bytes: number, declared?: number, windowLog = 17): Buffer {
  const head = Buffer.alloc(declared === undefined ? 6 : 9);
  head.writeUInt32LE(0xfd2fb528, 0);
  if (declared === undefined) {
    head[5] = (windowLog - 10) << 3;
  } else {
    head[4] = 0xa0;
    head.writeUInt32LE(declared, 5);
  }
  const blocks = Buffer.alloc(Math.ceil(bytes / BLOCK_BYTES) * 4);
  for (let at = 0, left = bytes; left > 0; at += 4, left -= BLOCK_BYTES) {
    const size = Math.min(left, BLOCK_BYTES);
    blocks.writeUIntLE(size * 8 + 2 + (left <= BLOCK_BYTES ? 1 : 0), at, 3);
    blocks[at + 3] = 0x20;
  }
  return Buffer.concat([head, blocks]);
}
