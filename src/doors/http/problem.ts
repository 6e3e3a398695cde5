import { STATUS_CODES } from 'node:http';

/** After so long a sender that was answered 503 is asked to try again. */
export const RETRY_AFTER_S = 5;

/** An answer other than what was asked for, with words for the sender. */
export class DoorProblem extends Error {
  readonly status: number;
  /** Seconds after which it may go well; null where that is not known. */
  readonly retryAfterS: number | null;

  constructor(status: number, detail: string, retryAfterS: number | null = null) {
    super(detail);
    this.name = 'DoorProblem';
    this.status = status;
    this.retryAfterS = retryAfterS;
  }
}

/** What a sender is told of an error; what is ours to know is not in it. Errors of Fastify and of access say their status themselves. */
export function doorProblemOf(error: unknown): DoorProblem {
  if (error instanceof DoorProblem) return error;
  const {
    status,
    statusCode,
    message,
    retryAfterS = null,
  } = error as Error & {
    status?: number;
    statusCode?: number;
    retryAfterS?: number | null;
  };
  const told = status ?? statusCode ?? 500;
  const isOurs = told === 500 || STATUS_CODES[told] === undefined;
  return isOurs ? new DoorProblem(500, 'internal error') : new DoorProblem(told, message, retryAfterS);
}
