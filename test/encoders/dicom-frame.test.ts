import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstFrame } from '../../src/encoders/dicom-frame.js';
import { parseFile } from '../../src/encoders/parse-dicom.js';
import { type DicomFields, dicomFile } from './dicom-file.js';
import { losslessFrame, rleFrameOf } from './frames.js';

const REAL = '../shared/data/dicom';
const MAX = 32_000_000;
const SYNTAX = {
  rle: '1.2.840.10008.1.2.5',
  lossless: '1.2.840.10008.1.2.4.57',
  firstOrder: '1.2.840.10008.1.2.4.70',
  ls: '1.2.840.10008.1.2.4.80',
  j2k: '1.2.840.10008.1.2.4.90',
} as const;

/** An encoder of the cornerstone codecs. */
interface Encoder {
  getDecodedBuffer(info: object): Uint8Array;
  encode(): void;
  getEncodedBuffer(): Uint8Array;
  delete(): void;
}

async function encoded(
  packageName: string,
  name: string,
  values: Uint16Array,
  columns: number,
  bits: number,
) {
  const require = createRequire(import.meta.url);
  const wasmBinary = readFileSync(require.resolve(`${packageName}/wasm`));
  const codec = (await require(`${packageName}/wasmjs`)({ wasmBinary })) as Record<string, new () => Encoder>;
  const encoder = new codec[name]();
  const info = {
    width: columns,
    height: values.length / columns,
    bitsPerSample: bits,
    componentCount: 1,
    isSigned: false,
  };
  encoder.getDecodedBuffer(info).set(new Uint8Array(values.buffer));
  encoder.encode();
  const frame = Uint8Array.from(encoder.getEncodedBuffer());
  encoder.delete();
  return frame;
}

const CODECS: Record<string, (values: Uint16Array, columns: number) => Promise<Uint8Array> | Uint8Array> = {
  [SYNTAX.rle]: (values) => rleFrameOf(values),
  [SYNTAX.lossless]: (values, columns) => losslessFrame(values, { columns, precision: 12, predictor: 6 }),
  [SYNTAX.firstOrder]: (values, columns) => losslessFrame(values, { columns, precision: 12, predictor: 1 }),
  [SYNTAX.ls]: (values, columns) =>
    encoded('@cornerstonejs/codec-charls', 'JpegLSEncoder', values, columns, 12),
  [SYNTAX.j2k]: (values, columns) =>
    encoded('@cornerstonejs/codec-openjpeg', 'J2KEncoder', values, columns, 12),
};

/** Of 12 bits: steps, noise and both ends. */
function picture(columns: number, rows: number): Uint16Array {
  return Uint16Array.from({ length: columns * rows }, (_, index) =>
    index % 7 === 0 ? 4095 : index % 11 === 0 ? 0 : (index * 37 + ((index * index) % 255)) % 4096,
  );
}

const stored = async (fields: Partial<DicomFields>, frame: Uint8Array) => {
  const all = { rows: 40, columns: 33, bitsAllocated: 16, bitsStored: 12, ...fields } as const;
  const { dataSet } = parseFile(dicomFile(all, frame), MAX);
  return (await firstFrame(dataSet, MAX)).values;
};

