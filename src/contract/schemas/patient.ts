import { z } from 'zod';
import { STALE_MS } from '../../clinical/sources.js';
import { GRADES } from '../../clinical/state.js';
import { MINUTE_MS } from '../../durations.js';
import { byForecast } from '../outcomes.js';
import { oldName, probability, time } from './fields.js';

/** What is known of a patient now: values, what is not used of them, scores, states. */

export const valueSchema = z
  .object({ value: z.number(), unit: z.string(), at: time.describe('When it was observed.') })
  .meta({ id: 'Value', description: 'The last known value of a variable.' });

const verdictFields = {
  verdict: z
    .enum(['doubted', 'artefact'])
    .describe('artefact: it is none of the patient. doubted: it may be.'),
  reason: z.string().describe('Stable id; docs/trust.md has them all.'),
};

export const doubtSchema = z
  .object({
    value: z.number(),
    unit: z.string(),
    at: time.describe('When it was observed.'),
    ...verdictFields,
    words: z.string().describe('The reason in words.'),
  })
  .meta({
    id: 'Doubt',
    description: 'A value that is not used: no score, no state and no alert rests on it.',
  });

export const markedValueSchema = z
  .object({ variable: z.string(), at: time, value: z.number(), ...verdictFields })
  .meta({
    id: 'MarkedValue',
    description: 'A value of a course that is not used; at the time it became known.',
  });

const statementFields = {
  at: time.describe('When it was so, as the note states.'),
  noteId: z.string(),
  sentence: z.string().describe('The sentence of the note, shortened.'),
};

export const toldSchema = z
  .object({
    values: z
      .record(z.string(), z.object(statementFields))
      .describe('By variable: those of the last known values that a note stated.'),
    contradicted: z
      .array(
        z.object({
          variable: z.string(),
          value: z.number().describe('What the note states.'),
          measured: z.number().describe('What was measured: it stands.'),
          unit: z.string(),
          ...statementFields,
        }),
      )
      .describe(
        'Values of the last 24 h that a measurement of the hour before stands against, oldest first.',
      ),
    statuses: z
      .array(z.object({ text: z.string().describe('In words for a clinician.'), ...statementFields }))
      .describe('What else notes of the last 24 h stated, oldest first: the newest of each kind.'),
  })
  .meta({ id: 'Told', description: 'What notes stated of the patient, as far as it counts now.' });

const points = z.number().int().nullable();

export const sofaSchema = z
  .object({
    total: points.describe('0 to 24 over the parts known, so a lower bound; null: none is.'),
    respiration: points,
    coagulation: points,
    liver: points,
    cardiovascular: points,
    nervous: points,
    renal: points,
  })
  .meta({ id: 'Sofa', description: 'SOFA of the last known values, part by part; null: not known.' });

export const stateSchema = z
  .object({
    criterion: z.string().describe('See docs/alarms.md.'),
    label: z.string().describe('In words for a clinician.'),
    grade: z.enum(GRADES).describe('critical: somebody has to come now; failing: an organ fails.'),
    sign: z.string().describe('What the criterion is about, e.g. map.'),
    value: z.number().describe('Of the sign, the newest.'),
    unit: z.string(),
    since: time.describe('When the first value that meets the criterion was observed.'),
    at: time.describe('When `value` was observed.'),
    variable: z.string().describe('The variable that says so, or the drug.'),
  })
  .meta({ id: 'State', description: 'What the patient is in now, by a published criterion; no model.' });

export const stateSpanSchema = stateSchema
  .omit({ at: true })
  .extend({
    value: z.number().describe('Of the sign, the newest within the state.'),
    worst: z.number().describe('Of the sign, the furthest beyond the limit.'),
    to: time.nullable().describe('When it was over; null: it is there at the end of the window.'),
  })
  .meta({ id: 'StateSpan', description: 'A state that was there for a while, as told with scores.' });

export const feedSchema = z
  .object({
    usualMs: z
      .number()
      .nullable()
      .describe('How often the quickest vital sign comes; null: too few have come to tell.'),
    silentAfterMs: z.number().describe('The feed is silent so long after its last value.'),
    silent: z
      .array(z.string())
      .readonly()
      .describe('Variables that have not come for long, each by how often it comes itself.'),
  })
  .meta({ id: 'Feed', description: 'How the vital signs of a patient come.' });

export const notLiveSchema = z
  .object({
    cause: z
      .enum(['unread', 'behind', 'silent'])
      .describe(
        'unread: nobody reads what is sent of the patient. behind: it is not all read yet. silent: it is, and nothing comes, for longer than usual.',
      ),
    since: time.describe(
      'What was sent after it is not known here; of a silent feed when its last value came.',
    ),
  })
  .meta({ id: 'NotLive', description: 'What is shown of the patient is not the present, and why.' });

const historySchema = z.array(z.tuple([time, probability]));

export const patientSchema = z
  .object({
    patientId: z.string(),
    stayId: z.string(),
    wardId: z.string().nullable(),
    bedId: z.string().nullable(),
    placeUnknown: z.boolean().describe('No message has told the ward: the patient is shown to every ward.'),
    admittedAt: time,
    lastEventAt: time,
    ageYears: z.number().nullable(),
    sex: z.string().nullable(),
    mortality: probability.nullable().describe('Of death in hospital; null until the first score.'),
    risk: oldName(probability.nullable(), 'mortality'),
    ...byForecast(({ text, hours }) =>
      probability.nullable().describe(`Of onset of ${text} within ${hours} h; null: not predicted.`),
    ),
    riskAt: time.nullable().describe('What these probabilities are as of; null until the first score.'),
    mortalityTrend: z.number().describe('`mortality` now minus that of about an hour earlier.'),
    riskTrend: oldName(z.number(), 'mortalityTrend'),
    mortalityHistory: historySchema.describe('[time, `mortality`], oldest first, at most 60.'),
    riskHistory: oldName(historySchema, 'mortalityHistory'),
    news2: z.number().int().nullable(),
    news2Missing: z.array(z.string()).readonly(),
    qsofa: z.number().int().nullable(),
    sofa: sofaSchema.nullable(),
    states: z.array(stateSchema).readonly().describe('Those that are there now.'),
    values: z.record(z.string(), valueSchema),
    doubted: z
      .record(z.string(), doubtSchema)
      .exactOptional()
      .describe(
        'By variable, what is not used now; `values` then has the last value that was. Absent where all is used.',
      ),
    told: toldSchema.exactOptional().describe('What notes stated. Absent where there is nothing.'),
    stale: z
      .boolean()
      .describe(
        `Nothing has arrived for ${STALE_MS / MINUTE_MS} minutes: of the stream’s clock or, where it is live, of the day.`,
      ),
    feed: feedSchema.exactOptional().describe('Absent until vital signs have come, and in a replay.'),
    notLive: notLiveSchema.exactOptional().describe('Absent: what is shown is the present.'),
    restored: z
      .boolean()
      .exactOptional()
      .describe('As of `lastEventAt`, from before the server had this patient; nothing was scored since.'),
  })
  .meta({ id: 'Patient', description: 'What is known of a patient now.' });
