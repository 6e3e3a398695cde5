import { IdFault } from '../../contract/ids.js';
import { TOPICS } from '../../contract/topics.js';
import { READ_SYNTAXES } from '../../encoders/dicom-frame.js';
import { parseHeader } from '../../encoders/parse-dicom.js';
import { type DeadLetterReason, hashId } from '../../events/dead-letter.js';
import type { EpochMs } from '../../events/event.js';
import type { Delivery } from '../door.js';
import { STATUS } from './command.js';
import { type Header, headerOf } from './header.js';
import type { DicomSender } from './sender.js';
import { STORED_CLASSES } from './sop-classes.js';

/** A DICOM file as it came. */
export interface Received {
  readonly file: Buffer;
  /** What was said of it beside it; empty where nothing was. */
  readonly sopClass: string;
  readonly sopInstance: string;
  /** Who sent it. */
  readonly source: string;
}

export interface TranslateOptions {
  readonly sender: DicomSender;
  /** The clock's time: when the picture came, and so could first be seen. */
  readonly now: EpochMs;
  /** How far beyond it a picture may have been taken, in ms. */
  readonly maxFutureSkewMs: number;
  /** How long ago it may have been taken, in ms. */
  readonly maxAgeMs: number;
}

/** What comes out of a file, and how its sender is answered. */
export interface Translation extends Delivery {
  readonly status: number;
  /** What the sender is told; empty where all is well. */
  readonly text: string;
  readonly counts: { readonly used: number; readonly ignored: number; readonly rejected: number };
  /** Empty where the file has none. */
  readonly sopInstance: string;
}

/** What comes out of a file. Never throws. */
export function translate(received: Received, options: TranslateOptions): Translation {
  let header: Header;
  try {
    const { dataSet, damage } = parseHeader(received.file);
    const syntax = dataSet.string('x00020010') ?? '';
    if (!READ_SYNTAXES.includes(syntax)) {
      const detail = `transfer syntax ${syntax} is not taken here`;
      return refused(STATUS.unreadable, 'unsupported-message', detail, received.sopInstance);
    }
    header = headerOf(dataSet, options.sender, options.now);
    if (damage !== null && !header.hasPixels) throw new Error(damage);
  } catch (error) {
    const detail = `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return refused(STATUS.unreadable, 'undecodable', detail, received.sopInstance);
  }
  return judged(header, received, options);
}

/** A file that is not read at all, and why. */
export function refused(
  status: number,
  reason: DeadLetterReason,
  detail: string,
  sopInstance: string,
  patientId: string | null = null,
  eventTime: EpochMs | null = null,
): Translation {
  const rejections = [{ reason, detail, patientId, eventTime, index: -1 }];
  const counts = { used: 0, ignored: 0, rejected: 1 };
  return { status, text: detail, messages: [], rejections, unmapped: [], counts, sopInstance };
}

function judged(header: Header, received: Received, options: TranslateOptions): Translation {
  const { sopInstance, sopClass, modality, bodyPart, patientId, taken } = header;
  const { sender, now, maxFutureSkewMs, maxAgeMs } = options;
  const refuse = (status: number, reason: DeadLetterReason, detail: string, time: EpochMs | null = null) => {
    const id = patientId instanceof IdFault ? null : patientId;
    return refused(status, reason, detail, sopInstance, id, time);
  };
  if (sopInstance === '') return refuse(STATUS.unreadable, 'undecodable', 'no SOP Instance UID');
  const isOther = (said: string, read: string) => said !== '' && said !== read;
  if (isOther(received.sopClass, sopClass) || isOther(received.sopInstance, sopInstance)) {
    const detail = `the data set is ${sopClass} ${sopInstance}, not what was announced`;
    return refuse(STATUS.otherClass, 'unsupported-message', detail);
  }
  if (!STORED_CLASSES.has(sopClass)) {
    return refuse(STATUS.unknownClass, 'unsupported-message', `class ${sopClass} is none of radiographs`);
  }
  if (sender.ignore.includes(modality)) return ignored(sopInstance, `modality ${modality} is ignored`);
  if (!header.hasPixels) return refuse(STATUS.noPicture, 'not-an-image', 'no pixel data');
  if (patientId instanceof IdFault) {
    return refuse(STATUS.noPatient, patientId.reason, `${header.patientField} ${patientId.detail}`);
  }
  if (taken.at !== null && taken.at > now + maxFutureSkewMs) {
    const detail = `taken ${taken.at - now} ms ahead of the clock`;
    return refuse(STATUS.wrongTime, 'future', detail, taken.at);
  }
  if (taken.latest !== null && taken.latest < now - maxAgeMs) {
    return ignored(sopInstance, 'taken longer ago than maxAgeMs');
  }
  const record = {
    messageId: hashId('dicom', sopInstance),
    patientId,
    eventTime: now,
    observedAt: taken.at === null ? null : Math.min(taken.at, now),
    source: received.source,
    modality,
    bodySite: bodyPart,
    mediaType: 'application/dicom',
    image: received.file,
    uri: null,
  };
  const message = { topic: TOPICS.imaging, key: patientId, eventTime: now, record };
  const counts = { used: 1, ignored: 0, rejected: 0 };
  return {
    status: STATUS.success,
    text: '',
    messages: [message],
    rejections: [],
    unmapped: [],
    counts,
    sopInstance,
  };
}

/** Accepted without being used, and why. */
function ignored(sopInstance: string, why: string): Translation {
  const counts = { used: 0, ignored: 1, rejected: 0 };
  const text = `${why}; it is not used`;
  return { status: STATUS.success, text, messages: [], rejections: [], unmapped: [], counts, sopInstance };
}
