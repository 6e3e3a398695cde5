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
  readonly slope?: number;
  readonly intercept?: number;
  readonly windowCenter?: number;
  readonly windowWidth?: number;
  readonly transferSyntax?: string;
}

const DEFLATED = '1.2.840.10008.1.2.1.99';
const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';

/** A DICOM file in explicit little endian, deflated or not; with another transfer syntax, `pixels` is one encapsulated frame. */
export function dicomFile(fields: DicomFields, pixels: Uint8Array): Buffer {
  const { transferSyntax = EXPLICIT_LITTLE, bitsAllocated } = fields;
  const meta = element(0x0002, 0x0010, 'UI', text(transferSyntax, '\0'));
  const body = [
    element(0x0008, 0x0060, 'CS', text(fields.modality ?? 'DX')),
    element(0x0028, 0x0002, 'US', short(fields.samples ?? 1)),
    element(0x0028, 0x0004, 'CS', text(fields.photometric ?? 'MONOCHROME2')),
    element(0x0028, 0x0010, 'US', short(fields.rows)),
    element(0x0028, 0x0011, 'US', short(fields.columns)),
    element(0x0028, 0x0100, 'US', short(bitsAllocated)),
    element(0x0028, 0x0101, 'US', short(fields.bitsStored ?? bitsAllocated)),
    element(0x0028, 0x0103, 'US', short(fields.isSigned ? 1 : 0)),
    ...decimal(0x1050, fields.windowCenter),
    ...decimal(0x1051, fields.windowWidth),
    ...decimal(0x1052, fields.intercept),
    ...decimal(0x1053, fields.slope),
    transferSyntax === EXPLICIT_LITTLE || transferSyntax === DEFLATED
      ? element(0x7fe0, 0x0010, 'OW', even(pixels))
      : encapsulated(pixels),
  ];
  const length = element(0x0002, 0x0000, 'UL', long(meta.length));
  const rest = transferSyntax === DEFLATED ? [deflateRawSync(Buffer.concat(body))] : body;
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), length, meta, ...rest]);
}

function element(group: number, number: number, vr: string, value: Buffer): Buffer {
  const isLong = vr === 'OW' || vr === 'OB';
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
