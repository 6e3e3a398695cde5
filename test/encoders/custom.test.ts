import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openEncoders } from '../../src/encoders/open-encoders.js';
import { EMBEDDING_UNIT } from '../../src/events/encoding.js';
import { parseConfig } from '../../src/settings/config.js';
import { temporaryDirectory } from '../helpers.js';

const FIXTURES = resolve('test/encoders/fixtures');
/** A picture of 28 × 28 pixels that the shipped model's folder holds. */
const RADIOGRAPH = Uint8Array.from(
  JSON.parse(readFileSync(resolve('models/imaging/2026.11-b/golden.json'), 'utf8')).cases[0].pixels,
);
const fixture = (name: string) => ({ file: join(FIXTURES, name) });

async function open(encoders: object, modalities: Parameters<typeof openEncoders>[1]) {
  const opened = await openEncoders(parseConfig({ encoders }).encoders, modalities);
  onTestFinished(async () => {
    await opened.text?.close();
    await opened.image?.close();
  });
  return opened;
}

const floats = (embedding: Int16Array | null | undefined) =>
  [...(embedding ?? [])].map((value) => value / EMBEDDING_UNIT);

describe('a configured sentence encoder', () => {
  const custom = (more: object = {}) => ({
    text: {
      kind: 'custom',
      name: 'words',
      model: fixture('words.onnx'),
      tokenizer: fixture('tokenizer.json'),
      ...more,
    },
  });
  const encode = async (text: string, more?: object) => {
    const { text: encoder } = await open(custom(more), { text: { size: 3, encoder: 'words' } });
    const { embedding, flags } = (await encoder?.encode({ text, language: 'en' })) ?? {};
    return [...floats(embedding), ...(flags ?? [])];
  };
  const unit = (vector: number[]) => vector.map((value) => value / Math.hypot(...vector));
  const near = (found: (number | string)[], expected: number[]) =>
    expected.forEach((value, index) => {
      expect(found[index]).toBeCloseTo(value, 3);
    });

  it('averages the vectors of its tokens, or takes the first', async () => {
    // [CLS] 0, septic 4, shock 5, [SEP] 1; the vector of token i is [i, 1, −i].
    near(await encode('Septic shock.'), unit([2.5, 1, -2.5]));
    near(await encode('Septic shock.', { pooling: 'cls' }), [0, 1, 0]);
  });

  it('keeps the end of a sentence of too many tokens', async () => {
    near(await encode('shock shock shock shock', { maxTokens: 3 }), unit([2, 1, -2]));
  });

  it('is refused where files are missing, no graph, no tokenizer, or do not fit', async () => {
    const refused = (more: object) => expect(open(custom(more), { text: { size: 3 } })).rejects;
    const nonsense = join(temporaryDirectory(), 'nonsense');
    writeFileSync(nonsense, 'nonsense');
    await refused({ model: { file: '/nowhere/m.onnx' } }).toThrow('there is no file /nowhere/m.onnx');
    await refused({ model: { file: nonsense } }).toThrow(/is not a model ONNX Runtime can load/);
    await refused({ tokenizer: { file: nonsense } }).toThrow(/is no tokenizer.json that can be used/);
    await refused({ model: fixture('mean.onnx') }).toThrow(
      /has no input input_ids, input attention_mask; it has inputs x/,
    );
    await refused({ model: { ...fixture('words.onnx'), sha256: 'a'.repeat(64) } }).toThrow(/its sha256 is/);
  });
});

describe('a configured imaging network', () => {
  const custom = (more: object = {}) => ({
    image: {
      kind: 'custom',
      name: 'mean',
      model: fixture('mean.onnx'),
      inputSize: 4,
      inputRange: [-1, 3],
      embedding: 'features',
      finding: { output: 'findings', index: 1, label: 'effusion' },
      ...more,
    },
  });

  it('gets pixels in its range, and gives an embedding of length 1 and a probability', async () => {
    const { image } = await open(custom(), { image: { size: 3 } });
    const raw = { raw: { width: 28, height: 28, channels: 1 } } as const;
    const content = { modality: 'DX', bodySite: 'CHEST', uri: null };
    const bytes = await sharp(RADIOGRAPH, raw).png().toBuffer();
    const { embedding, finding } = (await image?.encode({ ...content, image: bytes })) ?? {};
    const mean = RADIOGRAPH.reduce((sum, grey) => sum + grey, 0) / RADIOGRAPH.length / 255;
    // Of the mean m in its range: features [m, 2m], finding sigmoid(−m).
    const m = -1 + 4 * mean;
    const [first, second, last] = floats(embedding);
    expect(first).toBeCloseTo(1 / Math.sqrt(5), 3);
    expect(second).toBeCloseTo(2 / Math.sqrt(5), 3);
    expect(finding).toMatchObject({ label: 'effusion', encoder: 'mean' });
    expect(finding?.probability).toBeCloseTo(1 / (1 + Math.exp(m)), 5);
    expect(last).toBeCloseTo(finding?.probability ?? 0, 3);
    // A picture that is none is kept from a configured network as well.
    const white = await sharp(Buffer.alloc(28 * 28, 255), raw)
      .png()
      .toBuffer();
    expect(await image?.encode({ ...content, image: white })).toMatchObject({
      embedding: null,
      finding: null,
      flags: ['not-a-chest-radiograph'],
    });
  });

  it('is refused where its outputs or its input are not as configured', async () => {
    const refused = (more: object) => expect(open(custom(more), { image: { size: 3 } })).rejects;
    await refused({ embedding: 'hidden' }).toThrow(
      /has no output hidden; it has inputs x and outputs features, findings/,
    );
    await refused({ inputSize: 5 }).toThrow(/cannot be used as configured/);
    await refused({ finding: { output: 'findings', index: 7, label: 'x' } }).toThrow(
      /is NaN, no probability/,
    );
    const copy = join(temporaryDirectory(), 'copy.onnx');
    copyFileSync(join(FIXTURES, 'words.onnx'), copy);
    await refused({ model: { file: copy } }).toThrow(/has no output features, output findings/);
  });
});
