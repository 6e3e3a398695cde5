import { INVALID_PARAMETER, PduFault } from './pdu.js';

/** Kinds of commands (PS3.7, E.1); an answer has the highest bit as well. */
export const C_STORE = 0x0001;
export const C_ECHO = 0x0030;
export const C_CANCEL = 0x0fff;
const RESPONSE = 0x8000;
const NO_DATA = 0x0101;
/** Characters of an error comment at most. */
const LONGEST_COMMENT = 64;

/** How a command is answered (PS3.7, annex C; PS3.4, table B.2-1). */
export const STATUS = {
  success: 0x0000,
  outOfResources: 0xa700,
  otherClass: 0xa900,
  unreadable: 0xc000,
  noPatient: 0xc001,
  tooLarge: 0xc002,
  noPicture: 0xc003,
  wrongTime: 0xc004,
  unknownClass: 0x0122,
  unknownCommand: 0x0211,
} as const;

/** A status as people know it: A700. */
export function statusText(status: number): string {
  return status.toString(16).toUpperCase().padStart(4, '0');
}

/** A command, without its data set. */
export interface Command {
  readonly field: number;
  readonly messageId: number;
  readonly sopClass: string;
  readonly sopInstance: string;
  readonly hasData: boolean;
  /** Of an answer. */
  readonly status: number;
}

/** Tags of group 0000. */
const TAG = {
  length: 0x0000,
  sopClass: 0x0002,
  field: 0x0100,
  messageId: 0x0110,
  answeredId: 0x0120,
  priority: 0x0700,
  dataSet: 0x0800,
  status: 0x0900,
  comment: 0x0902,
  sopInstance: 0x1000,
} as const;

/** Reads a command: implicit little endian (PS3.7, 6.3.1). @throws PduFault where it is damaged. */
export function readCommand(bytes: Buffer): Command {
  const values = new Map<number, Buffer>();
  for (let at = 0; at < bytes.length; ) {
    const end = at + 8 <= bytes.length ? at + 8 + bytes.readUInt32LE(at + 4) : Number.POSITIVE_INFINITY;
    if (end > bytes.length || bytes.readUInt16LE(at) !== 0)
      throw new PduFault(INVALID_PARAMETER, 'a command that is damaged');
    values.set(bytes.readUInt16LE(at + 2), bytes.subarray(at + 8, end));
    at = end;
  }
  const short = (tag: number) => {
    const value = values.get(tag);
    return value?.length === 2 ? value.readUInt16LE(0) : undefined;
  };
  const uid = (tag: number) => (values.get(tag)?.toString('latin1') ?? '').replace(/[\0 ]+$/, '');
  const [field, messageId] = [short(TAG.field), short(TAG.messageId) ?? short(TAG.answeredId)];
  if (field === undefined || messageId === undefined)
    throw new PduFault(INVALID_PARAMETER, 'a command without its kind or number');
  return {
    field,
    messageId,
    sopClass: uid(TAG.sopClass),
    sopInstance: uid(TAG.sopInstance),
    hasData: (short(TAG.dataSet) ?? NO_DATA) !== NO_DATA,
    status: short(TAG.status) ?? STATUS.success,
  };
}

/** The answer to a command. */
export function response(command: Command, status: number, comment = ''): Buffer {
  const { field, messageId, sopClass, sopInstance } = command;
  return group([
    [TAG.sopClass, uidValue(sopClass)],
    [TAG.field, short(field | RESPONSE)],
    [TAG.answeredId, short(messageId)],
    [TAG.dataSet, short(NO_DATA)],
    [TAG.status, short(status)],
    ...(comment === '' ? [] : [[TAG.comment, text(comment)] as const]),
    ...(field === C_STORE ? [[TAG.sopInstance, uidValue(sopInstance)] as const] : []),
  ]);
}

/** C-STORE-RQ, or C-ECHO-RQ where there is no instance. */
export function command(sopClass: string, sopInstance: string | null, messageId: number): Buffer {
  return group([
    [TAG.sopClass, uidValue(sopClass)],
    [TAG.field, short(sopInstance === null ? C_ECHO : C_STORE)],
    [TAG.messageId, short(messageId)],
    ...(sopInstance === null ? [] : [[TAG.priority, short(0)] as const]),
    [TAG.dataSet, short(sopInstance === null ? NO_DATA : 0)],
    ...(sopInstance === null ? [] : [[TAG.sopInstance, uidValue(sopInstance)] as const]),
  ]);
}

function group(elements: readonly (readonly [tag: number, value: Buffer])[]): Buffer {
  const body = Buffer.concat(elements.flatMap(([tag, value]) => [head(tag, value.length), value]));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([head(TAG.length, 4), length, body]);
}

function head(tag: number, length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(tag, 2);
  bytes.writeUInt32LE(length, 4);
  return bytes;
}

function short(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function uidValue(uid: string): Buffer {
  return Buffer.from(uid.length % 2 === 0 ? uid : `${uid}\0`, 'latin1');
}

/** Printable ASCII, of even length. */
function text(words: string): Buffer {
  const plain = words.replaceAll(/[^ -~]|\\/g, '?').slice(0, LONGEST_COMMENT);
  return Buffer.from(plain.length % 2 === 0 ? plain : `${plain} `, 'latin1');
}
