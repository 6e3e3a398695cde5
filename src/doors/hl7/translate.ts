import type { EpochMs } from '../../events/event.js';
import { addAdt } from './adt.js';
import { addAlarms } from './alarms.js';
import type { CodeBook } from './codes.js';
import { type Hl7Message, Unreadable } from './message.js';
import { addDocument } from './notes.js';
import { addObservations } from './observations.js';
import { patientOf } from './patient.js';
import type { Sender } from './sender.js';
import { timeOf, zoneIn } from './times.js';
import { type Reading, Translation } from './translation.js';

/** How messages of a sender are read. */
export interface TranslateOptions {
  readonly sender: Sender;
  readonly codes: CodeBook;
  /** The clock's time. */
  readonly now: EpochMs;
  /** How far beyond it an event may lie, in ms. */
  readonly maxFutureSkewMs: number;
}

/** What each kind of message is made into. */
const KINDS: Readonly<Record<string, (reading: Reading, out: Translation) => void>> = {
  ORU: addObservations,
  // Alarms of a monitor (IHE PCD ACM).
  'ORU^R40': addAlarms,
  OUL: addObservations,
  ADT: addAdt,
  MDM: addDocument,
};

/** What comes out of a message, and how its sender is answered. Never throws. */
export function translate(read: Hl7Message | Unreadable, options: TranslateOptions): Translation {
  const out = new Translation();
  if (read instanceof Unreadable) return out.refuse('AR', 'undecodable', read.detail);
  const { sender, codes, now, maxFutureSkewMs } = options;
  const kind = `${read.type}^${read.trigger}`;
  if (sender.ignore.includes(read.type) || sender.ignore.includes(kind)) {
    out.counts.ignored++;
    return out;
  }
  const processing = read.header.text(11).toUpperCase();
  if (processing !== '' && !sender.processing.includes(processing)) {
    return out.refuse('AR', 'unsupported-message', `processing id ${processing} is not taken here`);
  }
  const add = KINDS[kind] ?? KINDS[read.type];
  if (add === undefined) return out.refuse('AR', 'unsupported-message', `${kind} is not taken here`);
  const pid = read.find('PID');
  const pv1 = read.find('PV1');
  const patientId = patientOf(pid, pv1, sender);
  if (typeof patientId !== 'string') return out.refuse('AE', patientId.reason, patientId.detail);
  out.patientId = patientId;
  const zone = sender.timeZone ?? zoneIn(read.header.text(7));
  const sentAt = timeOf(read.header.text(7), zone, now);
  if (sentAt !== null && sentAt > now + maxFutureSkewMs) {
    return out.refuse('AE', 'future', `MSH-7 is ${sentAt - now} ms ahead of the clock`);
  }
  const ward = pv1?.text(3) ?? '';
  if (read.type !== 'ADT' && sender.wards !== undefined && ward !== '' && !sender.wards.includes(ward)) {
    return out.ignore(`the patient is in none of the wards ${sender.wards.join(', ')}`);
  }
  add({ message: read, sender, codes, patientId, zone, sentAt, now, maxFutureSkewMs }, out);
  return judged(out);
}

/** Nothing of it could be used, and that not because nobody needs it: the sender is told. */
function judged(out: Translation): Translation {
  if (out.answer !== 'AA' || out.messages.length > 0 || out.rejections.length === 0) return out;
  return out.say('AE', out.rejections.map(({ detail }) => detail).join('; '));
}
