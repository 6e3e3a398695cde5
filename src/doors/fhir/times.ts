import type { EpochMs } from '../../events/event.js';
import { dateOf, timeOf, type Zone } from '../hl7/times.js';
import type { Reading } from './taken.js';

/** FHIR R4 dateTime and instant (https://hl7.org/fhir/R4/datatypes.html#dateTime); seconds may be missing. */
const TIME = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9})\d*)?)?(Z|[+-]\d{2}:\d{2})?$/;
const DATE = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?/;

/**
 * A time to the minute at least, with its own offset, or else in `zone`; null where it is none: a date is no time. An hour that comes
 * twice in autumn is the one nearer to `near`.
 */
export function instantOf(text: string, zone: Zone | null, near: EpochMs): EpochMs | null {
  const match = TIME.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second = '00', fraction = '0', offset = ''] = match.slice(1);
  const given = offset === 'Z' ? '+0000' : offset.replace(':', '');
  return timeOf(`${year}${month}${day}${hour}${minute}${second}.${fraction}${given}`, zone, near);
}

/** The same of a resource: a time without an offset is in its sender's zone. */
export function timeIn(text: string, { sender, now }: Pick<Reading, 'sender' | 'now'>): EpochMs | null {
  return instantOf(text, sender.timeZone ?? null, now);
}

/** Midnight in UTC of a date, or of the first day of a month or year; null where it is none. */
export function dayOf(text: string): EpochMs | null {
  const match = DATE.exec(text);
  return match === null ? null : dateOf(match.slice(1).join(''));
}
