import { describe, expect, it } from 'vitest';
import { VARIABLES, variableIndex } from '../../src/clinical/variables.js';
import { Course } from '../../src/simulate/course.js';
import { type NoteKind, writeNote } from '../../src/simulate/note-writer.js';
import { Random } from '../../src/simulate/random.js';
import { vitalSigns } from '../../src/simulate/shorthand.js';
import { HOUR_MS } from '../helpers.js';

const patient = { ageYears: 70, sex: 'MALE', unitType: 'MEDICAL' } as const;
const MINUTE_MS = 60_000;

interface Value {
  readonly variable: number;
  readonly value: number;
  readonly time: number;
}

function noteOf(kind: NoteKind, values: readonly Value[], now: number, seed = 1): string {
  const course = new Course();
  for (const { variable, value, time } of values) if (time <= now) course.record(variable, value, time);
  return writeNote(kind, { course, now, patient, random: new Random(1, seed) });
}

describe('writeNote', () => {
  it('says in a note of an event that the pressure fell', () => {
    const map = variableIndex('mapInvasive');
    const course = Array.from({ length: 12 }, (_, hour) => ({
      variable: map,
      value: hour < 8 ? 85 : 50,
      time: hour * HOUR_MS,
    }));
    expect(noteOf('event', course, 9.5 * HOUR_MS)).toContain('ATSP re hypotension');
    expect(noteOf('event', course, 7.5 * HOUR_MS)).not.toContain('hypotension');
  });

  it('the same seed writes the same, another one otherwise', () => {
    const course = ['heartRate', 'mapInvasive', 'gcs', 'urine', 'creatinine'].map((id) => ({
      variable: variableIndex(id),
      value: VARIABLES[variableIndex(id)].plausible[1],
      time: 0,
    }));
    expect(noteOf('progress', course, HOUR_MS)).toBe(noteOf('progress', course, HOUR_MS));
    expect(noteOf('progress', course, HOUR_MS)).not.toBe(noteOf('progress', course, HOUR_MS, 2));
  });

  it('lists the vital signs as charted last, and none that are old', () => {
    const [rate, gcs] = [variableIndex('heartRate'), variableIndex('gcs')];
    const course = Array.from({ length: 24 }, (_, hour) => ({
      variable: rate,
      value: 80 + hour,
      time: hour * HOUR_MS,
    }));
    const hours = course.map((_, hour) => hour);
    const texts = hours.map((hour) =>
      noteOf('nursing', [{ variable: gcs, value: 11, time: 0 }, ...course], (hour + 0.5) * HOUR_MS, hour),
    );
    const listed = hours.filter((hour) => new RegExp(`(HR|P|Pulse) ${80 + hour}\\b`).test(texts[hour]));
    expect(listed.length / hours.length).toBeGreaterThan(0.7);
    for (const text of texts.slice(9)) expect(text).not.toContain('GCS');
  });
});

describe('vitalSigns', () => {
  it('draws no random number', () => {
    const course = new Course();
    course.record(variableIndex('heartRate'), 88, 0);
    const random = new Random(1, 1);
    const found = [0, 1, 2].map((minute) => vitalSigns({ course, now: minute * MINUTE_MS, patient, random }));
    expect(found.flat().join()).toMatch(/88/);
    expect(random.uniform()).toBe(new Random(1, 1).uniform());
  });
});
