import { z } from 'zod';
import { LAYERS } from '../layers.js';
import { PRIORITIES } from '../priorities.js';
import { idSchema, limit, oldName, probability, time } from './fields.js';

/** Alerts, how they are asked for, and what a person does with one. */

export const prioritySchema = z.enum(PRIORITIES);

export const alertStateSchema = z.enum(['RAISED', 'ACKNOWLEDGED', 'SNOOZED', 'ESCALATED', 'RESOLVED']);

export const alertClassSchema = z.enum(['clinical', 'technical']);

export const evidenceSchema = z
  .object({
    variable: z.string(),
    value: z.number(),
    unit: z.string(),
    ageMs: z.number(),
    effect: z
      .number()
      .nullable()
      .exactOptional()
      .describe(
        'How much lower the rule’s signal would be without it, as a probability; older alerts lack it.',
      ),
  })
  .meta({ id: 'Evidence', description: 'A value an alert rests on, with its age.' });

export const contextSchema = z
  .object({
    eventTime: time.describe('When the note was signed.'),
    noteId: z.string(),
    text: z.string().describe('What it states, in words for a clinician.'),
  })
  .meta({ id: 'NoteContext', description: 'What a note stated of the patient that is no value.' });

export const alertSchema = z
  .object({
    alertId: z.string(),
    class: alertClassSchema.describe(
      'clinical: about the patient. technical: about what watches the patient, such as a feed or the store.',
    ),
    sequence: z.number().int().describe('0 for the first record of an alert, then one more each.'),
    patientId: z.string().describe('Empty: a technical notice about no one patient.'),
    stayId: z.string(),
    wardId: z.string().nullable().describe('Where the patient is, as of this record; null: not known.'),
    bedId: z.string().nullable(),
    rule: z
      .string()
      .describe('The rule that raised it, or the criterion of a state; of a technical notice, its kind.'),
    priority: prioritySchema,
    state: alertStateSchema,
    onsetTime: time,
    eventTime: time,
    signal: z
      .string()
      .nullable()
      .describe(
        'What `value` is of: a signal, e.g. mortality or news2, or a sign of the state, e.g. map. Null: a technical notice, or a record of an earlier version.',
      ),
    label: z.string().nullable().describe('What is alarmed, in words for a clinician. Null: as `signal`.'),
    unit: z
      .string()
      .nullable()
      .describe('UCUM unit of `value` and `threshold`; 1 is a probability. Null: as `signal`.'),
    value: z.number().nullable().describe('Null: a technical notice.'),
    threshold: z.number().nullable().describe('Null: a technical notice.'),
    mortality: probability
      .nullable()
      .describe('Risk of death in hospital; null: a technical notice, or an alert of a state.'),
    risk: oldName(probability.nullable(), 'mortality'),
    trend: z.number().describe('`mortality` now minus that of about an hour earlier.'),
    news2: z.number().int().nullable(),
    modelVersion: z.string().describe('Empty where no model has a part in it.'),
    contributions: z
      .object({
        base: probability.describe('`mortality` of a patient of whom nothing is known.'),
        structured: z.number(),
        text: z.number().nullable(),
        image: z.number().nullable(),
      })
      .nullable()
      .exactOptional()
      .describe('What each modality adds to `mortality`, as a probability; null where there is none.'),
    evidence: z.array(evidenceSchema),
    actor: z
      .string()
      .nullable()
      .describe('Who acted, as their token names them; null for the engine itself.'),
    reason: z.string().nullable(),
    detail: z.string().nullable().describe('Of a technical notice: what is wrong, where, and what to do.'),
    raisedWardId: z.string().nullable().describe('Ward where it was raised; null: not known then.'),
    raisedBedId: z.string().nullable().describe('Bed where it was raised; null: not known then.'),
    leftWardId: z
      .string()
      .nullable()
      .describe(
        'On the record of a move: the ward the patient left, empty where it was not known. Else null.',
      ),
    context: z
      .array(contextSchema)
      .exactOptional()
      .describe(
        'What notes of the day before stated, as of this record, oldest first. It changes no alert. Empty or absent where there is nothing.',
      ),
  })
  .meta({ id: 'Alert', description: 'One record of an alert: what it became at `eventTime`, and why.' });

export const alertsQuerySchema = z.object({
  ward: idSchema.optional(),
  patientId: idSchema.optional(),
  state: alertStateSchema.optional(),
  class: alertClassSchema.optional().describe('Only clinical alerts, or only technical notices.'),
  layer: z
    .enum(LAYERS)
    .optional()
    .describe('Only alerts of the state now, of a risk or score, or technical notices.'),
  priority: prioritySchema.optional(),
  from: z.coerce.number().int().optional().describe('Raised at or after.'),
  to: z.coerce.number().int().optional().describe('Raised before.'),
  open: z.stringbool().optional().describe('true: only those that are not resolved.'),
  limit: limit.max(1000).default(200),
  after: z.string().max(500).optional().describe('`next` of the page before.'),
});

export const alertsSchema = z.object({
  alerts: z.array(alertSchema).describe('The newest record of each alert, latest raised first.'),
  next: z.string().nullable().describe('`after` of the next page; null at the end.'),
});

export const alertEventsSchema = z.object({
  alertId: z.string(),
  events: z.array(alertSchema).describe('Every record of the alert, oldest first.'),
});

const MAX_SNOOZE_MINUTES = 24 * 60;

const text = z.string().trim().min(1).max(2000);

const requestId = z
  .string()
  .min(1)
  .max(100)
  .optional()
  .describe('Chosen by the client: the same action sent again with the same id has no further effect.');

export const actionSchema = z
  .discriminatedUnion('action', [
    z.strictObject({ action: z.literal('ACKNOWLEDGE'), reason: text.optional(), requestId }),
    z.strictObject({
      action: z.literal('SNOOZE'),
      minutes: z.number().int().min(1).max(MAX_SNOOZE_MINUTES),
      reason: text,
      requestId,
    }),
    z.strictObject({ action: z.literal('ESCALATE'), reason: text.optional(), requestId }),
    z.strictObject({ action: z.literal('COMMENT'), reason: text.describe('The comment.'), requestId }),
  ])
  .meta({ id: 'AlertActionRequest', description: 'What a person does with an alert.' });

export const acceptedSchema = z.object({
  messageId: z
    .string()
    .describe('Of the acknowledgement on ward.acks; the alert’s next record follows by push.'),
});
