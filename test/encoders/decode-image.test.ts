import fc from 'fast-check';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { averageSquare, decodeImage } from '../../src/encoders/decode-image.js';
import { ImageFault } from '../../src/encoders/image-fault.js';
import { type DicomFields, dicomFile } from './dicom-file.js';

const MAX = 1_000_000;
const grey = (width: number, height: number, data: number[]) => ({
  width,
  height,
  data: Float32Array.from(data),
  black: 0,
  white: 100,
});
/** Rounded to hundredths. */
const shown = (pixels: Float32Array) => [...pixels].map((value) => Math.round(value * 100) / 100);

describe('averageSquare', () => {
  it('averages by area, whatever the sizes', () => {
    expect(shown(averageSquare(grey(2, 2, [0, 100, 50, 50]), 1))).toEqual([0.5]);
    expect(shown(averageSquare(grey(3, 3, [0, 0, 100, 0, 0, 100, 0, 0, 100]), 2))).toEqual([
      0, 0.67, 0, 0.67,
    ]);
    expect(shown(averageSquare(grey(1, 1, [25]), 2))).toEqual([0.25, 0.25, 0.25, 0.25]);
  });

  it('stays within the picture where its parts add up to more by rounding', () => {
    expect(28 * (29 / 28)).toBeGreaterThan(29);
    const white = averageSquare(grey(29, 29, new Array<number>(29 * 29).fill(100)), 28);
    expect(new Set(shown(white))).toEqual(new Set([1]));
  });

  it('takes the square in the middle', () => {
    expect(shown(averageSquare(grey(4, 2, [0, 10, 20, 0, 0, 30, 40, 0]), 2))).toEqual([0.1, 0.2, 0.3, 0.4]);
    expect(shown(averageSquare(grey(1, 3, [0, 70, 0]), 1))).toEqual([0.7]);
  });

  it('keeps the mean of a square picture', () => {
    const pictures = fc
      .integer({ min: 1, max: 40 })
      .chain((side) =>
        fc.tuple(
          fc.constant(side),
          fc.array(fc.integer({ min: 0, max: 100 }), { minLength: side * side, maxLength: side * side }),
          fc.integer({ min: 1, max: 30 }),
        ),
      );
    fc.assert(
      fc.property(pictures, ([side, data, size]) => {
        const out = averageSquare(grey(side, side, data), size);
        const mean = (values: Iterable<number>, count: number) =>
          [...values].reduce((sum, value) => sum + value, 0) / count;
        expect(mean(out, size * size)).toBeCloseTo(mean(data, side * side) / 100, 5);
      }),
    );
  });
});

describe('decodeImage', () => {
  const ramp = Uint8Array.of(0, 85, 170, 255);

  it('reads PNG of 8 and 16 bits, grey, with alpha and in colour', async () => {
    const expected = [0, 0.33, 0.67, 1];
    const png = (channels: 1 | 2 | 3 | 4, depth: 8 | 16) => {
      const data = depth === 8 ? new Uint8Array(4 * channels) : new Uint16Array(4 * channels);
      const scale = depth === 8 ? 1 : 257;
      ramp.forEach((value, pixel) => {
        for (let channel = 0; channel < channels; channel++) data[pixel * channels + channel] = value * scale;
        if (channels % 2 === 0) data[pixel * channels + channels - 1] = 255 * scale;
      });
      return encode({ width: 2, height: 2, data, channels, depth });
    };
    for (const channels of [1, 2, 3, 4] as const) {
      for (const depth of [8, 16] as const) {
        expect(shown(await decodeImage(png(channels, depth), 'png', 2, MAX))).toEqual(expected);
      }
    }
  });

  it('reads JPEG', async () => {
    const bytes = await sharp(Buffer.alloc(64 * 64, 128), { raw: { width: 64, height: 64, channels: 1 } })
      .jpeg()
      .toBuffer();
    expect(shown(await decodeImage(bytes, 'jpeg', 1, MAX))).toEqual([0.5]);
  });

  it('refuses what is cut short, damaged or too large', async () => {
    const noise = Uint8Array.from({ length: 4096 }, (_, index) => (index * 7919) % 256);
    const raw = { raw: { width: 64, height: 64, channels: 1 } } as const;
    const jpeg = await sharp(noise, raw).jpeg().toBuffer();
    const png = await sharp(noise, raw).png().toBuffer();
    await expect(decodeImage(jpeg.subarray(0, jpeg.length / 2), 'jpeg', 4, MAX)).rejects.toThrow(
      /premature end/,
    );
    await expect(decodeImage(png.subarray(0, png.length / 2), 'png', 4, MAX)).rejects.toThrow();
    await expect(decodeImage(png, 'png', 4, 4095)).rejects.toThrow(/pixel limit/);
  });
});

describe('decodeImage of DICOM', () => {
  const dicom = (fields: Partial<DicomFields>, pixels: ArrayBufferView, size = 2) => {
    const { buffer, byteOffset, byteLength } = pixels;
    const all = { rows: 2, columns: 2, bitsAllocated: 16, ...fields } as const;
    const bytes = dicomFile(all, new Uint8Array(buffer, byteOffset, byteLength));
    return decodeImage(bytes, 'dicom', size, MAX).then(shown);
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
    expect(await flagOf({ transferSyntax: '1.2.840.10008.1.2.4.90' })).toMatch(/4\.90 is not supported/);
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
    expect(await decodeImage(deflated, 'dicom', 2, MAX)).toEqual(await decodeImage(plain, 'dicom', 2, MAX));
    const bomb = dicomFile({ ...syntax, rows: 2, columns: 2 }, new Uint8Array(400_000_000));
    expect(bomb.length).toBeLessThan(400_000);
    const before = process.memoryUsage.rss();
    const error = await decodeImage(bomb, 'dicom', 2, MAX).catch((caught: unknown) => caught);
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
        await decodeImage(given, 'dicom', 2, MAX).then(
          (pixels) => expect(pixels.length).toBe(4),
          (error: unknown) => expect(String(error)).not.toBe(''),
        );
      }),
      { numRuns: 300 },
    );
  });
});
