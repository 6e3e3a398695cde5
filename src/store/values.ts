import { EVENT_TIME_RANGE, wellFormed } from '../events/storable.js';

/**
 * Values as a column takes them, whatever came in: ClickHouse refuses a row, and all that is inserted with it, for one value
 * that is not of its column's kind.
 */

/** Times in this range are ten digits of seconds, which ClickHouse reads as such; of another number of digits it may not. */
const TEN_DIGITS = [1e12, 1e13 - 1000] as const;

/** A DateTime64(3) of a time in milliseconds; what is beyond its range becomes the range's end. */
export function timeValue(time: number): string {
  if (time >= TEN_DIGITS[0] && time < TEN_DIGITS[1]) return (time / 1000).toFixed(3);
  const [first, last] = EVENT_TIME_RANGE;
  const within = Number.isNaN(time) ? 0 : Math.min(last, Math.max(first, time));
  return new Date(within).toISOString().replace('T', ' ').slice(0, -1);
}

/** A Float: what JSON has no number for, it names. */
export function floatValue(value: number): number | string {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

/** A Nullable(Float). */
export function maybeFloatValue(value: number | null): number | string | null {
  return value === null ? null : floatValue(value);
}

export const UINT8_MAX = 0xff;
export const UINT32_MAX = 0xff_ff_ff_ff;

/** An unsigned integer up to `max`; what is beyond becomes the nearest end. */
export function uintValue(value: number, max = UINT32_MAX): number {
  return Number.isNaN(value) ? 0 : Math.min(max, Math.max(0, Math.trunc(value)));
}

/** A Nullable(UInt8). */
export function maybeUint8Value(value: number | null): number | null {
  return value === null ? null : uintValue(value, UINT8_MAX);
}

/** A String. */
export function textValue(text: string | null): string {
  return text === null ? '' : wellFormed(text);
}

/** A String of at most `max` UTF-16 units without control characters, for what people read in a terminal or a report. */
export function plainTextValue(text: string, max: number): string {
  // A cut through a character leaves half of it.
  const cut = wellFormed(text.length > max ? text.slice(0, max) : text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones meant.
  return cut.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '\ufffd');
}
