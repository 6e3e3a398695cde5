import { z } from 'zod';
import { NOTE_KINDS } from '../note-kinds.js';
import { byForecast } from '../outcomes.js';
import { alertSchema } from './alerts.js';
import { idSchema, limit, oldName, probability, time } from './fields.js';
import { markedValueSchema, sofaSchema, stateSchema, stateSpanSchema } from './patient.js';

/** The course of a patient: values, scores, notes and images over time, and why a score is what it is. */

export const timelineQuerySchema = z.object({
  hours: z.coerce.number().min(1).max(48).default(24),
  until: z.coerce
    .number()
    .int()
    .optional()
    .describe('End of the window; by default now, on the stream’s clock.'),
  points: z.coerce.number().int().min(10).max(5000).default(1000).describe('At most so many a variable.'),
});

export const seriesSchema = z
  .object({
    label: z.string(),
    unit: z.string(),
    kind: z.enum(['vital', 'lab']),
    decimals: z.number().int().describe('Decimals shown.'),
    times: z.array(time),
    values: z.array(z.number()).describe('At `times`; means where `low` and `high` are given.'),
    low: z.array(z.number()).optional().describe('Where values are thinned: the lowest each stands for.'),
    high: z.array(z.number()).optional(),
  })
  .meta({ id: 'Series', description: 'The values of one variable.' });

export const noteMarkSchema = z.object({
  noteId: z.string(),
  eventTime: time,
  noteType: z.string(),
  authorRole: z.string(),
});

export const noteSchema = noteMarkSchema
  .extend({
    language: z.string(),
    source: z.string(),
    text: z.string().describe('Plain text, never markup.'),
  })
  .meta({ id: 'Note', description: 'A clinical note.' });

export const findingSchema = z
  .object({
    label: z.string().describe('What the encoder looks for, e.g. pneumonia.'),
    probability,
    encoder: z.string().describe('Name and version of the encoder.'),
    caution: z.string().optional().describe('What limits it, e.g. whom the encoder was trained on.'),
  })
  .meta({ id: 'Finding', description: 'What the image encoder says of an image.' });

export const imageSchema = z
  .object({
    imageId: z.string(),
    eventTime: time,
    observedAt: time,
    modality: z.string(),
    bodySite: z.string(),
    mediaType: z.string(),
    hasBytes: z.boolean().describe('False: the image is held elsewhere, at `uri`.'),
    uri: z.string().nullable(),
    finding: findingSchema
      .nullable()
      .describe('Null where no encoder has looked at it, and for what is no frontal chest radiograph.'),
    problem: z.string().nullable().describe('Why it is not scored, in words; null where nothing was wrong.'),
  })
  .meta({ id: 'Image', description: 'An imaging event, without its bytes.' });

export const timelineSchema = z
  .object({
    patientId: z.string(),
    clock: time,
    from: time,
    to: time,
    source: z
      .enum(['store', 'live'])
      .describe('live: the store is away; values before the last minutes are hourly.'),
    variables: z.record(z.string(), seriesSchema).describe('Values that are used.'),
    doubted: z
      .array(markedValueSchema)
      .exactOptional()
      .describe(
        'Values that are not used, oldest first, the newest 2000 at most. Absent where there are none.',
      ),
    states: z
      .array(stateSpanSchema)
      .describe('States that were there, oldest first. Where the store is away, those that are there now.'),
    scores: z.object({
      times: z.array(time),
      mortality: z.array(probability),
      risk: oldName(z.array(probability), 'mortality'),
      ...byForecast(() => z.array(probability.nullable())),
      news2: z.array(z.number().int().nullable()),
      qsofa: z.array(z.number().int().nullable()),
      sofa: z.array(z.number().int().nullable()).describe('Totals.'),
    }),
    notes: z.array(noteMarkSchema),
    images: z.array(imageSchema),
    alerts: z.array(alertSchema).describe('Every record in the window, oldest first.'),
  })
  .meta({ id: 'Timeline', description: 'The course of a patient over a window of time.' });

export const notesQuerySchema = z.object({
  limit: limit.max(500).default(100),
  kind: z
    .enum(NOTE_KINDS)
    .default('note')
    .describe('note: what people wrote. monitor-alarm: what monitors alarmed, as they said it.'),
});

export const notesSchema = z.object({
  patientId: z.string(),
  notes: z.array(noteSchema).describe('Newest first.'),
});

export const imagesSchema = z.object({
  patientId: z.string(),
  images: z.array(imageSchema).describe('Newest first.'),
});

export const explanationSchema = z
  .object({
    patientId: z.string(),
    eventTime: time.describe('Of the score explained.'),
    modelVersion: z.string(),
    output: z.string().describe('The model output explained, e.g. mortality.'),
    risk: probability.describe('What the model says of that output.'),
    modalities: z.array(
      z.object({
        modality: z.enum(['structured', 'text', 'image']),
        contribution: z.number().describe('Change of the log-odds that the modality makes.'),
        eventTime: time.nullable().describe('Newest input of it; null where there is none.'),
      }),
    ),
    variables: z
      .array(
        z.object({
          variable: z.string(),
          label: z.string(),
          value: z.number().nullable(),
          unit: z.string(),
          at: time.nullable(),
          contribution: z.number().describe('Change of the log-odds; above 0 raises the risk.'),
          direction: z.enum(['raises', 'lowers']),
        }),
      )
      .describe('The leading ones, largest effect first.'),
    method: z.string().describe('How contributions were computed.'),
  })
  .meta({ id: 'Explanation', description: 'Why a score is what it is.' });

export const scoresQuerySchema = z.object({
  patientId: idSchema,
  from: z.coerce.number().int().optional(),
  to: z.coerce.number().int().optional(),
  limit: limit.max(5000).default(200),
});

export const scoreSchema = z
  .object({
    eventTime: time,
    modelVersion: z.string(),
    mortality: probability,
    risk: oldName(probability, 'mortality'),
    ...byForecast(() => probability.nullable()),
    news2: z.number().int().nullable(),
    qsofa: z.number().int().nullable(),
    sofa: sofaSchema,
    states: z
      .array(stateSchema.pick({ criterion: true, value: true, since: true, variable: true }))
      .describe('Those that were there.'),
  })
  .meta({ id: 'Score', description: 'One evaluation of the model.' });

export const scoresSchema = z.object({
  patientId: z.string(),
  scores: z.array(scoreSchema).describe('The newest `limit` of the window, oldest first.'),
});
