import { z } from 'zod';
import { dicomDoorSchema, dicomWebDoorSchema } from './dicom-doors.js';
import { httpDoorSettings } from './http-doors.js';
import { hostSchema, mutualTlsSchema, portSchema } from './listening.js';

const MIB = 1_048_576;

/** Ways by which the hospital's systems bring messages in. */
export const doorsSchema = z
  .array(
    z.discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('hl7'),
        name: z
          .string()
          .min(1)
          .optional()
          .describe('Of the door, in metrics and dead letters. By default `hl7-` and the port.'),
        host: hostSchema,
        port: portSchema(2575),
        sender: z
          .string()
          .min(1)
          .optional()
          .describe(
            "The sender's file (YAML): what its codes, units and times mean. `wardstream doors try` shows what comes of it; docs/doors.md has all it can say.",
          ),
        tls: mutualTlsSchema
          .optional()
          .describe('TLS; each is PEM, given as `{ file: PATH }`. Left out, messages come unencrypted.'),
        maxMessageBytes: z
          .number()
          .int()
          .positive()
          .default(16 * MIB)
          .describe('Bytes of a block at most; of a larger one nothing is used, and its sender is told.'),
        maxConnections: z
          .number()
          .int()
          .positive()
          .default(1000)
          .describe('Connections at once; more are not accepted.'),
        idleMs: z
          .number()
          .int()
          .positive()
          .default(30_000)
          .describe('A message that was begun and of which nothing more comes for so long is given up.'),
      }),
      z.strictObject({
        kind: z.literal('json'),
        ...httpDoorSettings,
        port: portSchema(8090),
        sender: z
          .string()
          .min(1)
          .optional()
          .describe(
            "The sender's file (YAML): what its codes, units and times mean; docs/doors.md has all it can say.",
          ),
      }),
      z.strictObject({
        kind: z.literal('csv'),
        name: z
          .string()
          .min(1)
          .optional()
          .describe('Of the door, in metrics and dead letters. By default `csv`.'),
        directory: z
          .string()
          .min(1)
          .describe('Where files come. They are moved to `done` or `odd` in it, so it must be writable.'),
        mapping: z
          .string()
          .min(1)
          .describe(
            'The mapping (YAML): what the columns are, and what is in them; docs/doors.md has all it can say.',
          ),
        pollMs: z.number().int().positive().default(2000).describe('The directory is looked at so often.'),
        stableMs: z
          .number()
          .int()
          .min(0)
          .default(5000)
          .describe(
            'A file to which nothing came for so long is complete. 0, for who renames files into the directory: at once.',
          )
          .meta({ reason: 'A sender that writes in place pauses for less.' }),
      }),
      z.strictObject({
        kind: z.literal('fhir'),
        ...httpDoorSettings,
        port: portSchema(8081),
        sender: z
          .string()
          .min(1)
          .optional()
          .describe(
            "The sender's file (YAML), as of HL7: what its codes, units and times mean. `wardstream doors try --from fhir` shows what comes of it.",
          ),
      }),
      dicomDoorSchema,
      dicomWebDoorSchema,
    ]),
  )
  .default([])
  .describe('Doors of `run`: ways by which monitors, laboratory and admissions come in.');
export type DoorConfig = z.infer<typeof doorsSchema>[number];
export type Hl7DoorConfig = Extract<DoorConfig, { kind: 'hl7' }>;
export type CsvDoorConfig = Extract<DoorConfig, { kind: 'csv' }>;
export type JsonDoorConfig = Extract<DoorConfig, { kind: 'json' }>;
export type FhirDoorConfig = Extract<DoorConfig, { kind: 'fhir' }>;

/** Whether who sends to the door shows a token of the API. */
export function takesTokens(door: DoorConfig): boolean {
  return 'maxRequests' in door;
}
