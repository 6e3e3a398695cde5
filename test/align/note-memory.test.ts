import { describe, expect, it } from 'vitest';
import { NoteMemory } from '../../src/align/note-memory.js';
import { HOUR_MS, START } from '../helpers.js';

const place = (hour: number, noteId = `n${hour}`) => ({
  at: START + hour * HOUR_MS,
  noteId,
  sentence: 'as it stands',
});
const status = (hour: number, name: 'prone' | 'dialysis') => ({
  ...place(hour),
  status: name,
  detail: '',
  isLate: false,
});

describe('NoteMemory', () => {
  it('tells the newest of each status as of a time, and none of later', () => {
    const memory = new NoteMemory();
    memory.addStatus(status(2, 'prone'));
    memory.addStatus(status(5, 'prone'));
    // A late note.
    memory.addStatus(status(3, 'dialysis'));
    const at = (hour: number) =>
      memory.statusesAt(START + hour * HOUR_MS).map((each) => [each.status, each.noteId]);
    expect(at(1)).toEqual([]);
    expect(at(4)).toEqual([
      ['prone', 'n2'],
      ['dialysis', 'n3'],
    ]);
    expect(at(6)).toEqual([
      ['dialysis', 'n3'],
      ['prone', 'n5'],
    ]);
    expect(at(30)).toEqual([]);
  });

  it('knows what stated a value, as its age tells its time', () => {
    const memory = new NoteMemory();
    memory.addValue({ ...place(1), variable: 3 });
    const now = START + 30 * HOUR_MS;
    const age = Math.fround(now - place(1).at);
    expect(memory.stated(3, now - age)?.noteId).toBe('n1');
    expect(memory.stated(4, now - age)).toBeUndefined();
    expect(memory.stated(3, place(2).at)).toBeUndefined();
  });

  it('is bounded, and keeps short what is long', () => {
    const memory = new NoteMemory();
    for (let hour = 0; hour < 2000; hour++)
      memory.addStatus({ ...status(hour / 1000, 'prone'), sentence: 'x'.repeat(5000) });
    const { statuses } = memory.toStored()!;
    expect(statuses.length).toBeLessThanOrEqual(256);
    expect(statuses[0].sentence.length).toBeLessThan(400);
  });

  it('continues from what it was', () => {
    const memory = new NoteMemory();
    expect(memory.toStored()).toBeNull();
    memory.addValue({ ...place(1), variable: 3 });
    memory.addStatus(status(2, 'prone'));
    memory.addContradiction({ ...place(3), variable: 3, value: 45, measured: 85 });
    const again = new NoteMemory();
    again.restore(JSON.parse(JSON.stringify(memory.toStored())));
    expect(again.toStored()).toEqual(memory.toStored());
    expect(again.contradictionsAt(START + 4 * HOUR_MS)).toHaveLength(1);
    again.restore(undefined);
    expect(again.toStored()).toBeNull();
  });
});
