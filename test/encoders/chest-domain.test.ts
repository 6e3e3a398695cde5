import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ChestDomain, openChestDomain } from '../../src/encoders/chest-domain.js';
import { decode } from '../../src/encoders/decode-worker.js';
import { type ImageEncoder, openImageEncoder } from '../../src/encoders/image.js';
import { parseConfig } from '../../src/settings/config.js';
import { drawAnatomy, drawRadiograph } from '../../src/simulate/radiograph.js';
import { Random } from '../../src/simulate/random.js';

const SIZE = 28;
const golden = JSON.parse(readFileSync(resolve('models/imaging/2026.11-b/golden.json'), 'utf8'));
const RADIOGRAPHS: readonly Float32Array[] = golden.cases.map(({ pixels }: { pixels: number[] }) =>
  Float32Array.from(pixels, (grey) => grey / 255),
);
const ADULTS = resolve('../shared/data/chest-xray-samples');
const DICOM = resolve('../shared/data/dicom');

/** Each pixel of a picture from the place that `from` says. */
const moved = (pixels: Float32Array, from: (x: number, y: number) => number) =>
  pixels.map((_, place) => pixels[from(place % SIZE, Math.floor(place / SIZE))]);
const upsideDown = (pixels: Float32Array) => moved(pixels, (x, y) => (SIZE - 1 - y) * SIZE + (SIZE - 1 - x));
const lying = (pixels: Float32Array) => moved(pixels, (x, y) => x * SIZE + (SIZE - 1 - y));
const negative = (pixels: Float32Array) => pixels.map((grey) => 1 - grey);
const mirrored = (pixels: Float32Array) => moved(pixels, (x, y) => y * SIZE + (SIZE - 1 - x));
const drawn = (grey: (x: number, y: number) => number) =>
  Float32Array.from({ length: SIZE * SIZE }, (_, place) => grey(place % SIZE, Math.floor(place / SIZE)));

describe('openChestDomain', () => {
  let domain: ChestDomain;
  beforeAll(async () => {
    domain = await openChestDomain();
  });
  afterAll(() => domain.close());
  const answers = (pictures: readonly Float32Array[]) =>
    Promise.all(pictures.map((pixels) => domain.isChest(pixels)));

  it('takes radiographs, mirrored or as another device shows them', async () => {
    const as = (change: (grey: number) => number) => RADIOGRAPHS.map((each) => each.map(change));
    for (const pictures of [
      RADIOGRAPHS,
      RADIOGRAPHS.map(mirrored),
      as((grey) => grey * 0.5),
      as((grey) => 0.5 + grey / 2),
      as((grey) => grey ** 1.5),
    ]) {
      expect(await answers(pictures)).toEqual(RADIOGRAPHS.map(() => true));
    }
  });

  it('takes none that is upside down, lying or a negative', async () => {
    for (const change of [upsideDown, lying, (each: Float32Array) => lying(upsideDown(each)), negative]) {
      expect(await answers(RADIOGRAPHS.map(change))).toEqual(RADIOGRAPHS.map(() => false));
    }
  });

  it('takes no test pattern and no noise', async () => {
    const random = new Random(3, 0);
    const patterns: Record<string, Float32Array> = {
      black: drawn(() => 0),
      grey: drawn(() => 0.5),
      white: drawn(() => 1),
      across: drawn((x) => x / 27),
      down: drawn((_, y) => y / 27),
      diagonal: drawn((x, y) => (x + y) / 54),
      round: drawn((x, y) => Math.hypot(x - 13.5, y - 13.5) / 20),
      board: drawn((x, y) => ((x >> 2) + (y >> 2)) % 2),
      stripes: drawn((x) => (x >> 2) % 2),
      bone: drawn((x) => (Math.abs(x - 13) < 3 ? 0.9 : Math.abs(x - 13) < 7 ? 0.4 : 0)),
      disc: drawn((x, y) => (Math.hypot(x - 13.5, y - 13.5) < 9 ? 0.8 : 0)),
      mask: drawn((x, y) => (Math.abs(Math.abs(x - 13.5) - 6) < 4 && Math.abs(y - 14) < 9 ? 1 : 0)),
      noise: drawn(() => random.uniform()),
      'faint noise': drawn(() => 0.5 + 0.02 * random.normal()),
    };
    const taken = await answers(Object.values(patterns));
    expect(Object.keys(patterns).filter((_, index) => taken[index])).toEqual([]);
  });

  it('takes the phantoms that the simulated ward draws', async () => {
    const random = new Random(5, 1);
    const phantoms = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const bytes = drawRadiograph(index % 2 === 0 ? 0 : index / 60, drawAnatomy(random), random);
        const decoded = await decode({ bytes, format: 'png', size: SIZE, maxPixels: 1e6 });
        return 'pixels' in decoded ? decoded.pixels : new Float32Array(SIZE * SIZE);
      }),
    );
    const taken = await answers(phantoms);
    expect(taken.filter(Boolean).length).toBeGreaterThanOrEqual(57);
  });
});

