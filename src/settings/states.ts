import { z } from 'zod';
import { CRITERIA, GRADES } from '../clinical/state.js';
import { MINUTE_MS } from '../durations.js';

const ms = z.number().int().nonnegative();

/** What of a patient's state is alarmed. No model and no rule keeps such an alert back. */
export const stateAlarmsSchema = z
  .strictObject({
    grades: z
      .array(z.enum(GRADES))
      .default([...GRADES])
      .describe(
        'Which states alarm: critical ones as HIGH, failing ones as MEDIUM. `[]`: states are told and shown, and nothing alarms.',
      ),
    except: z
      .array(z.enum(CRITERIA.map(({ id }) => id)))
      .default(['vasopressor', 'vasopressor-unknown'])
      .describe('Criteria that do not alarm; docs/alarms.md lists them.')
      .meta({ reason: 'Who starts a vasopressor knows of it: it is shown.' }),
    escalateCriticalAfterMs: ms
      .default(15 * MINUTE_MS)
      .describe('An alert of a critical state that nobody acknowledged escalates after this long.')
      .meta({ reason: 'Somebody has to come now.' }),
    escalateFailingAfterMs: ms
      .default(30 * MINUTE_MS)
      .describe('The same of a failing state.')
      .meta({ reason: 'As the shipped rule.' }),
  })
  .prefault({});

/** What is normal for one patient where it is not what is normal for others. */
export const baselinesSchema = z
  .record(
    z.string().min(1),
    z
      .strictObject({
        spo2Target: z
          .tuple([z.number().min(80).max(90), z.number().max(96)])
          .refine(([low, high]) => low < high, 'the low end must be below the high end')
          .optional()
          .describe(
            'Saturation aimed at, in %, such as [88, 92] in hypercapnic failure: states go by it, and NEWS2 by scale 2.',
          ),
        heartRateLow: z
          .number()
          .min(20)
          .max(60)
          .optional()
          .describe('The slowest heart rate that is meant, in beats a minute.'),
      })
      .refine((baseline) => Object.keys(baseline).length > 0, 'says nothing'),
  )
  .default({})
  .describe('What is normal for one patient where it is not for others, by patient id.')
  .meta({ reason: 'No message can tell it yet.' });
