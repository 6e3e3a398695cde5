import type { DataSet } from 'dicom-parser';
import { type IdFault, readId } from '../../contract/ids.js';
import { HOUR_MS } from '../../durations.js';
import { statedBy } from '../../encoders/dicom-header.js';
import type { EpochMs } from '../../events/event.js';
import { timeOf, type Zone, zoneIn } from '../hl7/times.js';
import type { DicomSender } from './sender.js';

/** Encodings by Specific Character Set (PS3.3, C.12.1.1.2); what is not named is ASCII. */
const ENCODINGS: ReadonlyMap<string, string> = new Map(
  Object.entries<string>({
    'ISO_IR 100': 'iso-8859-1',
    'ISO_IR 101': 'iso-8859-2',
    'ISO_IR 109': 'iso-8859-3',
    'ISO_IR 110': 'iso-8859-4',
    'ISO_IR 144': 'iso-8859-5',
    'ISO_IR 127': 'iso-8859-6',
    'ISO_IR 126': 'iso-8859-7',
    'ISO_IR 138': 'iso-8859-8',
    'ISO_IR 148': 'iso-8859-9',
    'ISO_IR 13': 'shift_jis',
    'ISO_IR 166': 'windows-874',
    'ISO_IR 192': 'utf-8',
    GB18030: 'gb18030',
    GBK: 'gbk',
  }),
);

/** Pairs of date and time that say when the picture was taken, the nearest to that first. */
const TAKEN = [
  ['x00080022', 'x00080032'],
  ['x00080023', 'x00080033'],
  ['x00080012', 'x00080013'],
] as const;
/** How far clocks of the world are apart. */
const EARLIEST_ZONE_MS = 12 * HOUR_MS;

/** When a picture was taken. */
export interface Taken {
  /** Null where no time is stated, or none with a zone. */
  readonly at: EpochMs | null;
  /** The latest moment that is possible; null where no time is stated. */
  readonly latest: EpochMs | null;
}

/** What the door asks of a picture. */
export interface Header {
  readonly sopClass: string;
  readonly sopInstance: string;
  readonly modality: string;
  readonly bodyPart: string;
  readonly hasPixels: boolean;
  readonly patientId: string | IdFault;
  /** Which tag that is. */
  readonly patientField: string;
  readonly taken: Taken;
}

export function headerOf(dataSet: DataSet, sender: DicomSender, now: EpochMs): Header {
  const text = (tag: string) => (dataSet.string(tag) ?? '').trim();
  const { modality, bodyPart } = statedBy(dataSet);
  return {
    sopClass: text('x00080016'),
    sopInstance: text('x00080018'),
    modality: modality.trim(),
    bodyPart: bodyPart.trim(),
    hasPixels: dataSet.elements.x7fe00010 !== undefined,
    patientId: readId(patientOf(dataSet, sender)),
    patientField: sender.patient.field,
    taken: takenOf(dataSet, sender.timeZone ?? zoneIn(`2000${text('x00080201')}`), now),
  };
}

function patientOf(dataSet: DataSet, { patient: { field, authority } }: DicomSender): string {
  if (field === 'AdmissionID') return textOf(dataSet, 'x00380010', dataSet);
  const main = { item: dataSet, id: 'x00100020' };
  const others = (dataSet.elements.x00101002?.items ?? []).flatMap(({ dataSet: item }) =>
    item === undefined ? [] : [{ item, id: 'x00100020' }],
  );
  const candidates = field === 'PatientID' ? [main] : others;
  const chosen = candidates.find(
    ({ item }) => authority === undefined || textOf(item, 'x00100021', dataSet) === authority,
  );
  return chosen === undefined ? '' : textOf(chosen.item, chosen.id, dataSet);
}

/** A text as its characters stand, by the encoding of the whole. */
function textOf(item: DataSet, tag: string, whole: DataSet): string {
  const element = item.elements[tag];
  if (element === undefined) return '';
  const named = (whole.string('x00080005') ?? '').split('\\').find((each) => each.trim() !== '');
  const encoding = ENCODINGS.get((named ?? '').trim().replace(/^ISO 2022 IR/, 'ISO_IR')) ?? 'ascii';
  const bytes = Buffer.from(item.byteArray.buffer, item.byteArray.byteOffset, item.byteArray.length);
  const value = bytes.subarray(element.dataOffset, element.dataOffset + element.length);
  return new TextDecoder(encoding)
    .decode(value)
    .replace(/[\0 ]+$/, '')
    .trim();
}

function takenOf(dataSet: DataSet, zone: Zone | null, now: EpochMs): Taken {
  const whole = [dataSet.string('x0008002a') ?? ''];
  const pairs = TAKEN.map(([date, time]) => `${dataSet.string(date) ?? ''}${dataSet.string(time) ?? ''}`);
  for (const text of [...whole, ...pairs]) {
    const plain = text.replaceAll(/[ \0]/g, '');
    const at = timeOf(plain, zone, now);
    if (at !== null && !Number.isNaN(at)) return { at, latest: at };
    const local = timeOf(plain, { offsetAt: () => 0 }, now);
    if (local !== null && !Number.isNaN(local)) return { at: null, latest: local + EARLIEST_ZONE_MS };
  }
  return { at: null, latest: null };
}
