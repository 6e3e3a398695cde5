import { TOPICS } from '../../contract/topics.js';
import type { Segment } from './message.js';
import { timeOf } from './times.js';
import type { Reading, Translation } from './translation.js';

/** A part of a report in words. */
export interface Paragraph {
  /** What it is, e.g. Findings. */
  readonly title: string;
  readonly text: string;
}

/** Types of OBX-5 that hold prose (HL7 table 0125). */
const PROSE = new Set(['TX', 'FT', 'ED']);
/** Kinds of notes by words of TXA-2, OBR-24 and their names. */
const KINDS: readonly (readonly [words: RegExp, kind: string])[] = [
  [/^(RAD|RX|RUS|CT|MR|CUS|NMS|VUS|XRC|DI)$|radiolog|x-?ray|imaging/i, 'radiology'],
  [/^(HP|AR)$|admission|history and physical/i, 'admission'],
  [/^(PN|PR)$|progress/i, 'progress'],
  [/^NU$|nurs/i, 'nursing'],
];
/** TXA-17: dictated, in progress, incomplete, not authenticated. Notes are signed ones. */
const UNSIGNED = new Set(['DI', 'IP', 'IN', 'PA']);

export function isProse(type: string): boolean {
  return PROSE.has(type);
}

/** The words of an OBX: its repetitions are lines; text that came as base64 is what it says. */
export function proseOf(obx: Segment): Paragraph {
  const title = obx.text(3, 2) || obx.text(3);
  if (obx.text(2).toUpperCase() === 'ED') return { title, text: encapsulated(obx) };
  const lines = obx.repetitions(5).map((each) => each.prose());
  return { title, text: lines.join('\n').trim() };
}

/** The text in encapsulated data; empty where it is none, such as a PDF. */
function encapsulated(obx: Segment): string {
  const first = obx.first(5);
  const [kind, subtype, encoding] = [2, 3, 4].map((component) => first.text(component).toLowerCase());
  const isText =
    (kind === 'text' || kind === 'ft' || kind === 'tx') && (subtype === '' || subtype === 'plain');
  if (!isText) return '';
  const data = first.text(5);
  return encoding === 'base64' ? Buffer.from(data, 'base64').toString('utf8').trim() : data;
}

/** Makes a note of the prose of one report. */
export function addNote(
  reading: Reading,
  out: Translation,
  paragraphs: readonly Paragraph[],
  obr: Segment | null,
): void {
  const kind = kindOf([obr?.text(24), obr?.text(4, 2)]);
  const written = obr === null ? null : timeOf(obr.text(7), reading.zone, reading.sentAt ?? reading.now);
  emit(reading, out, paragraphs, { kind, written, role: 'physician' });
}

/** Makes a note of an MDM message. */
export function addDocument(reading: Reading, out: Translation): void {
  const { message, zone, sentAt, now } = reading;
  const txa = message.find('TXA');
  const status = txa?.text(17).toUpperCase() ?? '';
  if (UNSIGNED.has(status)) {
    out.ignore(`the document is not signed yet (TXA-17 ${status})`);
    return;
  }
  const values = message.segments.filter(({ name }) => name === 'OBX');
  const paragraphs = values
    .filter((obx) => isProse(obx.text(2).toUpperCase()) || obx.text(2).toUpperCase() === 'ST')
    .map(proseOf);
  const kind = kindOf([txa?.text(2), txa?.text(2, 2), message.find('OBR')?.text(4, 2)]);
  const written = txa === undefined ? null : timeOf(txa.text(4), zone, sentAt ?? now);
  const role = kind === 'nursing' ? 'nurse' : 'physician';
  emit(reading, out, paragraphs, { kind, written, role });
}

function emit(
  reading: Reading,
  out: Translation,
  paragraphs: readonly Paragraph[],
  { kind, written, role }: { kind: string; written: number | null; role: string },
): void {
  const { sentAt, patientId, message, sender } = reading;
  const text = textOf(paragraphs);
  if (text === '') {
    out.reject('empty', 'the document has no text that can be read: of a PDF or picture nothing is used');
    return;
  }
  const eventTime = sentAt ?? written;
  const untimed = 'the document has no time that can be used';
  if (!out.hasTime(eventTime, reading, { untimed, ahead: 'the document is' })) return;
  out.counts.used++;
  const language = message.header.text(19) || sender.language;
  out.add(TOPICS.notes, {
    patientId,
    eventTime,
    observedAt: written,
    source: message.sender,
    noteType: kind,
    authorRole: role,
    language,
    text,
  } as never);
}

/** The paragraphs one below the other, each with its title where they have different ones. */
function textOf(paragraphs: readonly Paragraph[]): string {
  const written = paragraphs.filter(({ text }) => text !== '');
  const isTitled = new Set(written.map(({ title }) => title)).size > 1;
  let last = '';
  const lines: string[] = [];
  for (const { title, text } of written) {
    if (isTitled && title !== last) lines.push(`${title}:`);
    lines.push(text);
    last = title;
  }
  return lines.join('\n');
}

/** The kind of a note by words for it. */
export function kindOf(words: readonly (string | undefined)[]): string {
  for (const word of words) {
    if (word === undefined || word === '') continue;
    const found = KINDS.find(([pattern]) => pattern.test(word));
    if (found !== undefined) return found[1];
  }
  return 'other';
}
