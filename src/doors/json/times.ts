import type { EpochMs } from '../../events/event.js';
import { timeOf, type Zone } from '../hl7/times.js';

/** ISO 8601 to the minute at least: date, time, an offset or Z. */
const ISO =
  /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(?:(Z)|([+-]\d{2}):?(\d{2}))?$/i;

/** A time as ISO 8601 writes it; one without an offset is in `zone`. Null where it is none, or where nobody says its zone. */
export function isoTimeOf(text: string, zone: Zone | null, now: EpochMs): EpochMs | null {
  const match = ISO.exec(text.trim());
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction, utc, hours, minutes] = match;
  const offset = utc !== undefined ? '+0000' : hours === undefined ? '' : `${hours}${minutes}`;
  const seconds = second === undefined ? '' : fraction === undefined ? second : `${second}.${fraction}`;
  return timeOf(`${year}${month}${day}${hour}${minute}${seconds}${offset}`, zone, now);
}