describe('the first frame', () => {
  it.each(['1.2.3', 'constructor', '__proto__'])(
    'of transfer syntax %s is not read',
    async (transferSyntax) => {
      await expect(stored({ transferSyntax }, Buffer.alloc(2640))).rejects.toThrow(
        `transfer syntax ${transferSyntax} is not supported`,
      );
    },
  );

  it.each(Object.entries(CODECS))(
    'of transfer syntax %s is what was compressed',
    async (transferSyntax, encode) => {
      const values = picture(33, 40);
      const frame = await encode(values, 33);
      expect(Array.from(await stored({ transferSyntax }, frame))).toEqual(Array.from(values));
    },
  );

  it.each(Object.entries(CODECS))(
    'of transfer syntax %s that is damaged or of another size is refused, and the next is read',
    async (transferSyntax, encode) => {
      const values = picture(33, 40);
      const frame = await encode(values, 33);
      for (const rows of [39, 41]) {
        if (transferSyntax === SYNTAX.rle && rows === 39) continue;
        await expect(stored({ transferSyntax, rows }, frame)).rejects.toThrow();
      }
      await expect(stored({ transferSyntax }, frame.subarray(0, 12))).rejects.toThrow();
      await fc.assert(
        fc.asyncProperty(fc.nat(frame.length - 1), fc.nat(255), fc.boolean(), async (place, byte, isCut) => {
          const bytes = Uint8Array.from(frame);
          bytes[place] = byte;
          await stored({ transferSyntax }, isCut ? bytes.subarray(0, place) : bytes).then(
            (read) => expect(read.length).toBe(values.length),
            (error: unknown) =>
              expect((error as Error).message).not.toMatch(/object Object|undefined|is not a function/),
          );
        }),
        { numRuns: 25 },
      );
      expect(Array.from(await stored({ transferSyntax }, frame))).toEqual(Array.from(values));
    },
  );

  it.each([1, 2, 3, 4, 5, 6, 7])(
    'of lossless JPEG is read by predictor %i, with restarts and cut bits',
    async (predictor) => {
      const values = picture(33, 40);
      const options = { columns: 33, precision: 12, predictor, restartRows: 9 };
      const transferSyntax = SYNTAX.lossless;
      expect(Array.from(await stored({ transferSyntax }, losslessFrame(values, options)))).toEqual(
        Array.from(values),
      );
      const cut = values.map((value) => value & ~3);
      const frame = losslessFrame(cut, { ...options, point: 2 });
      expect(Array.from(await stored({ transferSyntax }, frame))).toEqual(Array.from(cut));
    },
  );

  it('of 8 bits and of signed values is read as well', async () => {
    const values = picture(33, 40).map((value) => value & 255);
    const fields = { bitsAllocated: 8, bitsStored: 8, transferSyntax: SYNTAX.rle } as const;
    expect(Array.from(await stored(fields, rleFrameOf(Uint8Array.from(values))))).toEqual(Array.from(values));
    const signed = Int16Array.from(picture(33, 40), (value) => value - 2048);
    const frame = rleFrameOf(new Uint16Array(signed.buffer));
    const read = await stored({ transferSyntax: SYNTAX.rle, isSigned: true, bitsStored: 16 }, frame);
    expect(Array.from(read)).toEqual(Array.from(signed));
  });

  it.skipIf(!existsSync(REAL))(
    'of a real radiograph in JPEG 2000 is that of its uncompressed file',
    async () => {
      const of = (name: string) => firstFrame(parseFile(readFileSync(`${REAL}/${name}`), MAX).dataSet, MAX);
      const [compressed, plain] = [await of('RG1_J2KR.dcm'), await of('RG1_UNCR.dcm')].map(
        ({ values }) => values,
      );
      expect(Buffer.from(compressed.buffer).equals(Buffer.from(plain.buffer))).toBe(true);
    },
  );

  it.skipIf(!existsSync(REAL))(
    'of real files of other modalities is read once the header is not asked',
    async () => {
      const spread = async (name: string) => {
        const { dataSet } = parseFile(readFileSync(`${REAL}/${name}`), MAX);
        const { values } = await firstFrame(dataSet, MAX);
        const [low, high] = [
          values.reduce((a, b) => Math.min(a, b)),
          values.reduce((a, b) => Math.max(a, b)),
        ];
        return [low, high, values.length];
      };
      const [low, high, length] = await spread('MR_small_RLE.dcm');
      expect([length, high > low]).toEqual([64 * 64, true]);
      expect((await spread('JPEG2000.dcm'))[2]).toBe(1024 * 256);
      await expect(spread('JPGExtended.dcm')).rejects.toThrow(/JPEG of 12 bits is not supported/);
    },
  );
});
