/** The closed set of errors Wardstream raises on purpose. */
export type ErrorCode =
  | 'WS_CONFIG'
  | 'WS_USAGE'
  | 'WS_SOURCE'
  | 'WS_MODEL'
  | 'WS_RUNTIME'
  | 'WS_STORE'
  | 'WS_STORE_IN_USE'
  | 'WS_PORT_IN_USE'
  | 'WS_BUS'
  | 'WS_REPORT'
  | 'WS_SCHEMA';

/** An error a user can meet: `message` says what is wrong, where, and what to do. */
export class WardstreamError extends Error {
  readonly code: ErrorCode;
  /** It may go well when tried again, as things are: the other side is not there yet. */
  readonly isPassing: boolean;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; isPassing?: boolean } = {}) {
    super(message, options);
    this.name = 'WardstreamError';
    this.code = code;
    this.isPassing = options.isPassing ?? false;
  }
}

/** An error, what caused it, what caused that, and so on; nothing of what is no error. */
export function causesOf(error: unknown): Error[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : [];
}
