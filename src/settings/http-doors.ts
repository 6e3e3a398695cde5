import { z } from 'zod';
import { certificateSettings, hostSchema } from './listening.js';

const MIB = 1_048_576;

/** What is set of every door that is reached over HTTP. */
export const httpDoorSettings = {
  name: z
    .string()
    .min(1)
    .optional()
    .describe('Of the door, in metrics and dead letters. By default its kind and the port.'),
  host: hostSchema,
  tls: z
    .strictObject(certificateSettings)
    .optional()
    .describe(
      'Serves HTTPS; each is PEM, given as `{ file: PATH }`. Left out, a proxy before the door does it.',
    ),
  maxBodyBytes: z
    .number()
    .int()
    .positive()
    .default(8 * MIB)
    .describe('Bytes of a request at most; a larger one is answered 413.'),
  maxRequests: z
    .number()
    .int()
    .positive()
    .default(64)
    .describe('Requests under way at once; more are answered 503.')
    .meta({ reason: 'With 8 MiB each, half a GiB at most waits for the log.' }),
  waitMs: z
    .number()
    .int()
    .positive()
    .default(10_000)
    .describe(
      'A request that the log has not taken for so long is answered 503. The sender sends it again, which is harmless.',
    ),
  idleMs: z
    .number()
    .int()
    .positive()
    .default(30_000)
    .describe('A connection on which nothing comes for so long is closed, also in the middle of a request.'),
};
const httpDoorSchema = z.strictObject({ ...httpDoorSettings, port: z.number() });
export type HttpDoorConfig = z.infer<typeof httpDoorSchema>;
