import { createHash } from 'node:crypto';
import { decode } from 'fast-png';
import type { ImagingMessage } from '../../contract/messages.js';
import { TOPICS } from '../../contract/topics.js';
import type { SourceMessage } from '../../events/source-message.js';
import type { Instance } from './client.js';
import { element, text, uid } from './part10.js';
import { COMPUTED_RADIOGRAPHY } from './sop-classes.js';

export const EXPLICIT_LITTLE = '1.2.840.10008.1.2.1';

/** A picture as a modality would send it, the same for the same message; null of what is no grey PNG of 8 bits. */
export function composedPicture({ topic, record }: SourceMessage): Instance | null {
  if (topic !== TOPICS.imaging || Buffer.isBuffer(record)) return null;
  const { patientId, messageId, eventTime, observedAt, modality, bodySite, image } = record as ImagingMessage;
  if (image === null) return null;
  const { width, height, data, depth, channels } = decode(image);
  if (depth !== 8 || channels !== 1) return null;
  const digest = createHash('sha256').update(`${patientId}\n${messageId}`).digest('hex').slice(0, 32);
  // A UUID as UID (PS3.5, B.2).
  const sopInstance = `2.25.${BigInt(`0x${digest}`)}`;
  const taken = new Date(observedAt ?? eventTime).toISOString().replaceAll(/[-:TZ]/g, '');
  const dataSet = Buffer.concat([
    element(0x0008, 0x0005, 'CS', text('ISO_IR 192')),
    element(0x0008, 0x0016, 'UI', uid(COMPUTED_RADIOGRAPHY)),
    element(0x0008, 0x0018, 'UI', uid(sopInstance)),
    element(0x0008, 0x0022, 'DA', text(taken.slice(0, 8))),
    element(0x0008, 0x0032, 'TM', text(taken.slice(8))),
    element(0x0008, 0x0060, 'CS', text(modality)),
    element(0x0008, 0x0201, 'SH', text('+0000')),
    element(0x0010, 0x0020, 'LO', text(patientId, 'utf8')),
    element(0x0018, 0x0015, 'CS', text(bodySite)),
    short(0x0002, 1),
    element(0x0028, 0x0004, 'CS', text('MONOCHROME2')),
    short(0x0010, height),
    short(0x0011, width),
    short(0x0100, 8),
    short(0x0101, 8),
    short(0x0102, 7),
    short(0x0103, 0),
    element(
      0x7fe0,
      0x0010,
      'OW',
      Buffer.concat([Buffer.from(data as Uint8Array), Buffer.alloc(data.length % 2)]),
    ),
  ]);
  return { sopClass: COMPUTED_RADIOGRAPHY, sopInstance, transferSyntax: EXPLICIT_LITTLE, dataSet };
}

function short(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return element(0x0028, number, 'US', bytes);
}
