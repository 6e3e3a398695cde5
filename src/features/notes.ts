import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { dequantise } from '../encoders/encoding.js';
import type { NoteEncoder } from '../encoders/text.js';
import { NoteWriter, type WrittenNote } from '../simulate/note-writer.js';
import { Random } from '../simulate/random.js';
import type { EventPass } from './export.js';

const MINUTE_MS = 60_000;
/** Notes encoded at once. */
const CHUNK = 64;

/** A note of notes.json; its embedding is the row of the same place in notes.f32. */
interface ExportedNote {
  /** Place of the stay in stays.json. */
  readonly stay: number;
  /** Since admission. */
  readonly minute: number;
  readonly kind: string;
  readonly text: string;
}

export interface NotesOptions {
  readonly seed: number;
  readonly onProgress?: ((notes: number, total: number) => void) | undefined;
}

/**
 * Writes notes for training, generated from the values of each stay observed up to the note's time and encoded by the
 * serving encoder: `notes.f32` (little-endian float32, shape [notes, size]) and `notes.json`. `ids` are the stays of
 * stays.json.
 */
export async function exportNotes(
  pass: EventPass,
  ids: readonly string[],
  encoder: NoteEncoder,
  directory: string,
  { seed, onProgress }: NotesOptions,
): Promise<{ notes: number; sentences: number; encoded: number }> {
  const notes = await writeNotes(pass, ids, seed);
  const file = openSync(join(directory, 'notes.f32'), 'w');
  const row = new Float32Array(encoder.size);
  for (let start = 0; start < notes.length; start += CHUNK) {
    const texts = notes.slice(start, start + CHUNK);
    const encodings = await Promise.all(texts.map(({ text }) => encoder.encode({ text, language: 'en' })));
    for (const { embedding, detail } of encodings) {
      if (embedding === null) throw new Error(`a generated note was not encoded: ${detail}`);
      dequantise(embedding, row, 0);
      writeSync(file, new Uint8Array(row.buffer));
    }
    onProgress?.(start + texts.length, notes.length);
  }
  closeSync(file);
  const description = { version: 1, encoder: encoder.name, size: encoder.size, seed, notes };
  writeFileSync(join(directory, 'notes.json'), JSON.stringify(description));
  const { sentences, cached } = encoder.counts;
  return { notes: notes.length, sentences, encoded: sentences - cached };
}

/** The notes of all stays, by stay and time. */
async function writeNotes(pass: EventPass, ids: readonly string[], seed: number): Promise<ExportedNote[]> {
  const stayOf = new Map(ids.map((id, stay) => [id, stay]));
  const writers = new Map<string, { readonly writer: NoteWriter; readonly admittedAt: number }>();
  const written: ExportedNote[][] = ids.map(() => []);
  for await (const events of pass()) {
    for (const { patientId, eventTime, kind, variables, values, body } of events) {
      const known = writers.get(patientId);
      if (kind === 'adt' && known === undefined) {
        const random = new Random(seed, hashOf(patientId));
        writers.set(patientId, { writer: new NoteWriter(body, eventTime, random), admittedAt: eventTime });
      } else if (kind === 'adt' && body.type === 'DISCHARGE' && known !== undefined) {
        const stay = stayOf.get(patientId);
        if (stay !== undefined)
          written[stay] = rowsOf(stay, known.admittedAt, known.writer.finish(eventTime));
        writers.delete(patientId);
      } else if (variables !== null && known !== undefined) {
        variables.forEach((variable, index) => {
          known.writer.record(variable, values[index], eventTime);
        });
      }
    }
  }
  return written.flat();
}

function rowsOf(stay: number, admittedAt: number, notes: readonly WrittenNote[]): ExportedNote[] {
  return notes.map(({ kind, time, text }) => ({ stay, minute: (time - admittedAt) / MINUTE_MS, kind, text }));
}

/** A stream of random numbers of its own for each stay (FNV-1a). */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash;
}
