import { deflateRawSync } from 'node:zlib';

/** What a DICOM file of a test holds besides its pixels; tags as in PS3.6. */
export interface DicomFields {
  readonly rows: number;
  readonly columns: number;
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored?: number;
  readonly isSigned?: boolean;
  readonly photometric?: string;
  readonly samples?: number;
  readonly modality?: string;
  readonly bodyPart?: string;
  /** Meaning of the first code of the Anatomic Region Sequence and of the View Code Sequence. */
  readonly region?: string;
  readonly viewMeaning?: string;
  readonly view?: string;
  readonly series?: string;
  readonly orientation?: string;
  readonly padding?: number;
  readonly paddingLimit?: number;
  readonly presentation?: string;
  readonly highBit?: number;
  readonly windowFunction?: string;
  readonly voiTable?: LookUpTable;
  readonly modalityTable?: LookUpTable;
  readonly slope?: number;
  readonly intercept?: number;
  readonly windowCenter?: number;
  readonly windowWidth?: number;
  readonly transferSyntax?: string;
}

/** Entries of 16 bits, the first of them of the value `first`. */
export interface LookUpTable {
  readonly first: number;
  readonly entries: readonly number[];
}

const DEFLATED = '1.2.840.10008.1.2.1.99';
const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';

/** A DICOM file in explicit little endian, deflated or not; with another transfer syntax, `pixels` is one encapsulated frame. */
export function dicomFile(fields: DicomFields, pixels: Uint8Array): Buffer {
  const { transferSyntax = EXPLICIT_LITTLE, bitsAllocated } = fields;
  const meta = element(0x0002, 0x0010, 'UI', text(transferSyntax, '\0'));
  const body = [
    element(0x0008, 0x0060, 'CS', text(fields.modality ?? 'DX')),
    ...optional(0x0008, 0x103e, 'LO', fields.series),
    ...code(0x0008, 0x2218, fields.region),
    ...optional(0x0018, 0x0015, 'CS', fields.bodyPart),
    ...optional(0x0018, 0x5101, 'CS', fields.view),
    ...optional(0x0020, 0x0020, 'CS', fields.orientation),
    element(0x0028, 0x0002, 'US', short(fields.samples ?? 1)),
    element(0x0028, 0x0004, 'CS', text(fields.photometric ?? 'MONOCHROME2')),
    element(0x0028, 0x0010, 'US', short(fields.rows)),
    element(0x0028, 0x0011, 'US', short(fields.columns)),
    element(0x0028, 0x0100, 'US', short(bitsAllocated)),
    element(0x0028, 0x0101, 'US', short(fields.bitsStored ?? bitsAllocated)),
    ...number16(0x0102, fields.highBit),
    element(0x0028, 0x0103, 'US', short(fields.isSigned ? 1 : 0)),
    ...number16(0x0120, fields.padding),
    ...number16(0x0121, fields.paddingLimit),
    ...decimal(0x1050, fields.windowCenter),
    ...decimal(0x1051, fields.windowWidth),
    ...decimal(0x1052, fields.intercept),
    ...decimal(0x1053, fields.slope),
    ...optional(0x0028, 0x1056, 'CS', fields.windowFunction),
    ...table(0x3000, fields.modalityTable),
    ...table(0x3010, fields.voiTable),
    ...code(0x0054, 0x0220, fields.viewMeaning),
    ...optional(0x2050, 0x0020, 'CS', fields.presentation),
    transferSyntax === EXPLICIT_LITTLE || transferSyntax === DEFLATED
      ? element(0x7fe0, 0x0010, 'OW', even(pixels))
      : encapsulated(pixels),
  ];
  const length = element(0x0002, 0x0000, 'UL', long(meta.length));
  const rest = transferSyntax === DEFLATED ? [deflateRawSync(Buffer.concat(body))] : body;
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), length, meta, ...rest]);
}

function element(group: number, number: number, vr: string, value: Buffer): Buffer {
  const isLong = vr === 'OW' || vr === 'OB' || vr === 'SQ';
  const head = Buffer.alloc(isLong ? 12 : 8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(number, 2);
  head.write(vr, 4, 'latin1');
  if (isLong) head.writeUInt32LE(value.length, 8);
  else head.writeUInt16LE(value.length, 6);
  return Buffer.concat([head, value]);
}

/** Pixel data of undefined length: an empty offset table, one fragment, the delimiter (PS3.5 A.4). */
function encapsulated(frame: Uint8Array): Buffer {
  const head = Buffer.from([0xe0, 0x7f, 0x10, 0x00, 0x4f, 0x42, 0, 0, 0xff, 0xff, 0xff, 0xff]);
  const item = (bytes: Buffer) =>
    Buffer.concat([Buffer.from([0xfe, 0xff, 0x00, 0xe0]), long(bytes.length), bytes]);
  const end = Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
  return Buffer.concat([head, item(Buffer.alloc(0)), item(even(frame)), end]);
}

function optional(group: number, number: number, vr: string, value: string | undefined): Buffer[] {
  return value === undefined ? [] : [element(group, number, vr, text(value))];
}

function number16(number: number, value: number | undefined): Buffer[] {
  return value === undefined ? [] : [element(0x0028, number, 'US', short(value & 0xffff))];
}

/** A sequence of one item (PS3.5, 7.5). */
function sequence(group: number, number: number, content: readonly Buffer[]): Buffer {
  const item = Buffer.concat(content);
  return element(
    group,
    number,
    'SQ',
    Buffer.concat([Buffer.from([0xfe, 0xff, 0x00, 0xe0]), long(item.length), item]),
  );
}

function code(group: number, number: number, meaning: string | undefined): Buffer[] {
  if (meaning === undefined) return [];
  const content = [
    element(0x0008, 0x0100, 'SH', text('1')),
    element(0x0008, 0x0102, 'SH', text('SCT')),
    element(0x0008, 0x0104, 'LO', text(meaning)),
  ];
  return [sequence(group, number, content)];
}

function table(number: number, given: LookUpTable | undefined): Buffer[] {
  if (given === undefined) return [];
  const { first, entries } = given;
  const descriptor = Buffer.concat([entries.length, first & 0xffff, 16].map(short));
  const data = Buffer.concat(entries.map(short));
  return [
    sequence(0x0028, number, [
      element(0x0028, 0x3002, 'US', descriptor),
      element(0x0028, 0x3006, 'OW', data),
    ]),
  ];
}

function decimal(number: number, value: number | undefined): Buffer[] {
  return value === undefined ? [] : [element(0x0028, number, 'DS', text(`${value}`))];
}

function text(value: string, filler = ' '): Buffer {
  return Buffer.from(value.length % 2 === 0 ? value : value + filler, 'latin1');
}

function even(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(bytes.length % 2)]);
}

function short(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function long(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
