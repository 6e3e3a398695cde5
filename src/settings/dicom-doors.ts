import { z } from 'zod';
import { DAY_MS } from '../durations.js';
import { hostSchema, mutualTlsSchema, portSchema } from './listening.js';
import { secretSchema } from './secret.js';

const MIB = 1_048_576;
/** How long ago a picture may have been taken that is used. */
export const DEFAULT_MAX_AGE_MS = DAY_MS;

/** What doors for pictures have in common. */
const common = {
  host: hostSchema,
  sender: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The sender's file (YAML): which of its identifiers is the patient's; docs/doors.md has all it can say.",
    ),
  tls: mutualTlsSchema
    .optional()
    .describe('TLS; each is PEM, given as `{ file: PATH }`. Left out, pictures come unencrypted.'),
  maxObjectBytes: z
    .number()
    .int()
    .positive()
    .default(32 * MIB)
    .describe('Bytes of a picture at most; of a larger one nothing is used, and its sender is told.')
    .meta({ reason: 'As `limits.maxImageBytes`.' }),
  maxBytes: z
    .number()
    .int()
    .positive()
    .default(256 * MIB)
    .describe('Bytes of all pictures that are on their way; beyond them a sender is told to come again.'),
  maxConnections: z
    .number()
    .int()
    .positive()
    .default(32)
    .describe('Connections at once; one more is told to come again.'),
  maxAgeMs: z
    .number()
    .int()
    .positive()
    .default(DEFAULT_MAX_AGE_MS)
    .describe('A picture that was taken longer ago is accepted and not used.')
    .meta({ reason: 'Archives send earlier pictures of a patient along, to be compared with.' }),
  idleMs: z
    .number()
    .int()
    .positive()
    .default(60_000)
    .describe('A connection over which nothing comes for so long is closed.'),
} as const;

/** A door for DICOM's own protocol. */
export const dicomDoorSchema = z.strictObject({
  kind: z.literal('dicom'),
  name: z
    .string()
    .min(1)
    .optional()
    .describe('Of the door, in metrics and dead letters. By default `dicom-` and the port.'),
  port: portSchema(11_112),
  aeTitle: z
    .string()
    .min(1)
    .max(16)
    .optional()
    .describe('Application entity title that callers have to call. Left out, any.'),
  callers: z
    .array(z.string().min(1).max(16))
    .min(1)
    .optional()
    .describe('Application entity titles that may call. Left out, all.'),
  maxPduBytes: z
    .number()
    .int()
    .min(4096)
    .max(MIB)
    .default(131_072)
    .describe('Bytes of a protocol data unit at most; an association that sends a longer one is aborted.'),
  ...common,
});
export type DicomDoorConfig = z.infer<typeof dicomDoorSchema>;

/** A door for STOW-RS. */
export const dicomWebDoorSchema = z.strictObject({
  kind: z.literal('dicomweb'),
  name: z
    .string()
    .min(1)
    .optional()
    .describe('Of the door, in metrics and dead letters. By default `dicomweb-` and the port.'),
  port: portSchema(8042),
  token: secretSchema
    .optional()
    .describe('Senders show it as `Authorization: Bearer …`. Left out, none is asked for.'),
  ...common,
});
export type DicomWebDoorConfig = z.infer<typeof dicomWebDoorSchema>;