describe.skipIf(!existsSync(ADULTS) || !existsSync(DICOM))(
  'pictures of ../shared/data (skipped where it is missing)',
  () => {
    let encoder: ImageEncoder;
    beforeAll(async () => {
      encoder = await openImageEncoder(parseConfig({}).encoders);
    });
    afterAll(() => encoder.close());
    const look = async (image: Buffer) => {
      const content = { modality: '', bodySite: '', image, uri: null };
      const { finding, embedding, flags, detail } = await encoder.encode(content);
      expect(finding === null).toBe(embedding === null);
      return finding === null ? `${flags.join()}: ${detail}` : 'scored';
    };
    const NONE = 'not-a-chest-radiograph: the picture does not look like one';

    it('scores radiographs of adults, and none that is turned or a negative', async () => {
      for (const name of readdirSync(ADULTS)) {
        const file = readFileSync(join(ADULTS, name));
        const small = sharp(file).resize(256, 256);
        const as = (change: (picture: typeof small) => typeof small) =>
          change(small.clone()).png().toBuffer();
        expect(await look(file)).toBe('scored');
        expect(await look(await as((picture) => picture.flop()))).toBe('scored');
        expect(await look(await as((picture) => picture.negate()))).toBe(NONE);
        for (const angle of [90, 180, 270]) {
          expect(await look(await as((picture) => picture.rotate(angle)))).toBe(NONE);
        }
      }
    });

    it('says of each DICOM file what it is, and never fails', async () => {
      const said: Record<string, string> = {};
      for (const name of readdirSync(DICOM).sort()) said[name] = await look(readFileSync(join(DICOM, name)));
      const header = (what: string) => `not-a-chest-radiograph: the header says ${what}`;
      expect(said).toMatchObject({
        'CT_small.dcm': header('modality CT'),
        'JPEG2000.dcm': header('modality NM'),
        'JPGExtended.dcm': header('modality NM'),
        'MR_small_RLE.dcm': header('modality MR'),
        'MR_truncated.dcm': header('modality MR'),
        'RG1_UNCR.dcm': 'scored',
        'RG3_UNCR.dcm': header('body part EXTREMITY'),
        'SC_rgb_jpeg_dcmtk.dcm': header('modality OT'),
        'image_dfl.dcm': header('modality OT'),
        'no_meta.dcm': 'image-unreadable: no PNG, JPEG or DICOM picture',
        'reportsi.dcm': header('modality SR'),
        'vlut_04.dcm': header('modality OT'),
        'waveform_ecg.dcm': header('modality ECG'),
      });
      // The same film in JPEG 2000 as the next.
      expect(said['RG1_J2KR.dcm']).toBe(said['RG1_UNCR.dcm']);
      expect(said['meta_missing_tsyntax.dcm']).toMatch(/^image-unreadable: the DICOM file is damaged/);
    });

    it('does not score the leg by its pixels either, in any of four windows', async () => {
      const file = readFileSync(join(DICOM, 'RG3_UNCR.dcm'));
      const replaced = (bytes: Buffer, from: string, to: string) => {
        const at = bytes.indexOf(from);
        expect(at).toBeGreaterThan(0);
        return Buffer.concat([bytes.subarray(0, at), Buffer.from(to), bytes.subarray(at + from.length)]);
      };
      const unnamed = replaced(replaced(file, 'EXTREMITY', 'CHEST    '), 'LOWER LEG', '         ');
      for (const center of ['550 ', '300 ', '800 ', '-999']) {
        expect(await look(replaced(unnamed, '550 ', center))).toBe(NONE);
      }
    });
  },
);
