import kafkajs from 'kafkajs';

/**
 * Codecs of a record batch, beside gzip, which kafkajs has: producers choose theirs, and a batch that cannot be read ends the run. Each
 * is loaded with the first batch that needs it, for most streams need none.
 */

/** What Java's snappy puts before its blocks, each after its length; others compress the batch as one block. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;

/** Blocks of Java's framing, or the one block there is. */
export async function decompressSnappy(bytes: Buffer): Promise<Buffer> {
  const { uncompress } = await import('snappy');
  const isFramed = bytes.length >= XERIAL_HEADER_BYTES && bytes.subarray(0, XERIAL.length).equals(XERIAL);
  if (!isFramed) return (await uncompress(bytes)) as Buffer;
  const blocks: Promise<Buffer>[] = [];
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length; ) {
    const start = at + 4;
    at = start + bytes.readUInt32BE(at);
    blocks.push(uncompress(bytes.subarray(start, at)) as Promise<Buffer>);
  }
  return Buffer.concat(await Promise.all(blocks));
}

const DECOMPRESS: Readonly<Record<number, (bytes: Buffer) => Promise<Buffer>>> = {
  [kafkajs.CompressionTypes.Snappy]: decompressSnappy,
  [kafkajs.CompressionTypes.LZ4]: async (bytes) => (await import('lz4-napi')).decompressFrame(bytes),
  [kafkajs.CompressionTypes.ZSTD]: async (bytes) => {
    const { decompressZstd } = await import('hyparquet-compressors');
    return Buffer.from(decompressZstd(bytes));
  },
};

/** Has kafkajs read batches of every codec that Kafka has. */
export function readAllCodecs(): void {
  const codecs: Record<number, () => object> = kafkajs.CompressionCodecs;
  for (const [type, decompress] of Object.entries(DECOMPRESS)) codecs[Number(type)] = () => ({ decompress });
}
