import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { averageSquare } from '../../src/encoders/decode-image.js';
import { decodeDicom } from '../../src/encoders/dicom.js';
import { ImageFault } from '../../src/encoders/image-fault.js';
import { type DicomFields, dicomFile } from './dicom-file.js';

const MAX = 1_000_000;
const squareOf = async (bytes: Uint8Array, size: number) =>
  averageSquare(await decodeDicom(bytes, MAX), size);
/** Rounded to hundredths. */
const shown = (pixels: ArrayLike<number>) => Array.from(pixels, (value) => Math.round(value * 100) / 100);

describe('decodeDicom', () => {
  const dicom = (fields: Partial<DicomFields>, pixels: ArrayBufferView, size = 2) => {
    const { buffer, byteOffset, byteLength } = pixels;
    const all = { rows: 2, columns: 2, bitsAllocated: 16, ...fields } as const;
    const bytes = dicomFile(all, new Uint8Array(buffer, byteOffset, byteLength));
    return squareOf(bytes, size).then(shown);
  };

  it('spans black to white over the values where there is no window', async () => {
    expect(await dicom({ bitsStored: 12 }, Uint16Array.of(1000, 2000, 3000, 4000))).toEqual([
      0, 0.33, 0.67, 1,
    ]);
    expect(await dicom({ bitsAllocated: 8 }, Uint8Array.of(10, 10, 20, 30))).toEqual([0, 0, 0.5, 1]);
    expect(await dicom({}, Uint16Array.of(7, 7, 7, 7))).toEqual([0, 0, 0, 0]);
  });

  it('inverts MONOCHROME1, where the least value is white', async () => {
    expect(await dicom({ photometric: 'MONOCHROME1' }, Uint16Array.of(0, 100, 200, 300))).toEqual([
      1, 0.67, 0.33, 0,
    ]);
  });

  it('applies rescale and window, and clips beyond it', async () => {
    const window = { windowCenter: 100.5, windowWidth: 201 };
    expect(await dicom(window, Uint16Array.of(0, 100, 200, 4000))).toEqual([0, 0.5, 1, 1]);
    expect(await dicom({ ...window, slope: 2, intercept: -100 }, Uint16Array.of(50, 100, 150, 0))).toEqual([
      0, 0.5, 1, 0,
    ]);
    expect(await dicom({ ...window, photometric: 'MONOCHROME1' }, Uint16Array.of(0, 100, 200, 4000))).toEqual(
      [1, 0.5, 0, 0],
    );
  });

  it('reads signed values, and ignores bits above those stored', async () => {
    expect(await dicom({ isSigned: true }, Int16Array.of(-300, -200, -100, 0))).toEqual([0, 0.33, 0.67, 1]);
    const overlay = 0xf000;
    expect(await dicom({ bitsStored: 12 }, Uint16Array.of(overlay, 100, overlay + 200, 300))).toEqual([
      0, 0.33, 0.67, 1,
    ]);
    expect(await dicom({ bitsStored: 12, isSigned: true }, Uint16Array.of(0x800, 0x7ff, 0, 0))).toEqual([
      0, 1, 0.5, 0.5,
    ]);
  });

  it('reads encapsulated JPEG', async () => {
    const frame = await sharp(Buffer.alloc(64, 200), { raw: { width: 8, height: 8, channels: 1 } })
      .jpeg()
      .toBuffer();
    const fields = {
      rows: 8,
      columns: 8,
      bitsAllocated: 8,
      transferSyntax: '1.2.840.10008.1.2.4.50',
      windowCenter: 128,
      windowWidth: 256,
    } as const;
    expect(await dicom(fields, frame, 1)).toEqual([0.78]);
    await expect(dicom({ ...fields, rows: 9 }, frame, 1)).rejects.toThrow(/a file that says otherwise/);
  });

  it('refuses what is not a plain radiograph, too large, cut short or not supported, and says why', async () => {
    const four = Uint16Array.of(1, 2, 3, 4);
    const flagOf = (fields: Partial<DicomFields>) =>
      dicom(fields, four).then(
        () => 'none',
        (error: unknown) => (error instanceof ImageFault ? `${error.flag}: ${error.message}` : `${error}`),
      );
    expect(await flagOf({ modality: 'CT' })).toMatch(/^not-a-chest-radiograph: .*CT/);
    expect(await flagOf({ rows: 60_000, columns: 60_000 })).toMatch(/^image-too-large: 60000 × 60000/);
    expect(await flagOf({ rows: 4 })).toMatch(/pixel data of 8 bytes; 16 are needed/);
    expect(await flagOf({ photometric: 'RGB', samples: 3 })).toMatch(
      /^image-unreadable: .*RGB.* not supported/,
    );
    expect(await flagOf({ transferSyntax: '1.2.840.10008.1.2.4.102' })).toMatch(/4\.102 is not supported/);
    expect(await flagOf({ rows: 0 })).toMatch(/no Rows/);
    expect(await flagOf({ bitsStored: 17 })).toMatch(/17 bits stored of 16/);
  });

  it('reads a deflated file, and none that becomes more than the largest picture', async () => {
    const syntax = { transferSyntax: '1.2.840.10008.1.2.1.99', bitsAllocated: 8 } as const;
    const pixels = Uint8Array.of(0, 100, 200, 50);
    const [deflated, plain] = [
      dicomFile({ ...syntax, rows: 2, columns: 2 }, pixels),
      dicomFile({ bitsAllocated: 8, rows: 2, columns: 2 }, pixels),
    ];
    expect(await squareOf(deflated, 2)).toEqual(await squareOf(plain, 2));
    const bomb = dicomFile({ ...syntax, rows: 2, columns: 2 }, new Uint8Array(400_000_000));
    expect(bomb.length).toBeLessThan(400_000);
    const before = process.memoryUsage.rss();
    const error = await squareOf(bomb, 2).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ flag: 'image-too-large' });
    expect(error).toBeInstanceOf(ImageFault);
    expect(process.memoryUsage.rss() - before).toBeLessThan(50_000_000);
  });

  it('any file cut short or changed is refused or read, in bounded time', async () => {
    const whole = dicomFile({ rows: 2, columns: 2, bitsAllocated: 16 }, new Uint8Array(8).fill(3));
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 133), fc.nat(255), fc.boolean(), async (place, byte, isCut) => {
        const bytes = Buffer.from(whole);
        bytes[132 + place] = byte;
        const given = isCut ? bytes.subarray(0, 132 + place) : bytes;
        await squareOf(given, 2).then(
          (pixels) => expect(pixels.length).toBe(4),
          (error: unknown) => expect(String(error)).not.toBe(''),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('applies sigmoid and exact windows (PS3.3 C.11.2.1.3)', async () => {
    const window = { windowCenter: 100, windowWidth: 200 };
    const values = Uint16Array.of(0, 50, 100, 200);
    const sigmoid = [0, 50, 100, 200].map((x) => 1 / (1 + Math.exp((-4 * (x - 100)) / 200)));
    expect(await dicom({ ...window, windowFunction: 'SIGMOID' }, values)).toEqual(shown(sigmoid));
    expect(await dicom({ ...window, windowFunction: 'LINEAR_EXACT' }, values)).toEqual([0, 0.25, 0.5, 1]);
  });

  it('shows the span of the values where a window is none or leaves one grey', async () => {
    const values = Uint16Array.of(0, 100, 200, 400);
    for (const window of [
      { windowCenter: 0, windowWidth: 0 },
      { windowCenter: 100, windowWidth: -50 },
      { windowCenter: 30_000, windowWidth: 10 },
    ]) {
      expect(await dicom(window, values)).toEqual([0, 0.25, 0.5, 1]);
    }
  });

  it('looks values up in the tables of modality and VOI', async () => {
    const values = Uint16Array.of(10, 11, 12, 9);
    // Values below the first are the first entry's.
    const modalityTable = { first: 10, entries: [1000, 3000, 2000] };
    expect(await dicom({ modalityTable }, values)).toEqual([0, 1, 0.5, 0]);
    const voiTable = { first: 10, entries: [0, 250, 1000] };
    expect(await dicom({ voiTable }, values)).toEqual([0, 0.25, 1, 0]);
    // The table is preferred to a window, and may turn black into white.
    const turning = { first: 10, entries: [1000, 250, 0] };
    expect(await dicom({ voiTable: turning, windowCenter: 11, windowWidth: 4 }, values)).toEqual([
      1, 0.25, 0, 1,
    ]);
    expect(await dicom({ voiTable, photometric: 'MONOCHROME1' }, values)).toEqual([1, 0.75, 0, 1]);
    const both = { modalityTable, voiTable: { first: 1000, entries: [0, ...new Array(2000).fill(500)] } };
    expect(await dicom(both, values)).toEqual([0, 1, 1, 0]);
  });

  it('takes a table that is cut short for none', async () => {
    const bytes = dicomFile(
      { rows: 2, columns: 2, bitsAllocated: 16, voiTable: { first: 0, entries: [5, 6] } },
      new Uint8Array(Uint16Array.of(0, 100, 200, 400).buffer),
    );
    // The descriptor says 4096 entries; there are two.
    const at = bytes.indexOf(Buffer.from([0x28, 0x00, 0x02, 0x30]));
    bytes.writeUInt16LE(4096, at + 8);
    expect(shown(await squareOf(bytes, 2))).toEqual([0, 0.25, 0.5, 1]);
  });

  it('inverts by the presentation table as well, once', async () => {
    const values = Uint16Array.of(0, 100, 200, 300);
    expect(await dicom({ presentation: 'INVERSE' }, values)).toEqual([1, 0.67, 0.33, 0]);
    expect(await dicom({ presentation: 'INVERSE', photometric: 'MONOCHROME1' }, values)).toEqual([
      1, 0.67, 0.33, 0,
    ]);
    expect(await dicom({ presentation: 'IDENTITY' }, values)).toEqual([0, 0.33, 0.67, 1]);
  });

  it('leaves padding out of the span, shows it black and cuts off the margin it makes', async () => {
    const P = 65_535;
    const values = Uint16Array.of(P, P, P, P, P, 100, 200, P, P, 300, P, P, P, P, P, P);
    const fields = { rows: 4, columns: 4, padding: P } as const;
    expect(await dicom(fields, values)).toEqual([0, 0.5, 1, 0]);
    expect(await dicom({ ...fields, photometric: 'MONOCHROME1' }, values)).toEqual([1, 0.5, 0, 0]);
    // A range of padding: what is left is 100 beside 200.
    const range = { ...fields, padding: 250, paddingLimit: P };
    expect(await dicom(range, values, 1)).toEqual([0]);
    expect(await dicom({ rows: 2, columns: 2, padding: P }, Uint16Array.of(P, P, P, P))).toEqual([
      0, 0, 0, 0,
    ]);
    const signed = { isSigned: true, padding: -2000 };
    expect(await dicom(signed, Int16Array.of(-2000, 0, 100, 200))).toEqual([0, 0, 0.5, 1]);
  });

  it('takes the bits stored from below the high bit', async () => {
    const values = Uint16Array.of(0, 100, 200, 300).map((value) => (value << 4) | 7);
    expect(await dicom({ bitsStored: 12, highBit: 15 }, values)).toEqual([0, 0.33, 0.67, 1]);
  });

  it('turns the picture upright by its patient orientation', async () => {
    const values = Uint16Array.of(0, 100, 200, 300);
    const of = (orientation: string) => dicom({ orientation }, values);
    // What is stored, [[0, 1], [2, 3]] thirds: the patient's left is to be on the right, the feet below.
    expect(await of('L\\F')).toEqual([0, 0.33, 0.67, 1]);
    expect(await of('R\\F')).toEqual([0.33, 0, 1, 0.67]);
    expect(await of('L\\H')).toEqual([0.67, 1, 0, 0.33]);
    expect(await of('R\\H')).toEqual([1, 0.67, 0.33, 0]);
    expect(await of('F\\L')).toEqual([0, 0.67, 0.33, 1]);
    // Rows run to the head, columns to the right: the last of a row is above, the last row on the left.
    expect(await of('H\\R')).toEqual([1, 0.33, 0.67, 0]);
    for (const odd of ['', 'L', 'X\\Y', 'L\\R']) expect(await of(odd)).toEqual([0, 0.33, 0.67, 1]);
  });

  it('turns pictures that are not square', async () => {
    const values = Uint16Array.of(0, 100, 200, 300, 400, 500);
    const fields = { rows: 2, columns: 3, bitsAllocated: 16, orientation: 'F\\L' } as const;
    const picture = await decodeDicom(dicomFile(fields, new Uint8Array(values.buffer)), MAX);
    expect([picture.width, picture.height, ...shown(picture.data)]).toEqual([2, 3, 0, 0.6, 0.2, 0.8, 0.4, 1]);
  });

  it('asks the header first, even of a file that is cut short', async () => {
    const four = new Uint8Array(8);
    const why = (fields: Partial<DicomFields>, kept = 1e6) =>
      decodeDicom(
        dicomFile({ rows: 2, columns: 2, bitsAllocated: 16, ...fields }, four).subarray(0, kept),
        MAX,
      ).then(
        () => 'used',
        (error: unknown) => (error instanceof ImageFault ? `${error.flag}: ${error.message}` : `${error}`),
      );
    const refused = (what: string) => `not-a-chest-radiograph: the header says ${what}`;
    expect(await why({ modality: 'MG' })).toBe(refused('modality MG'));
    expect(await why({ modality: 'OT' })).toBe(refused('modality OT'));
    expect(await why({ modality: 'dx', bodyPart: 'CHEST', view: 'PA' })).toBe('used');
    expect(await why({ bodyPart: 'EXTREMITY' })).toBe(refused('body part EXTREMITY'));
    expect(await why({ region: 'Knee' })).toBe(refused('body part Knee'));
    expect(await why({ region: 'Chest' })).toBe('used');
    expect(await why({ view: 'LL' })).toBe(refused('view LL'));
    expect(await why({ viewMeaning: 'left lateral' })).toBe(refused('view left lateral'));
    expect(await why({ viewMeaning: 'postero-anterior' })).toBe('used');
    expect(await why({ orientation: 'P\\F' })).toBe(refused('view lateral, by patient orientation P\\F'));
    expect(await why({ bodyPart: 'CHEST', series: 'Thorax lat' })).toBe(refused('description Thorax lat'));
    expect(await why({ modality: 'CT', rows: 0 })).toBe(refused('modality CT'));
    // Cut in the pixel data, and before it.
    expect(await why({ modality: 'MR' }, -4)).toBe(refused('modality MR'));
    expect(await why({}, -4)).toMatch(/pixel data of 4 bytes; 8 are needed|damaged or cut short/);
    expect(await why({}, 200)).toMatch(/no Rows|damaged or cut short: .*buffer/);
  });
});
