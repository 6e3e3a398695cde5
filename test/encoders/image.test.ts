import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openChestDomain } from '../../src/encoders/chest-domain.js';
import { ImageEncoder, openImageEncoder } from '../../src/encoders/image.js';
import { openShippedNetwork } from '../../src/encoders/image-network.js';
import { EMBEDDING_UNIT } from '../../src/events/encoding.js';
import { parseConfig } from '../../src/settings/config.js';
import { temporaryDirectory } from '../helpers.js';
import { dicomFile } from './dicom-file.js';

const FOLDER = resolve('models/imaging/2026.11-b');
const golden = JSON.parse(readFileSync(join(FOLDER, 'golden.json'), 'utf8'));

const chest = (image: Uint8Array | null, more: object = {}) => ({
  modality: 'DX',
  bodySite: 'CHEST',
  image: image === null ? null : Buffer.from(image),
  uri: null,
  ...more,
});
/** The first golden picture. */
const PIXELS = Uint8Array.from(golden.cases[0].pixels as number[]);
const asPng = () =>
  sharp(PIXELS, { raw: { width: 28, height: 28, channels: 1 } })
    .png()
    .toBuffer();

describe('the shipped network', () => {
  it('gives what PyTorch gave', async () => {
    const network = await openShippedNetwork();
    expect([network.size, network.inputSize]).toEqual([32, 28]);
    for (const { pixels, embedding, probability } of golden.cases) {
      const out = await network.run(Float32Array.from(pixels, (value: number) => value / 255));
      expect(Math.abs(out.finding - probability)).toBeLessThan(1e-4);
      for (let index = 0; index < 32; index++) {
        expect(Math.abs(out.embedding[index] - embedding[index])).toBeLessThan(1e-4);
      }
    }
    await network.close();
  });

  it('is refused where it is missing or damaged', async () => {
    const empty = temporaryDirectory();
    await expect(openShippedNetwork(empty)).rejects.toThrow(/holds no imaging model/);
    mkdirSync(join(empty, 'v1'));
    const config = JSON.parse(readFileSync(join(FOLDER, 'config.json'), 'utf8'));
    writeFileSync(join(empty, 'v1', 'config.json'), JSON.stringify(config));
    await expect(openShippedNetwork(empty)).rejects.toThrow(/model.onnx is missing/);
    writeFileSync(join(empty, 'v1', 'model.onnx'), 'nothing');
    await expect(openShippedNetwork(empty)).rejects.toThrow(/is damaged: its sha256/);
    writeFileSync(join(empty, 'v1', 'config.json'), JSON.stringify({ ...config, inputSize: 'x' }));
    await expect(openShippedNetwork(empty)).rejects.toThrow(/config.json is wrong/);
  });
});

describe('ImageEncoder', () => {
  let encoder: ImageEncoder;
  beforeAll(async () => {
    encoder = await openImageEncoder(parseConfig({ encoders: { maxImagePixels: 4_000_000 } }).encoders);
  });
  afterAll(() => encoder.close());

  it('gives the same for the same picture as PNG and as DICOM, the probability last', async () => {
    const { probability, embedding } = golden.cases[0];
    const png = await encoder.encode(chest(await asPng()));
    const fields = { rows: 28, columns: 28, bitsAllocated: 8, windowCenter: 128, windowWidth: 256 } as const;
    const dicom = await encoder.encode(chest(dicomFile(fields, PIXELS)));
    expect(png.flags).toEqual([]);
    expect(png.embedding?.length).toBe(33);
    expect(png.finding).toMatchObject({
      label: 'pneumonia',
      encoder: 'imaging-2026.11-b',
      caution: 'trained on children; weight for adults not known',
    });
    expect(png.finding?.probability).toBeCloseTo(probability, 4);
    expect((png.embedding?.[32] ?? 0) / EMBEDDING_UNIT).toBeCloseTo(probability, 4);
    expect((png.embedding?.[5] ?? 0) / EMBEDDING_UNIT).toBeCloseTo(embedding[5], 3);
    expect(dicom.finding?.probability).toBeCloseTo(probability, 2);
    expect(await encoder.encode(chest(await asPng()))).toEqual(png);
  });

  it('flags what it cannot use, with the reason, and goes on', async () => {
    const jpeg = await sharp(
      Uint8Array.from({ length: 4096 }, (_, i) => (i * 7919) % 256),
      {
        raw: { width: 64, height: 64, channels: 1 },
      },
    )
      .jpeg()
      .toBuffer();
    const flagged = async (content: Parameters<ImageEncoder['encode']>[0]) => {
      const { embedding, flags, detail } = await encoder.encode(content);
      return `${embedding === null} ${flags.join()}: ${detail}`;
    };
    expect(await flagged(chest(jpeg.subarray(0, jpeg.length / 2)))).toMatch(
      /^true image-unreadable: .*premature/,
    );
    expect(await flagged(chest(bomb(60_000, 60_000)))).toMatch(/^true image-too-large: 60000 × 60000/);
    expect(await flagged(chest(Buffer.from('nothing')))).toMatch(/^true image-unreadable: no PNG/);
    expect(await flagged(chest(await asPng(), { modality: 'CT' }))).toBe(
      'true not-a-chest-radiograph: the message says modality CT',
    );
    expect(await flagged(chest(await asPng(), { bodySite: 'KNEE' }))).toBe(
      'true not-a-chest-radiograph: the message says body part KNEE',
    );
    const leg = { rows: 28, columns: 28, bitsAllocated: 8, bodyPart: 'LEG' } as const;
    expect(await flagged(chest(dicomFile(leg, PIXELS)))).toBe(
      'true not-a-chest-radiograph: the header says body part LEG',
    );
    expect(await flagged(chest(null, { uri: 'https://example.org/x.png' }))).toMatch(/^true uri-refused/);
    // A bomb that lies: a small picture by its header, with 100 MB of pixels behind it.
    expect(await flagged(chest(bomb(8, 8, 100_000_000)))).toMatch(/^true not-a-chest-radiograph/);
    expect(await flagged(chest(await asPng()))).toBe('false : ');
  });

  it('gives up an image that takes too long, and goes on with another thread', async () => {
    const side = 1900;
    const noise = Uint8Array.from({ length: side * side }, (_, index) => (index * 7919) % 256);
    const large = await sharp(noise, { raw: { width: side, height: side, channels: 1 } })
      .jpeg()
      .toBuffer();
    const { encoders } = parseConfig({});
    const hasty = new ImageEncoder(await openShippedNetwork(), await openChestDomain(), encoders, 1);
    try {
      const { embedding, flags, detail } = await hasty.encode(chest(large));
      expect([embedding, ...flags, detail]).toEqual([null, 'image-unreadable', 'not decoded within 1 ms']);
    } finally {
      await hasty.close();
    }
    expect((await encoder.encode(chest(large))).flags).toEqual(['not-a-chest-radiograph']);
  });
});

/** A PNG that says it has so many pixels, with data that inflates to `length` zeros. */
function bomb(width: number, height: number, length = 0): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [size, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    size.writeUInt32BE(data.length);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([size, body, check]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const data = deflateSync(Buffer.alloc(length));
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
