import type { AlertMessage } from '../contract/messages.js';

/** An alert record with the cursor of whoever has seen it. */
export interface LoggedAlert {
  readonly cursor: string;
  readonly alert: AlertMessage;
}

/** An order of all alert records, in which clients resume: a cursor is a place in it. */
export interface AlertOrder {
  /** Of the newest record that clients know of. */
  readonly cursor: string;
  /** The records after a cursor, oldest first; null where the cursor is not known, or too long ago. */
  after(cursor: string): Promise<LoggedAlert[] | null>;
  /** The same from memory, at once; undefined where that has not all of them. */
  recentAfter(cursor: string): LoggedAlert[] | null | undefined;
  /** What memory has after a cursor that is known: what came while older records were looked up. */
  publishedAfter(cursor: string): LoggedAlert[];
}
