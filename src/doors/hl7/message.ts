/** HL7 v2 messages as text: segments, fields, repetitions, components, subcomponents, escapes (HL7 v2.9, chapter 2). */

/** Why bytes are no message that can be read. */
export class Unreadable {
  /** For people, and for the sender's log. */
  readonly detail: string;

  constructor(detail: string) {
    this.detail = detail;
  }
}

/** The characters by which a message is cut, as its first segment names them. */
export interface Delimiters {
  readonly field: string;
  readonly component: string;
  readonly repetition: string;
  readonly escaping: string;
  readonly subcomponent: string;
}

/** Those that nearly all senders name. */
export const STANDARD: Delimiters = {
  field: '|',
  component: '^',
  repetition: '~',
  escaping: '\\',
  subcomponent: '&',
};

/** What a sender writes to say that a value is to be deleted: there is none. */
const DELETED = '""';
const SEGMENT_NAME = /^[A-Z][A-Z0-9]{2}$/;
/** Envelopes of files and batches: they carry nothing of a patient. */
const ENVELOPES = new Set(['FHS', 'BHS', 'BTS', 'FTS']);
/** A message has fewer; what goes on is a sender's fault, or no HL7. */
const MAX_SEGMENTS = 20_000;

/** One line of a message. Fields, components and repetitions count as the standard counts them: fields and components from 1. */
export class Segment {
  readonly name: string;
  readonly #fields: readonly string[];
  readonly #delimiters: Delimiters;

  constructor(line: string, delimiters: Delimiters) {
    this.name = line.slice(0, 3);
    const fields = line.split(delimiters.field);
    // The first field of MSH is the separator itself.
    this.#fields = this.name === 'MSH' ? [fields[0], delimiters.field, ...fields.slice(1)] : fields;
    this.#delimiters = delimiters;
  }

  /** A field as it stands, escapes and all; empty where there is none. */
  raw(field: number): string {
    const text = this.#fields[field]?.trim() ?? '';
    return text === DELETED ? '' : text;
  }

