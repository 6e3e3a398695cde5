import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIP, type Scaling, standardise } from '../../src/clinical/standardise.js';
import { type NoteReader, openShippedReader } from '../../src/encoders/reader.js';
import type { SentenceEncoder } from '../../src/encoders/sentence-encoder.js';
import { openUse } from '../../src/encoders/use.js';
import { quantise, unit } from '../../src/events/encoding.js';
import { temporaryDirectory } from '../helpers.js';

const FOLDER = fileURLToPath(new URL('../../models/text/2026.11-c', import.meta.url));
const jsonOf = (name: string) => JSON.parse(readFileSync(join(FOLDER, name), 'utf8'));
const golden = jsonOf('golden.json') as { cases: { sentences: string[]; reading: number[] }[] };
const config = jsonOf('config.json') as { variables: Scaling[]; encoder: string };

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
    reader.read(
      await Promise.all(
        texts.map(async (text) => ({ text, embedding: quantise(unit(await sentences.embed(text))) })),
      ),
    );

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

  const placeOf = (id: string) => config.variables.findIndex((each) => each.id === id);

  it('reads values from words, and is sure of what is told only', async () => {
    const [low, high, other] = await Promise.all([
      read(['Cr normal', 'HR 60s', 'Urine 20 ml']),
      read(['UO last 275 ml', 'Very tachycardic, HR 150s', 'Severe AKI, Cr 10.1']),
      read(['Family updated']),
    ]);
    const sure = (reading: Float32Array, variable: number) => reading[config.variables.length + variable];
    for (const place of ['creatinine', 'heartRate', 'urine'].map(placeOf)) {
      expect(low[place]).toBeLessThan(high[place] - 0.2);
      expect(sure(low, place)).toBeGreaterThan(0.6);
      expect(sure(other, place)).toBeLessThan(0.3);
    }
  });

  it('takes a stated number as it is, of two the later, beside what it reads of the rest', async () => {
    const [words, both] = await Promise.all([
      read(['GCS 6', 'Cr normal', 'HR 131']),
      read(['HR 84', 'GCS 6', 'Cr normal', 'HR 131', 'MAP 44']),
    ]);
    const expected = { heartRate: 131, gcs: 6, mapInvasive: 44, mapCuff: 44 };
    for (const [id, value] of Object.entries(expected)) {
      const place = placeOf(id);
      expect(both[place]).toBeCloseTo(standardise(config.variables[place], value) / CLIP, 6);
      expect(both[config.variables.length + place]).toBe(1);
    }
    expect(words[config.variables.length + placeOf('creatinine')]).toBeGreaterThan(0.5);
    expect(words[config.variables.length + placeOf('mapInvasive')]).toBeLessThan(1);
  });

  it('refuses a damaged graph', async () => {
    const directory = temporaryDirectory();
    const folder = join(directory, '2026.11-c');
    await expect(openShippedReader(directory)).rejects.toThrow(/holds no text model; restore the folder/);
    mkdirSync(folder);
    copyFileSync(join(FOLDER, 'config.json'), join(folder, 'config.json'));
    writeFileSync(join(folder, 'model.onnx'), 'no graph');
    await expect(openShippedReader(directory)).rejects.toThrow(/is damaged: its sha256/);
  });
});
