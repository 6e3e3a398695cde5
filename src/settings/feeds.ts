import { z } from 'zod';
import { VARIABLES } from '../clinical/variables.js';

const VITALS = VARIABLES.filter(({ kind }) => kind === 'vital').map(({ id }) => id);

/** When the vital signs of a bed count as having ceased. */
export const feedsSchema = z
  .strictObject({
    multiple: z
      .number()
      .min(1.5)
      .default(3)
      .describe(
        "A bed's feed is silent after so many of its usual intervals; where values come less often than every 2 minutes, nor before twice the longest of the last 21. What is usual is learned of each variable of each patient.",
      )
      .meta({
        reason:
          'On stays charted by hand, which keep no time, less tells more often of what is none; docs/alarms.md has the figures.',
      }),
    floorMs: z
      .number()
      .int()
      .min(2000)
      .default(7000)
      .describe('…and not before this, however often values come.')
      .meta({ reason: 'So a monitor that sends every second and falls silent is told of within 10 s.' }),
    usualMs: z
      .partialRecord(z.enum(VITALS), z.number().int().positive())
      .default({})
      .describe('How often a variable comes, by its id, where that is not to be learned.'),
  })
  .prefault({})
  .describe('When the vital signs of a bed count as having ceased.');
