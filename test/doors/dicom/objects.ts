import type { Instance } from '../../../src/doors/dicom/client.js';
import { element, text, uid } from '../../../src/doors/dicom/part10.js';
import { COMPUTED_RADIOGRAPHY } from '../../../src/doors/dicom/sop-classes.js';

export const EXPLICIT = '1.2.840.10008.1.2.1';

/** What a test says of a picture; tags as in PS3.6. */
export interface ObjectFields {
  readonly sopInstance?: string;
  readonly sopClass?: string;
  readonly charset?: string;
  readonly taken?: { readonly date: string; readonly time: string };
  readonly zone?: string;
  readonly modality?: string;
  readonly bodyPart?: string;
  /** Its bytes, in the encoding of `charset`. */
  readonly patientId?: string | Buffer;
  readonly issuer?: string;
  readonly otherIds?: readonly { readonly id: string; readonly issuer: string }[];
  readonly admissionId?: string;
  readonly pixels?: Buffer | null;
}

/** A picture of 2 × 2 pixels of 16 bits. */
export function objectOf(fields: ObjectFields = {}): Instance {
  const { sopInstance = '1.2.3.4', sopClass = COMPUTED_RADIOGRAPHY, patientId = 'p1', taken } = fields;
  const pixels = fields.pixels === undefined ? Buffer.from([0, 0, 1, 0, 2, 0, 3, 0]) : fields.pixels;
  const id = Buffer.isBuffer(patientId) ? patientId : text(patientId);
  const dataSet = Buffer.concat([
    ...optional(0x0008, 0x0005, 'CS', fields.charset),
    element(0x0008, 0x0016, 'UI', uid(sopClass)),
    ...(sopInstance === '' ? [] : [element(0x0008, 0x0018, 'UI', uid(sopInstance))]),
    ...optional(0x0008, 0x0022, 'DA', taken?.date),
    ...optional(0x0008, 0x0032, 'TM', taken?.time),
    element(0x0008, 0x0060, 'CS', text(fields.modality ?? 'DX')),
    ...optional(0x0008, 0x0201, 'SH', fields.zone),
    element(0x0010, 0x0020, 'LO', id.length % 2 === 0 ? id : Buffer.concat([id, Buffer.from(' ')])),
    ...optional(0x0010, 0x0021, 'LO', fields.issuer),
    ...others(fields.otherIds ?? []),
    ...optional(0x0018, 0x0015, 'CS', fields.bodyPart),
    short(0x0002, 1),
    element(0x0028, 0x0004, 'CS', text('MONOCHROME2')),
    short(0x0010, 2),
    short(0x0011, 2),
    short(0x0100, 16),
    short(0x0101, 16),
    short(0x0102, 15),
    short(0x0103, 0),
    ...optional(0x0038, 0x0010, 'LO', fields.admissionId),
    ...(pixels === null ? [] : [element(0x7fe0, 0x0010, 'OW', pixels)]),
  ]);
  return { sopClass, sopInstance, transferSyntax: EXPLICIT, dataSet };
}

function others(ids: NonNullable<ObjectFields['otherIds']>): Buffer[] {
  if (ids.length === 0) return [];
  const items = ids.map(({ id, issuer }) => {
    const content = Buffer.concat([
      element(0x0010, 0x0020, 'LO', text(id)),
      element(0x0010, 0x0021, 'LO', text(issuer)),
    ]);
    const head = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
    head.writeUInt32LE(content.length, 4);
    return Buffer.concat([head, content]);
  });
  const sequence = element(0x0010, 0x1002, 'SQ', Buffer.concat(items));
  return [sequence];
}

function short(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return element(0x0028, number, 'US', bytes);
}

function optional(group: number, number: number, vr: string, value: string | undefined): Buffer[] {
  return value === undefined ? [] : [element(group, number, vr, text(value))];
}
