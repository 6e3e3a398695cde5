/** What topics and the store can hold of what comes from outside: times within a range, text that is Unicode. */

/** Event times that can be told apart and stored: what ClickHouse's DateTime64 holds, in milliseconds since the epoch, UTC. */
export const EVENT_TIME_RANGE = [Date.UTC(1900, 0, 1), Date.UTC(2300, 0, 1) - 1] as const;

export function isStorableTime(time: number): boolean {
  return time >= EVENT_TIME_RANGE[0] && time <= EVENT_TIME_RANGE[1];
}

/** Half of a character beyond the basic plane, without its other half. */
const LONE_SURROGATE = /\p{Surrogate}/u;
const LONE_SURROGATES = /\p{Surrogate}/gu;

/** The text with U+FFFD for each half of a character: what has no UTF-8 is refused by who asks for it, row and all. */
export function wellFormed(text: string): string {
  return LONE_SURROGATE.test(text) ? text.replace(LONE_SURROGATES, '\ufffd') : text;
}
