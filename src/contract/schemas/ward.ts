import { z } from 'zod';
import { alertSchema } from './alerts.js';
import { time } from './fields.js';
import { patientSchema } from './patient.js';

/** The answers about who is in the ward now. */

export const catchingUpSchema = z
  .object({
    partitions: z.number().int().describe('Parts of the stream that are restored and read to their end…'),
    of: z.number().int().describe('…of those that are this server’s; 0: it has not been given any yet.'),
    restored: z
      .number()
      .int()
      .exactOptional()
      .describe('Parts whose patients are known, at least as they were; absent: all of them.'),
  })
  .meta({
    id: 'CatchingUp',
    description: 'The server has begun, or taken over patients: what it knows is not all there is yet.',
  });

export const catchingUp = catchingUpSchema
  .nullable()
  .exactOptional()
  .describe('Null: what the server knows is the present.');

export const patientsSchema = z.object({ clock: time, catchingUp, patients: z.array(patientSchema) });

export const patientDetailSchema = z.object({
  clock: time,
  patient: patientSchema,
  alerts: z.array(alertSchema).describe('Those that are not resolved.'),
});
