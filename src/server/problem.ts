import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import type { Problem } from '../contract/protocol.js';
import { WardstreamError } from '../errors.js';

/** An answer other than what was asked for: becomes `application/problem+json` (RFC 9457). */
export class HttpProblem extends Error {
  readonly status: number;
  /** Seconds after which it may go well; null where that is not known. */
  readonly retryAfterS: number | null;

  constructor(status: number, detail: string, { retryAfterS = null }: { retryAfterS?: number | null } = {}) {
    super(detail);
    this.name = 'HttpProblem';
    this.status = status;
    this.retryAfterS = retryAfterS;
  }
}

export const PROBLEM_TYPE = 'application/problem+json';

export function problemOf(status: number, detail: string): Problem {
  return { type: 'about:blank', status, title: STATUS_CODES[status] ?? 'Error', detail };
}

/** What a client is told of an error; what is ours to know is not in it. */
export function problemOfError(error: unknown): Problem {
  if (error instanceof HttpProblem) return problemOf(error.status, error.message);
  if (error instanceof z.ZodError) return problemOf(400, z.prettifyError(error));
  if (error instanceof WardstreamError && error.code === 'WS_USAGE') return problemOf(400, error.message);
  const { statusCode = 500, message } = error as Error & { statusCode?: number };
  return statusCode < 500 ? problemOf(statusCode, message) : problemOf(500, 'internal error');
}