  /** The repetitions of a field; none of an empty one. */
  repetitions(field: number): Repetition[] {
    const text = this.raw(field);
    if (text === '') return [];
    return text.split(this.#delimiters.repetition).map((each) => new Repetition(each, this.#delimiters));
  }

  /** The first repetition of a field. */
  first(field: number): Repetition {
    return this.repetitions(field)[0] ?? new Repetition('', this.#delimiters);
  }

  /** A component of the first repetition, escapes undone; empty where there is none. */
  text(field: number, component = 1): string {
    return this.first(field).text(component);
  }
}

/** One value of a field. */
export class Repetition {
  readonly raw: string;
  readonly #components: readonly string[];
  readonly #delimiters: Delimiters;

  constructor(raw: string, delimiters: Delimiters) {
    this.raw = raw;
    this.#components = raw.split(delimiters.component);
    this.#delimiters = delimiters;
  }

  /** A component, or the first subcomponent of one that has several; escapes undone, without spaces around it. */
  text(component: number): string {
    const raw = this.#components[component - 1] ?? '';
    const [first] = raw.split(this.#delimiters.subcomponent);
    const text = unescaped(first, this.#delimiters).trim();
    return text === DELETED ? '' : text;
  }

  /** All of it as text: what a sender of prose meant who did not escaping its delimiters. */
  prose(): string {
    return unescaped(this.raw, this.#delimiters);
  }
}

/** One message: its segments in order, the first of them MSH. */
export class Hl7Message {
  readonly segments: readonly Segment[];
  readonly delimiters: Delimiters;

  constructor(segments: readonly Segment[], delimiters: Delimiters) {
    this.segments = segments;
    this.delimiters = delimiters;
  }

  get header(): Segment {
    return this.segments[0];
  }

  /** The first segment of a name. */
  find(name: string): Segment | undefined {
    return this.segments.find((segment) => segment.name === name);
  }

  /** MSH-9, the kind of message, e.g. ORU. */
  get type(): string {
    return this.header.text(9).toUpperCase();
  }

  /** What happened, e.g. R01: of MSH-9, or of EVN where an old sender names it there only. */
  get trigger(): string {
    const named = this.header.text(9, 2).toUpperCase();
    return named !== '' ? named : (this.find('EVN')?.text(1).toUpperCase() ?? '');
  }

  /** MSH-10, by which the answer is matched. */
  get controlId(): string {
    return this.header.raw(10);
  }

  /** Who sent it: MSH-3, its first component. */
  get sender(): string {
    return this.header.text(3);
  }
}

/**
 * The messages in a text, each with its own text: a block may hold several, and envelopes of batches around them. Lines end as they
 * like. A line that is no segment goes on with the one before: senders leave line breaks in prose.
 */
export function messagesIn(
  text: string,
): { readonly text: string; readonly read: Hl7Message | Unreadable }[] {
  const blocks: string[][] = [];
  const stray: string[] = [];
  for (const line of text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/)) {
    if (line.trim() === '') continue;
    const start = line.trimStart();
    if (start.startsWith('MSH')) blocks.push([start]);
    else if (isSegment(start) && ENVELOPES.has(start.slice(0, 3))) continue;
    else (blocks.at(-1) ?? stray).push(isSegment(start) ? start : line);
  }
  if (blocks.length === 0) {
    const what = text.trim() === '' ? 'the message is empty' : 'no line begins with MSH';
    return [{ text, read: new Unreadable(what) }];
  }
  return blocks.map((lines) => ({ text: lines.join('\r'), read: readMessage(lines) }));
}

/** Whether a line begins as a segment does: a name of three and then a separator, or nothing. */
function isSegment(line: string): boolean {
  return SEGMENT_NAME.test(line.slice(0, 3)) && (line.length === 3 || !/[\p{L}\p{N}\s]/u.test(line[3]));
}

function readMessage(lines: readonly string[]): Hl7Message | Unreadable {
  const delimiters = delimitersOf(lines[0]);
  if (delimiters instanceof Unreadable) return delimiters;
  if (lines.length > MAX_SEGMENTS) {
    return new Unreadable(`the message has ${lines.length} segments; at most ${MAX_SEGMENTS}`);
  }
  const whole: string[] = [];
  for (const line of lines) {
    const isNext = SEGMENT_NAME.test(line.slice(0, 3)) && (line.length === 3 || line[3] === delimiters.field);
    if (isNext || whole.length === 0) whole.push(line);
    else whole[whole.length - 1] += `\n${line}`;
  }
  const message = new Hl7Message(
    whole.map((line) => new Segment(line, delimiters)),
    delimiters,
  );
  return message.type === '' ? new Unreadable('MSH-9 does not say what kind of message it is') : message;
}

function delimitersOf(header: string): Delimiters | Unreadable {
  const field = header[3];
  if (field === undefined || /[\p{L}\p{N}\s]/u.test(field)) {
    return new Unreadable('MSH has no field separator');
  }
  const encoding = header.slice(4).split(field)[0];
  const [
    component = STANDARD.component,
    repetition = STANDARD.repetition,
    escaping = STANDARD.escaping,
    subcomponent = STANDARD.subcomponent,
  ] = encoding;
  const all = [field, component, repetition, escaping, subcomponent];
  if (new Set(all).size < all.length) {
    return new Unreadable(`MSH-2 ${JSON.stringify(encoding.slice(0, 8))} names one character twice`);
  }
  return { field, component, repetition, escaping, subcomponent };
}

/** The text without escapes. What no receiver can know (local ones, other character sets) and highlighting go. */
function unescaped(text: string, delimiters: Delimiters): string {
  const { escaping } = delimiters;
  if (!text.includes(escaping)) return text;
  const parts = text.split(escaping);
  let out = parts[0];
  for (let index = 1; index < parts.length; index++) {
    const meant = index + 1 < parts.length ? meaningOf(parts[index], delimiters) : null;
    // A lone one is a character like others.
    if (meant === null) out += escaping + parts[index];
    else {
      out += meant + parts[index + 1];
      index++;
    }
  }
  return out;
}

/** What escapes mean: a delimiter, or text. */
const DELIMITERS: ReadonlyMap<string, keyof Delimiters> = new Map([
  ['F', 'field'],
  ['S', 'component'],
  ['T', 'subcomponent'],
  ['R', 'repetition'],
  ['E', 'escaping'],
]);
const TEXTS: ReadonlyMap<string, string> = new Map([
  ['P', '#'],
  ['H', ''],
  ['N', ''],
  ['.br', '\n'],
  ['.sp', '\n'],
  ['.ce', '\n'],
]);

function meaningOf(sequence: string, delimiters: Delimiters): string | null {
  const delimiter = DELIMITERS.get(sequence);
  if (delimiter !== undefined) return delimiters[delimiter];
  const text = TEXTS.get(sequence);
  if (text !== undefined) return text;
  if (/^X([0-9A-Fa-f]{2})+$/.test(sequence)) {
    const bytes = Buffer.from(sequence.slice(1), 'hex');
    return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
  }
  if (/^\.(sp|in|ti|sk|fi|nf)[+-]?\d*$/.test(sequence)) return sequence.startsWith('.sp') ? '\n' : '';
  return /^[CMZ][0-9A-Za-z]*$/.test(sequence) ? '' : null;
}

function isUtf8(bytes: Buffer): boolean {
  return !bytes.toString('utf8').includes('\ufffd');
}
