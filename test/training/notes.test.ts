import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SentenceEncoder } from '../../src/encoders/sentence-encoder.js';
import { splitSentences } from '../../src/encoders/sentences.js';
import { statedValues } from '../../src/encoders/stated-values.js';
import { EMBEDDING_UNIT } from '../../src/events/encoding.js';
import { exportNotes } from '../../src/training/notes.js';
import { adt, eventOf, HOUR_MS, START, temporaryDirectory, vitals } from '../helpers.js';

const lengths: SentenceEncoder = {
  name: 'lengths',
  size: 3,
  embed: async (sentence) => Float32Array.of(sentence.length, 1, 0),
  close: async () => undefined,
};

async function* stays() {
  for (const patientId of ['b', 'a']) {
    const events = [eventOf('adt', adt('ADMIT', { patientId, ageYears: 70 }))];
    for (let hour = 0; hour < 24; hour++) {
      const at = { patientId, messageId: `${hour}`, eventTime: START + hour * HOUR_MS };
      events.push(eventOf('vitals', vitals({ heartRate: 80 + hour, mapInvasive: 90 - 2 * hour }, at)));
    }
    events.push(eventOf('adt', adt('DISCHARGE', { patientId, eventTime: START + 24 * HOUR_MS })));
    yield events;
  }
}

describe('exportNotes', () => {
  it('writes the sentences of each note, by stay and time, the same again for the same seed', async () => {
    const [first, second, other] = [temporaryDirectory(), temporaryDirectory(), temporaryDirectory()];
    const run = (directory: string, seed: number) =>
      exportNotes(stays, ['a', 'b'], lengths, directory, { seed });
    const counts = await run(first, 1);
    const { notes, sentences, stated, size, encoder } = JSON.parse(
      readFileSync(join(first, 'notes.json'), 'utf8'),
    );
    const rows = new Float32Array(new Uint8Array(readFileSync(join(first, 'sentences.f32'))).buffer);
    expect([size, encoder]).toEqual([3, 'lengths']);
    expect(counts).toEqual({ notes: notes.length, sentences: sentences.length });
    expect(counts.notes).toBeGreaterThanOrEqual(12);
    expect(new Set(sentences).size).toBe(sentences.length);
    expect(stated).toEqual(sentences.map(statedValues));
    expect(stated.flat().length).toBeGreaterThan(5);
    const order = notes.map(({ stay, minute }: { stay: number; minute: number }) => stay * 10_000 + minute);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(new Set(notes.map(({ stay }: { stay: number }) => stay))).toEqual(new Set([0, 1]));
    for (const note of notes) {
      const told = note.sentences.map((place: number) => sentences[place]);
      expect(told).toEqual(splitSentences(note.text).sentences);
    }
    // As the engine keeps them: at length 1, in 16 bits.
    expect(rows.length).toBe(sentences.length * 3);
    sentences.forEach((sentence: string, place: number) => {
      const kept = Math.round((sentence.length / Math.hypot(sentence.length, 1)) * EMBEDDING_UNIT);
      expect(rows[3 * place]).toBe(Math.fround(kept / EMBEDDING_UNIT));
    });
    await run(second, 1);
    await run(other, 2);
    const textOf = (directory: string) => readFileSync(join(directory, 'notes.json'), 'utf8');
    expect(textOf(second)).toBe(textOf(first));
    expect(textOf(other)).not.toBe(textOf(first));
  });
});
