import type { IHeaders } from './kafkajs/index.js';

/** Header of a record: the epoch of its writer. Its name is of before the word was epoch. */
const EPOCH = 'term';

/** Headers that say an epoch. */
export function epochHeaders(epoch: number): IHeaders {
  return { [EPOCH]: String(epoch) };
}

/** The epoch that a record says; undefined where it says none. */
export function epochIn(headers: IHeaders | undefined): number | undefined {
  const epoch = headers?.[EPOCH];
  return epoch === undefined ? undefined : Number(epoch);
}
