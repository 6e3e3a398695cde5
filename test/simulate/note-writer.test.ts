import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VARIABLE_COUNT, VARIABLES, variableIndex } from '../../src/clinical/variables.js';
import { Course } from '../../src/simulate/course.js';
import { NoteWriter } from '../../src/simulate/note-writer.js';
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

function notesOf(values: readonly Value[], end: number, seed = 1) {
  const writer = new NoteWriter(patient, 0, new Random(1, seed));
  for (const { variable, value, time } of values) writer.record(variable, value, time);
  return writer.finish(end);
}

const values = fc
  .array(
    fc
      .record({
        variable: fc.nat(VARIABLE_COUNT - 1),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
        time: fc.nat(48 * 60).map((minute) => minute * MINUTE_MS),
      })
      .map(({ variable, share, time }) => {
        const [low, high] = VARIABLES[variable].plausible;
        return { variable, value: low + share * (high - low), time };
      }),
    { maxLength: 200 },
  )
  .map((each) => each.sort((a, b) => a.time - b.time));

describe('NoteWriter', () => {
  it('never looks ahead: what comes after a note changes nothing in it', () => {
    fc.assert(
      fc.property(values, fc.nat(48 * 60), (all, minute) => {
        const cut = minute * MINUTE_MS;
        const whole = notesOf(all, 48 * HOUR_MS);
        const part = notesOf(
          all.filter(({ time }) => time <= cut),
          cut,
        );
        // Whether an event note is due at the very end is known only when that moment is over.
        expect(part).toEqual(whole.filter(({ time }) => time < cut).slice(0, part.length));
        expect(whole.filter(({ time }) => time < cut).length - part.length).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('writes at admission, then every two to four hours', () => {
    const notes = notesOf([{ variable: variableIndex('heartRate'), value: 80, time: 0 }], 48 * HOUR_MS);
    expect(notes[0].kind).toBe('admission');
    for (let index = 1; index < notes.length; index++) {
      const gap = (notes[index].time - notes[index - 1].time) / HOUR_MS;
      expect(gap).toBeGreaterThanOrEqual(2);
      expect(gap).toBeLessThanOrEqual(4);
    }
    expect(notes.length).toBeGreaterThanOrEqual(12);
  });

  it('writes an event note when pressure falls, and says so', () => {
    const map = variableIndex('mapInvasive');
    const course = Array.from({ length: 12 }, (_, hour) => ({
      variable: map,
      value: hour < 8 ? 85 : 50,
      time: hour * HOUR_MS,
    }));
    const event = notesOf(course, 12 * HOUR_MS).find(({ kind }) => kind === 'event');
    expect(event?.text).toContain('ATSP re hypotension');
    expect((event?.time ?? 0) / HOUR_MS).toBeGreaterThan(8);
    expect((event?.time ?? 0) / HOUR_MS).toBeLessThanOrEqual(10.5);
  });

  it('the same seed writes the same, another one otherwise', () => {
    const course = ['heartRate', 'mapInvasive', 'gcs', 'urine', 'creatinine'].map((id) => ({
      variable: variableIndex(id),
      value: VARIABLES[variableIndex(id)].plausible[1],
      time: 0,
    }));
    expect(notesOf(course, 48 * HOUR_MS)).toEqual(notesOf(course, 48 * HOUR_MS));
    expect(notesOf(course, 48 * HOUR_MS)).not.toEqual(notesOf(course, 48 * HOUR_MS, 2));
  });

  it('lists the vital signs as charted last, and none that are old', () => {
    const [rate, gcs] = [variableIndex('heartRate'), variableIndex('gcs')];
    const course = Array.from({ length: 24 }, (_, hour) => ({
      variable: rate,
      value: 80 + hour,
      time: hour * HOUR_MS,
    }));
    const notes = notesOf([{ variable: gcs, value: 11, time: 0 }, ...course], 24 * HOUR_MS);
    const listed = notes.filter(({ text, time }) => {
      const last = 80 + Math.floor(time / HOUR_MS);
      return new RegExp(`(HR|P|Pulse) ${last}\\b`).test(text);
    });
    expect(listed.length / notes.length).toBeGreaterThan(0.7);
    const old = notes.filter(({ time }) => time > 9 * HOUR_MS);
    expect(old.length).toBeGreaterThan(3);
    for (const { text } of old) expect(text).not.toContain('GCS');
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
