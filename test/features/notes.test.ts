import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dequantise } from '../../src/encoders/encoding.js';
import type { SentenceEncoder } from '../../src/encoders/sentence-encoder.js';
import { NoteEncoder } from '../../src/encoders/text.js';
import { exportNotes } from '../../src/features/notes.js';
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
  it('writes a row of floats for each note, by stay and time, the same again for the same seed', async () => {
    const [first, second, other] = [temporaryDirectory(), temporaryDirectory(), temporaryDirectory()];
    const run = (directory: string, seed: number) =>
      exportNotes(stays, ['a', 'b'], new NoteEncoder(lengths), directory, { seed });
    const { notes: count } = await run(first, 1);
    const { notes, size, encoder } = JSON.parse(readFileSync(join(first, 'notes.json'), 'utf8'));
    const rows = new Float32Array(new Uint8Array(readFileSync(join(first, 'notes.f32'))).buffer);
    expect([size, encoder, notes.length]).toEqual([3, 'lengths', count]);
    expect(readFileSync(join(first, 'notes.f32')).length).toBe(count * 3 * 4);
    expect(count).toBeGreaterThanOrEqual(6);
    const order = notes.map(({ stay, minute }: { stay: number; minute: number }) => stay * 10_000 + minute);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(new Set(notes.map(({ stay }: { stay: number }) => stay))).toEqual(new Set([0, 1]));
    const { embedding } = await new NoteEncoder(lengths).encode({ text: notes[2].text, language: 'en' });
    const row = new Float32Array(3);
    dequantise(embedding as Int16Array, row, 0);
    expect(rows.subarray(6, 9)).toEqual(row);
    await run(second, 1);
    await run(other, 2);
    const textOf = (directory: string) => readFileSync(join(directory, 'notes.json'), 'utf8');
    expect(textOf(second)).toBe(textOf(first));
    expect(textOf(other)).not.toBe(textOf(first));
  });
});
