import pino from 'pino';

/** Logs go to stderr; stdout is for results. */
export const log = pino(
  { name: 'wardstream', level: process.env.WARDSTREAM_LOG ?? 'info' },
  pino.destination({ fd: 2, sync: true }),
);
