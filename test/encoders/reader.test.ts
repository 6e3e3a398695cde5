import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quantise, unit } from '../../src/encoders/encoding.js';
import { type NoteReader, openShippedReader } from '../../src/encoders/reader.js';
import type { SentenceEncoder } from '../../src/encoders/sentence-encoder.js';
import { openUse } from '../../src/encoders/use.js';
import { temporaryDirectory } from '../helpers.js';

const FOLDER = fileURLToPath(new URL('../../models/text/2026.11-b', import.meta.url));
const jsonOf = (name: string) => JSON.parse(readFileSync(join(FOLDER, name), 'utf8'));
const golden = jsonOf('golden.json') as { cases: { sentences: string[]; reading: number[] }[] };
const config = jsonOf('config.json') as { variables: string[]; encoder: string };

describe('the shipped note reader', () => {
  let sentences: SentenceEncoder;
  let reader: NoteReader;
  beforeAll(async () => {
    sentences = openUse();
    reader = await openShippedReader();
  });
  afterAll(async () => {
    await reader.close();
    await sentences.close();
  });
  const read = async (texts: readonly string[]) =>
    reader.read(await Promise.all(texts.map(async (text) => quantise(unit(await sentences.embed(text))))));

  it('reads what PyTorch read in the same sentences, and the same again', async () => {
    expect(sentences.name).toBe(config.encoder);
    expect(reader.size).toBe(2 * config.variables.length);
    for (const { sentences: texts, reading } of golden.cases) {
      const found = await read(texts);
      expect(found.length).toBe(reader.size);
      reading.forEach((expected, place) => {
        expect(found[place]).toBeCloseTo(expected, 4);
      });
      expect(await read(texts)).toEqual(found);
    }
  });

  it('reads values, and is sure of what is told only', async () => {
    const [gcs, rate] = ['gcs', 'heartRate'].map((id) => config.variables.indexOf(id));
    const [low, high, other] = await Promise.all([
      read(['GCS 5', 'HR 72']),
      read(['HR 131', 'GCS 15']),
      read(['Family updated']),
    ]);
    expect(low[gcs]).toBeLessThan(high[gcs] - 0.2);
    expect(low[rate]).toBeLessThan(high[rate] - 0.3);
    const sure = (reading: Float32Array, variable: number) => reading[config.variables.length + variable];
    for (const variable of [gcs, rate]) {
      expect(sure(low, variable)).toBeGreaterThan(0.6);
      expect(sure(other, variable)).toBeLessThan(0.3);
    }
  });

  it('refuses a damaged graph', async () => {
    const directory = temporaryDirectory();
    const folder = join(directory, '2026.11-b');
    await expect(openShippedReader(directory)).rejects.toThrow(/holds no text model; restore the folder/);
    mkdirSync(folder);
    copyFileSync(join(FOLDER, 'config.json'), join(folder, 'config.json'));
    writeFileSync(join(folder, 'model.onnx'), 'no graph');
    await expect(openShippedReader(directory)).rejects.toThrow(/is damaged: its sha256/);
  });
});
