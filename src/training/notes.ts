import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { MINUTE_MS } from '../durations.js';
import type { SentenceEncoder } from '../encoders/sentence-encoder.js';
import { splitSentences } from '../encoders/sentences.js';
import { statedValues } from '../encoders/stated-values.js';
import { dequantise, quantise, unit } from '../events/encoding.js';
import { NoteWriter, type WrittenNote } from '../simulate/note-writer.js';
import { Random } from '../simulate/random.js';
import type { EventPass } from './export.js';

interface StayNote {
  /** Place of the stay in stays.json. */
  readonly stay: number;
  /** Since admission. */
  readonly minute: number;
  readonly kind: string;
  readonly text: string;
}

/** A note of notes.json. */
interface ExportedNote extends StayNote {
  /** Rows of its distinct sentences in sentences.f32, as the engine would read them. */
  readonly sentences: readonly number[];
}

export interface NotesOptions {
  readonly seed: number;
  readonly onProgress?: ((sentences: number, total: number) => void) | undefined;
}

/**
 * Writes notes for training, generated from the values of each stay observed up to the note's time: `notes.json`, with the
 * values that their distinct sentences state, and the embeddings of these as the engine keeps them, `sentences.f32` (little-endian float32, shape
 * [sentences, size]). `ids` are the stays of stays.json.
 */
export async function exportNotes(
  pass: EventPass,
  ids: readonly string[],
  encoder: SentenceEncoder,
  directory: string,
  { seed, onProgress }: NotesOptions,
): Promise<{ notes: number; sentences: number }> {
  const places = new Map<string, number>();
  const placeOf = (sentence: string): number => {
    const place = places.get(sentence) ?? places.size;
    places.set(sentence, place);
    return place;
  };
  const notes: ExportedNote[] = (await writeNotes(pass, ids, seed)).map((note) => ({
    ...note,
    sentences: splitSentences(note.text).sentences.map(placeOf),
  }));
  const file = openSync(join(directory, 'sentences.f32'), 'w');
  const row = new Float32Array(encoder.size);
  for (const [sentence, place] of places) {
    dequantise(quantise(unit(await encoder.embed(sentence))), row, 0);
    writeSync(file, new Uint8Array(row.buffer));
    onProgress?.(place + 1, places.size);
  }
  closeSync(file);
  const sentences = [...places.keys()];
  const stated = sentences.map(statedValues);
  const description = {
    version: 3,
    encoder: encoder.name,
    size: encoder.size,
    seed,
    sentences,
    stated,
    notes,
  };
  writeFileSync(join(directory, 'notes.json'), JSON.stringify(description));
  return { notes: notes.length, sentences: sentences.length };
}

/** The notes of all stays, by stay and time. */
async function writeNotes(pass: EventPass, ids: readonly string[], seed: number): Promise<StayNote[]> {
  const stayOf = new Map(ids.map((id, stay) => [id, stay]));
  const writers = new Map<string, { readonly writer: NoteWriter; readonly admittedAt: number }>();
  const written: StayNote[][] = ids.map(() => []);
  for await (const events of pass()) {
    for (const { patientId, eventTime, kind, variables, values, verdicts, body } of events) {
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
          if (!verdicts?.[index]) known.writer.record(variable, values[index], eventTime);
        });
      }
    }
  }
  return written.flat();
}

function rowsOf(stay: number, admittedAt: number, notes: readonly WrittenNote[]): StayNote[] {
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
