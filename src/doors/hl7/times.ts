import { HOUR_MS, MINUTE_MS } from '../../durations.js';
import type { EpochMs } from '../../events/event.js';
import { isStorableTime } from '../../events/storable.js';

/** A time zone: its offset from UTC in ms, at a time given in UTC. */
export interface Zone {
  offsetAt(utc: EpochMs): number;
}

/** Year, then as much as is known of the rest, a fraction of the second, an offset. */
const TIME =
  /^(\d{4})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:(\d{2})(?:\.(\d{1,9}))?)?)?)?)?)?([+-]\d{4})?$/;
const OFFSET = /^([+-])(\d{2}):?(\d{2})$/;

/** The zone that a setting names: IANA, such as Europe/Berlin, or an offset such as +01:00; null where there is none of that name. */
export function zoneOf(name: string): Zone | null {
  const fixed = offsetOf(name);
  if (fixed !== null) return { offsetAt: () => fixed };
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    return { offsetAt: (utc) => offsetIn(format, utc) };
  } catch {
    return null;
  }
}

/** The zone of a time that has one, such as MSH-7; null where it has none. */
export function zoneIn(text: string): Zone | null {
  const offset = TIME.exec(text.trim())?.[8];
  return offset === undefined ? null : zoneOf(offset);
}

/**
 * A time of a message: to the minute at least, with its own offset, or else in `zone`; null where it is none. An hour that comes twice
 * in autumn is the one nearer to `near`.
 */
export function timeOf(text: string, zone: Zone | null, near: EpochMs): EpochMs | null {
  const match = TIME.exec(text.trim());
  if (match === null || match[5] === undefined) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0));
  const ms = Math.floor(Number(`0.${match[7] ?? 0}`) * 1000);
  const local = Date.UTC(year, month - 1, day, hour, minute, second, ms);
  const back = new Date(local);
  // The 30th of February, 25 o'clock; and a year of two digits, which JavaScript takes for one of the twentieth century.
  if (back.getUTCMonth() !== month - 1 || back.getUTCDate() !== day || back.getUTCHours() !== hour)
    return null;
  if (back.getUTCFullYear() !== year) return null;
  if (minute > 59 || second > 59) return null;
  const offset = match[8] === undefined ? null : offsetOf(match[8]);
  if (match[8] !== undefined && offset === null) return null;
  const time = offset !== null ? local - offset : zone === null ? Number.NaN : inZone(local, zone, near);
  return isStorableTime(time) ? time : null;
}

/** The date of a text that has at least that: ms of its midnight in UTC; null where there is none. */
export function dateOf(text: string): EpochMs | null {
  const match = /^(\d{4})(\d{2})?(\d{2})?/.exec(text.trim());
  if (match === null) return null;
  const [year, month, day] = [Number(match[1]), Number(match[2] ?? 1), Number(match[3] ?? 1)];
  const time = Date.UTC(year, month - 1, day);
  const back = new Date(time);
  return back.getUTCMonth() === month - 1 && back.getUTCFullYear() === year ? time : null;
}

/** The moment at which a clock in the zone shows `local`. */
function inZone(local: number, zone: Zone, near: EpochMs): EpochMs {
  const before = local - zone.offsetAt(local - 12 * HOUR_MS);
  const after = local - zone.offsetAt(local + 12 * HOUR_MS);
  const shown = [before, after].filter((utc) => utc + zone.offsetAt(utc) === local);
  // None in spring, when clocks skip an hour: a sender that went on in winter time.
  if (shown.length === 0) return before;
  return shown.length > 1 && Math.abs(shown[1] - near) < Math.abs(shown[0] - near) ? shown[1] : shown[0];
}

function offsetOf(text: string): number | null {
  const match = OFFSET.exec(text);
  if (match === null) return null;
  const minutes = 60 * Number(match[2]) + Number(match[3]);
  if (minutes > 14 * 60 || Number(match[3]) > 59) return null;
  return (match[1] === '-' ? -minutes : minutes) * MINUTE_MS;
}

function offsetIn(format: Intl.DateTimeFormat, utc: EpochMs): number {
  const parts = new Map(format.formatToParts(utc).map(({ type, value }) => [type, Number(value)]));
  const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
  const shown = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  return shown - Math.floor(utc / 1000) * 1000;
}
