/** Names of MSH-18 (HL7 table 0211), in lower case and without signs, and what the WHATWG Encoding Standard calls them. */
const NAMES = new Map<string, string>([
  ['ascii', 'utf-8'],
  ['unicodeutf8', 'utf-8'],
  ['utf8', 'utf-8'],
  ['unicode', 'utf-8'],
  ...[1, 2, 3, 4, 5, 6, 7, 8, 15].map((part) => [`8859${part}`, `iso-8859-${part}`] as const),
  // The Standard has no part 9 of its own.
  ['88599', 'windows-1254'],
  ['isoir14', 'shift_jis'],
  ['isoir87', 'iso-2022-jp'],
  ['isoir159', 'iso-2022-jp'],
  ['gb180302000', 'gb18030'],
  ['gb18030', 'gb18030'],
  ['ksx1001', 'euc-kr'],
  ['cnsbig5', 'big5'],
  ['big5', 'big5'],
]);

/** Where no name is known: what most senders mean that name none. */
const OTHERWISE = 'windows-1252';

/** Whether a setting names an encoding that can be read. */
export function isEncoding(name: string): boolean {
  try {
    new TextDecoder(NAMES.get(plain(name)) ?? name);
    return true;
  } catch {
    return false;
  }
}

/**
 * The text of a message in the encoding that a setting names, else in that of its MSH-18, else in UTF-8. What is no UTF-8 is read as
 * Windows-1252, in which every byte is something: no message is lost for the name of a patient.
 */
export function textOf(bytes: Uint8Array, setting?: string): string {
  const name = setting ?? declared(bytes);
  const encoding = NAMES.get(plain(name)) ?? (isEncoding(name) ? name : 'utf-8');
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder(OTHERWISE).decode(bytes);
  }
}

/** The first name in MSH-18 of the first header. Its bytes are ASCII in every encoding that MLLP can carry. */
function declared(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 4096)).toString('latin1');
  const at = text.indexOf('MSH');
  if (at < 0) return '';
  const separator = text[at + 3] ?? '|';
  const [line] = text.slice(at).split(/[\r\n]/);
  const repetition = line[5] ?? '~';
  return line.split(separator)[17]?.split(repetition)[0] ?? '';
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}
