import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { pipeline } from 'node:stream';
import avro from 'avsc';

const MAGIC = Buffer.from('Obj\u0001');
/** Bytes of the marker that ends a header and each block. */
const MARKER = 16;
/** More than any header of ours has. */
const MOST_HEADER = 1 << 20;

/**
 * The records of an Avro container file.
 * @throws Error where it ends within its header: avsc would look for the rest of it for ever.
 */
export function readContainer(file: string): avro.streams.BlockDecoder {
  if (!hasWholeHeader(startOf(file))) throw new Error('it ends within its header');
  const decoder = new avro.streams.BlockDecoder();
  // Whoever reads the decoder gets the errors of the file.
  pipeline(createReadStream(file), decoder, () => undefined);
  return decoder;
}

/** Whether a file that begins as a container has all of its header: a map of texts and bytes, then the marker. */
function hasWholeHeader(bytes: Buffer): boolean {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC.subarray(0, bytes.length))) return true;
  let at = MAGIC.length;
  /** The next long; NaN where the bytes end. */
  const long = (): number => {
    let value = 0;
    for (let factor = 1; at < bytes.length; factor *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    return Number.NaN;
  };
  for (;;) {
    const count = long();
    if (Number.isNaN(count)) return false;
    if (count === 0) return at + MARKER <= bytes.length;
    if (count < 0) long();
    for (let part = 0; part < 2 * Math.abs(count); part++) {
      const size = long();
      at += size;
      if (!(at <= bytes.length)) return false;
    }
  }
}

function startOf(file: string): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(MOST_HEADER);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(descriptor);
  }
}
