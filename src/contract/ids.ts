/** UTF-16 units of an id at most. Identifiers of hospitals, HL7 and UUIDs included, are far shorter. */
export const MAX_ID_LENGTH = 200;

/** What senders write where they have no id: the nulls of their languages and of HL7, in lower case. */
const NULL_LIKE: ReadonlySet<string> = new Set([
  'null',
  '(null)',
  '<null>',
  'nil',
  'none',
  'undefined',
  'nan',
  'n/a',
  '#n/a',
  '\\n',
  'unknown',
  '[object object]',
  '""',
  "''",
  '-',
  '--',
  '?',
]);
const LONGEST_NULL_LIKE = 15;

/** Printable ASCII, which is most ids there are: nothing is to be normalised. */
const PLAIN = /^[!-~]{1,200}$/;
/**
 * Characters that people cannot see, halves of a surrogate pair, and what stands for bytes that were no UTF-8: two ids that differ
 * there look the same, or have become the same already.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffd]/u;

/** Why a text from outside is no id. */
export class IdFault {
  /** `missing-id`: it says that there is none. */
  readonly reason: 'missing-id' | 'invalid-id';
  /** What follows the field's name in a sentence. It quotes nothing of the text, which may be long. */
  readonly detail: string;

  constructor(reason: IdFault['reason'], detail: string) {
    this.reason = reason;
    this.detail = detail;
  }
}

const EMPTY = new IdFault('missing-id', 'is empty');

/**
 * The id that a text from outside stands for (of a patient, message, stay, alert, ward, bed, specimen or person), or why it is none. Spaces
 * around it are dropped and letters composed (Unicode NFC), so that what looks the same is the same. The one rule of what an id is.
 */
export function readId(text: string): string | IdFault {
  if (PLAIN.test(text)) return isNullLike(text) ? nullLike(text) : text;
  if (text === '') return EMPTY;
  // So much longer is no spelling of a short one, and nothing long is normalised.
  if (text.length > 3 * MAX_ID_LENGTH) return tooLong(text);
  const id = text.trim().normalize('NFC');
  if (id === '') return EMPTY;
  if (id.length > MAX_ID_LENGTH) return tooLong(id);
  const unseen = UNSEEN.exec(id)?.[0];
  if (unseen !== undefined) {
    const code = (unseen.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
    const what =
      unseen === '\ufffd' ? 'was not valid UTF-8' : `has a character that cannot be seen, U+${code}`;
    return new IdFault('invalid-id', what);
  }
  return isNullLike(id) ? nullLike(id) : id;
}

/** By byte: 1 is none of printable ASCII, 2 a digit. */
const CLASSES = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x21 || byte > 0x7e ? 1 : byte >= 0x30 && byte <= 0x39 ? 2 : 0,
);

/** Whether the bytes are an id as it stands: printable ASCII with a digit, which no word for "none" has. */
export function isPlainId(bytes: Uint8Array, start: number, end: number): boolean {
  let classes = 0;
  for (let at = start; at < end; at++) classes |= CLASSES[bytes[at]];
  return classes === 2 && end - start <= MAX_ID_LENGTH;
}

function isNullLike(text: string): boolean {
  return text.length <= LONGEST_NULL_LIKE && NULL_LIKE.has(text.toLowerCase());
}

function nullLike(text: string): IdFault {
  return new IdFault('missing-id', `is ${JSON.stringify(text)}, which says that there is none`);
}

function tooLong({ length }: string): IdFault {
  return new IdFault('invalid-id', `has ${length} characters; at most ${MAX_ID_LENGTH}`);
}
