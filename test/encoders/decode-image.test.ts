import fc from 'fast-check';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { averageSquare, decodeImage } from '../../src/encoders/decode-image.js';

const MAX = 1_000_000;
const grey = (width: number, height: number, data: number[]) => ({
  width,
  height,
  data: Float32Array.from(data),
  black: 0,
  white: 100,
});
const squareOf = async (bytes: Uint8Array, format: 'png' | 'jpeg', size: number, most = MAX) =>
  averageSquare(await decodeImage(bytes, format, most), size);
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
        expect(shown(await squareOf(png(channels, depth), 'png', 2))).toEqual(expected);
      }
    }
  });

  it('reads JPEG', async () => {
    const bytes = await sharp(Buffer.alloc(64 * 64, 128), { raw: { width: 64, height: 64, channels: 1 } })
      .jpeg()
      .toBuffer();
    expect(shown(await squareOf(bytes, 'jpeg', 1))).toEqual([0.5]);
  });

  it('turns a JPEG as its EXIF orientation says', async () => {
    const raw = { raw: { width: 64, height: 64, channels: 1 } } as const;
    const topBlack = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index < 2048 ? 0 : 255)));
    const stored = sharp(topBlack, raw).withMetadata({ orientation: 6 });
    const pixels = await squareOf(await stored.jpeg().toBuffer(), 'jpeg', 2);
    // By 90 degrees to the right: what was above is on the right.
    expect([...pixels].map(Math.round)).toEqual([1, 0, 1, 0]);
  });

  it('refuses what is cut short, damaged or too large', async () => {
    const noise = Uint8Array.from({ length: 4096 }, (_, index) => (index * 7919) % 256);
    const raw = { raw: { width: 64, height: 64, channels: 1 } } as const;
    const jpeg = await sharp(noise, raw).jpeg().toBuffer();
    const png = await sharp(noise, raw).png().toBuffer();
    await expect(squareOf(jpeg.subarray(0, jpeg.length / 2), 'jpeg', 4)).rejects.toThrow(/premature end/);
    await expect(squareOf(png.subarray(0, png.length / 2), 'png', 4)).rejects.toThrow();
    await expect(squareOf(png, 'png', 4, 4095)).rejects.toThrow(/pixel limit/);
  });
});
