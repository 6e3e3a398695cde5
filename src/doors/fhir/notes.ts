import { TOPICS } from '../../contract/topics.js';
import { textOf } from '../hl7/charset.js';
import { kindOf } from '../hl7/notes.js';
import { textsOf } from './codings.js';
import { firstText, type Json, listAt, objectAt, textAt } from './json.js';
import { addObservation } from './observations.js';
import { patientOf } from './patient.js';
import type { Reading, Taken } from './taken.js';
import { timeIn } from './times.js';

/** Kinds of notes by LOINC codes of documents that do not say it in their words. */
const KINDS: ReadonlyMap<string, string> = new Map([
  ['18748-4', 'radiology'],
  ['LP29684-5', 'radiology'],
  ['34117-2', 'admission'],
  ['11506-3', 'progress'],
  ['34746-8', 'nursing'],
]);
const TAKEN_BACK = 'entered-in-error';
const WITHOUT_RESULT = new Set(['registered', 'cancelled', 'unknown']);
/** Not signed: notes are signed ones. */
const UNSIGNED = new Set(['preliminary', 'partial']);
const PLAIN = /^text\/plain\b/i;

/** Makes results of what a DiagnosticReport contains, and a note of its conclusion and its plain text. */
export function addReport(resource: Json, reading: Reading, out: Taken): void {
  const status = textAt(resource, 'status');
  if (WITHOUT_RESULT.has(status)) {
    out.ignore(`the report is ${status}`);
    return;
  }
  const patientId = patientOf(objectAt(resource, 'subject'), resource, reading, out);
  if (patientId === null) return;
  for (const reference of listAt(resource, 'result')) {
    // What stands elsewhere comes, or came, by itself.
    const observation = textAt(reference, 'reference').startsWith('#')
      ? reading.scope.find(reference, resource)
      : undefined;
    if (observation !== undefined) addObservation(observation, reading, out, resource);
  }
  const paragraphs = [...plainTexts(listAt(resource, 'presentedForm')), textAt(resource, 'conclusion')];
  const text = [...new Set(paragraphs.filter((each) => each !== ''))].join('\n');
  const hasResults = listAt(resource, 'result').length > 0;
  if (text === '' && (hasResults || out.rejections.length > 0)) {
    if (out.messages.length === 0) out.ignore('the results come by themselves');
    return;
  }
  if (status === TAKEN_BACK) {
    out.reject('withdrawn', 'the report was entered in error; what was used of it stays');
    return;
  }
  if (UNSIGNED.has(status)) {
    out.ignore(`the report is ${status}: its text is not signed yet`);
    return;
  }
  const concepts = [...listAt(resource, 'category'), objectAt(resource, 'code')];
  addNote(
    {
      patientId,
      text,
      words: concepts.flatMap(textsOf),
      written:
        firstText(resource, 'effectiveDateTime') || textAt(objectAt(resource, 'effectivePeriod'), 'end'),
      told: textAt(resource, 'issued') || textAt(objectAt(resource, 'meta'), 'lastUpdated'),
      language: textAt(resource, 'language'),
    },
    reading,
    out,
  );
}

/** Makes a note of a DocumentReference with its text within. */
export function addDocument(resource: Json, reading: Reading, out: Taken): void {
  const patientId = patientOf(objectAt(resource, 'subject'), resource, reading, out);
  if (patientId === null) return;
  const [status, docStatus] = [textAt(resource, 'status'), textAt(resource, 'docStatus')];
  if (status === TAKEN_BACK || docStatus === TAKEN_BACK) {
    out.reject('withdrawn', 'the document was entered in error; what was used of it stays');
    return;
  }
  if (status === 'superseded') {
    out.ignore('another document stands in place of this one');
    return;
  }
  if (docStatus === 'preliminary') {
    out.ignore('the document is not signed yet');
    return;
  }
  const attachments = listAt(resource, 'content')
    .map((each) => objectAt(each, 'attachment'))
    .filter((each) => each !== undefined);
  const concepts = [objectAt(resource, 'type'), ...listAt(resource, 'category')];
  const period = objectAt(objectAt(resource, 'context'), 'period');
  addNote(
    {
      patientId,
      text: plainTexts(attachments).join('\n'),
      words: concepts.flatMap(textsOf),
      written:
        firstText(period, 'end', 'start') ||
        (attachments.map((each) => textAt(each, 'creation')).find(Boolean) ?? ''),
      told: textAt(resource, 'date') || textAt(objectAt(resource, 'meta'), 'lastUpdated'),
      language:
        attachments.map((each) => textAt(each, 'language')).find(Boolean) ?? textAt(resource, 'language'),
    },
    reading,
    out,
  );
}

/** What a note is made of; times as they stand. */
interface Note {
  readonly patientId: string;
  readonly text: string;
  readonly words: readonly string[];
  readonly written: string;
  readonly told: string;
  readonly language: string;
}

function addNote(
  { patientId, text, words, written, told, language }: Note,
  reading: Reading,
  out: Taken,
): void {
  if (text === '') {
    out.reject('empty', 'there is no plain text in it: of a link, PDF or picture nothing is used');
    return;
  }
  const { sender, sentAt, source } = reading;
  const observedAt = timeIn(written, reading);
  const eventTime = timeIn(told, reading) ?? sentAt ?? observedAt;
  if (!out.hasTime(eventTime, reading, 'the document')) return;
  const noteType = words.map((word) => KINDS.get(word)).find(Boolean) ?? kindOf(words);
  const authorRole = noteType === 'nursing' ? 'nurse' : 'physician';
  const tongue = language || sender.language;
  out.counts.used++;
  out.add(TOPICS.notes, {
    patientId,
    eventTime,
    observedAt,
    source,
    noteType,
    authorRole,
    language: tongue,
    text,
  } as never);
}

/** The texts in attachments that are plain text. */
function plainTexts(attachments: readonly Json[]): string[] {
  const texts = attachments.map((attachment) => {
    const type = textAt(attachment, 'contentType');
    if (type !== '' && !PLAIN.test(type)) return '';
    return textOf(Buffer.from(textAt(attachment, 'data'), 'base64')).trim();
  });
  return texts.filter((text) => text !== '');
}
