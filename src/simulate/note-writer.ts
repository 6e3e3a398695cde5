import { HOUR_MS, MINUTE_MS } from '../durations.js';
import { Course } from './course.js';
import type { Random } from './random.js';
import {
  type Bedside,
  blood,
  cardiovascular,
  filler,
  identity,
  impression,
  infection,
  metabolic,
  neuro,
  renal,
  respiratory,
  vitalSigns,
  worries,
} from './shorthand.js';

export type NoteKind = 'admission' | 'nursing' | 'progress' | 'event';

export interface WrittenNote {
  readonly kind: NoteKind;
  /** When it was signed, on the clock of the values. */
  readonly time: number;
  readonly text: string;
}

/** Least time between a note and an event note. */
const EVENT_GAP_MS = HOUR_MS;
/** Share of the systems a note speaks of. */
const SYSTEM_SHARE = 0.85;
const NURSING = [neuro, cardiovascular, respiratory, renal, infection];
const PHYSICIAN = [neuro, cardiovascular, respiratory, renal, metabolic, infection, blood];

/** A note in clinicians' shorthand. Everything in it was recorded in the course before. */
export function writeNote(kind: NoteKind, bedside: Bedside): string {
  const { random } = bedside;
  const systems = kind === 'nursing' || (kind !== 'progress' && random.chance(0.5)) ? NURSING : PHYSICIAN;
  const spoken = systems.filter(() => random.chance(SYSTEM_SHARE));
  const sentences = [
    ...(kind === 'admission' ? identity(bedside) : []),
    ...(kind === 'event' ? [`ATSP re ${worries(bedside).slice(0, 2).join(' and ') || 'a change'}`] : []),
    ...vitalSigns(bedside),
    ...spoken.flatMap((system) => system(bedside)),
    ...filler(bedside),
    ...impression(bedside),
  ];
  return sentences.map(sentence).join(' ');
}

/**
 * The notes staff might have written about a stay: at admission, then at each reassessment, every two to four
 * hours, and when something changes for the worse. A note is written from the values recorded up to its time, never from later ones.
 */
export class NoteWriter {
  readonly #patient: Bedside['patient'];
  readonly #random: Random;
  readonly #course = new Course();
  readonly #notes: WrittenNote[] = [];
  #now: number;
  #isAdmission = true;
  #next: number;
  #lastNote = Number.NEGATIVE_INFINITY;
  /** When an event note was asked for and what for; Infinity: none. */
  #eventAt = Number.POSITIVE_INFINITY;
  /** Worries already written about since the last note that was due anyway. */
  #known = new Set<string>();

  constructor(patient: Bedside['patient'], admittedAt: number, random: Random) {
    this.#patient = patient;
    this.#random = random;
    this.#now = admittedAt;
    this.#next = admittedAt + Math.round(random.between(60, 150)) * MINUTE_MS;
  }

  /** Adds a value in the variable's canonical unit; in order of time. */
  record(variable: number, value: number, time: number): void {
    if (time > this.#now) {
      this.#look();
      this.#writeBefore(time);
      this.#now = time;
    }
    this.#course.record(variable, value, time);
  }

  /** The notes of the stay, which ends at `time`. */
  finish(time: number): readonly WrittenNote[] {
    this.#look();
    this.#writeBefore(time);
    return this.#notes;
  }

  /** All values of this moment are in: is there something new to worry about? */
  #look(): void {
    if (this.#isAdmission || this.#eventAt !== Number.POSITIVE_INFINITY) return;
    if (this.#now - this.#lastNote < EVENT_GAP_MS) return;
    const found = worries(this.#bedside(this.#now));
    const isWorse = found.some((each) => !this.#known.has(each));
    if (isWorse) this.#eventAt = this.#now + Math.round(this.#random.between(5, 30)) * MINUTE_MS;
  }

  #writeBefore(time: number): void {
    for (let due = this.#due(); due < time; due = this.#due()) {
      const isEvent = this.#eventAt <= this.#next;
      const bedside = this.#bedside(due);
      const kind = this.#kind(isEvent);
      this.#notes.push({ kind, time: due, text: writeNote(kind, bedside) });
      this.#known = new Set([...(isEvent ? this.#known : []), ...worries(bedside)]);
      this.#isAdmission = false;
      this.#lastNote = due;
      this.#eventAt = Number.POSITIVE_INFINITY;
      this.#next = due + Math.round(this.#random.between(120, 240)) * MINUTE_MS;
    }
  }

  #due(): number {
    return Math.min(this.#next, this.#eventAt);
  }

  #kind(isEvent: boolean): NoteKind {
    if (this.#isAdmission) return 'admission';
    if (isEvent) return 'event';
    return this.#random.chance(0.4) ? 'progress' : 'nursing';
  }

  #bedside(now: number): Bedside {
    return { course: this.#course, now, patient: this.#patient, random: this.#random };
  }
}

function sentence(words: string): string {
  const text = words.trim();
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}
