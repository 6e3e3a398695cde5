import { IMPLEMENTATION } from './associate.js';

const PREAMBLE_BYTES = 128;
const LONG_LENGTHS: ReadonlySet<string> = new Set(['OB', 'OW', 'SQ', 'UN', 'UT']);

/** What a file says of its data set (PS3.10, 7.1). */
export interface FileMeta {
  readonly sopClass: string;
  readonly sopInstance: string;
  readonly transferSyntax: string;
  /** Application entity that it came from. */
  readonly source: string;
}

/** A DICOM file around a data set, the same for the same one. */
export function fileOf({ sopClass, sopInstance, transferSyntax, source }: FileMeta, dataSet: Buffer): Buffer {
  const meta = Buffer.concat([
    element(0x0002, 0x0001, 'OB', Buffer.from([0, 1])),
    element(0x0002, 0x0002, 'UI', uid(sopClass)),
    element(0x0002, 0x0003, 'UI', uid(sopInstance)),
    element(0x0002, 0x0010, 'UI', uid(transferSyntax)),
    element(0x0002, 0x0012, 'UI', uid(IMPLEMENTATION)),
    element(0x0002, 0x0016, 'AE', text(source)),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta.length);
  const head = [Buffer.alloc(PREAMBLE_BYTES), Buffer.from('DICM'), element(0x0002, 0x0000, 'UL', length)];
  return Buffer.concat([...head, meta, dataSet]);
}

/** An element in explicit little endian (PS3.5, 7.1.2). */
export function element(group: number, number: number, vr: string, value: Buffer): Buffer {
  const isLong = LONG_LENGTHS.has(vr);
  const head = Buffer.alloc(isLong ? 12 : 8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(number, 2);
  head.write(vr, 4, 'latin1');
  if (isLong) head.writeUInt32LE(value.length, 8);
  else head.writeUInt16LE(value.length, 6);
  return Buffer.concat([head, value]);
}

export function uid(value: string): Buffer {
  return Buffer.from(value.length % 2 === 0 ? value : `${value}\0`, 'latin1');
}

export function text(value: string, encoding: BufferEncoding = 'latin1'): Buffer {
  const bytes = Buffer.from(value, encoding);
  return bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.from(' ')]);
}
