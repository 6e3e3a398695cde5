import { z } from 'zod';
import { alertSchema, prioritySchema } from './alerts.js';
import { cursorSchema, idSchema, time, timeOfDay } from './fields.js';
import { patientSchema } from './patient.js';
import { replayStateSchema } from './replay.js';
import { sessionSchema } from './service.js';
import { catchingUp } from './ward.js';

/** The frames of the push protocol. */

export const departureReasonSchema = z
  .enum(['discharged', 'moved', 'elsewhere'])
  .describe(
    'discharged: the stay is over; moved: to a ward that is not subscribed; elsewhere: another server has the patient now.',
  );

export const subscribeSchema = z
  .strictObject({
    type: z.literal('subscribe'),
    wards: z.array(idSchema).max(500).optional().describe('`*` is every ward the token allows.'),
    patients: z.array(idSchema).max(500).optional().describe('Single patients, besides those of `wards`.'),
    priorities: z.array(prioritySchema).max(3).optional().describe('Only alerts of these; by default all.'),
    values: z.boolean().optional().describe('false: alerts only, no patients. By default true.'),
    resumeFrom: cursorSchema.optional().describe('Left out the first time.'),
  })
  .meta({
    id: 'Subscribe',
    description: 'What the client wants to see. Sent again, it replaces what was before.',
  });

export const clientFrameSchema = z.discriminatedUnion('type', [
  subscribeSchema,
  z
    .strictObject({ type: z.literal('authenticate'), token: z.string().max(8192) })
    .meta({ id: 'Authenticate', description: 'A new token of the same subject, before the old one ends.' }),
]);

export const serverFrameSchema = z.discriminatedUnion('type', [
  z
    .object({
      type: z.literal('hello'),
      version: z.literal(1),
      server: z.literal('wardstream'),
      modelVersion: z.string(),
      notice: z.string(),
      heartbeatMs: z.number().int().describe('A heartbeat comes at least this often.'),
      user: sessionSchema,
    })
    .meta({ id: 'Hello', description: 'The first frame.' }),
  z
    .object({
      type: z.literal('resumed'),
      from: cursorSchema,
      complete: z
        .boolean()
        .describe('false: the cursor is not known (any more); read GET /api/v1/alerts for what was missed.'),
      missed: z
        .number()
        .int()
        .describe('Frames of type alert and withdrawn that follow before the snapshot.'),
    })
    .meta({ id: 'Resumed', description: 'The answer to `resumeFrom`.' }),
  z
    .object({
      type: z.literal('snapshot'),
      cursor: cursorSchema,
      clock: time,
      now: timeOfDay,
      catchingUp,
      patients: z.array(patientSchema),
      alerts: z.array(alertSchema).describe('Those that are not resolved.'),
    })
    .meta({ id: 'Snapshot', description: 'All there is now; what follows are changes to it.' }),
  z
    .object({ type: z.literal('patients'), clock: time, patients: z.array(patientSchema) })
    .meta({ id: 'Patients', description: 'Patients that changed, newest state only.' }),
  z
    .object({
      type: z.literal('discharged'),
      patientId: z.string(),
      reason: departureReasonSchema.exactOptional(),
    })
    .meta({ id: 'Discharged', description: 'A patient left the wards subscribed; `reason` says how.' }),
  z
    .object({ type: z.literal('alert'), cursor: cursorSchema, alert: alertSchema })
    .meta({ id: 'AlertFrame', description: 'The next record of an alert. Never dropped.' }),
  z
    .object({
      type: z.literal('withdrawn'),
      cursor: cursorSchema,
      alertId: z.string(),
      patientId: z.string(),
    })
    .meta({
      id: 'Withdrawn',
      description:
        'An alert left the wards subscribed with its patient: it goes on elsewhere. Never dropped.',
    }),
  z
    .object({
      type: z.literal('heartbeat'),
      clock: time,
      now: timeOfDay,
      catchingUp,
      cursor: cursorSchema.optional(),
    })
    .meta({
      id: 'Heartbeat',
      description: 'The connection lives. With a cursor: nothing before it was missed.',
    }),
  z
    .object({ type: z.literal('replay'), state: replayStateSchema })
    .meta({ id: 'ReplayFrame', description: 'Where the replay is; only on a server that replays.' }),
]);
