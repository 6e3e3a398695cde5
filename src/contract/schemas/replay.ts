import { z } from 'zod';
import { time } from './fields.js';

/** Where a replay is, and what it is told. */

export const replayEventSchema = z
  .object({
    patientId: z.string(),
    wardId: z.string().nullable(),
    kind: z.string().describe('What truly happened, e.g. circulatory-failure, death.'),
    time,
    label: z.string(),
  })
  .meta({ id: 'ReplayEvent', description: 'Something that truly happened in the history replayed.' });

export const replayStateSchema = z
  .object({
    isPlaying: z.boolean(),
    speed: z.number().positive().nullable().describe('Event time per real time; null: as fast as it goes.'),
    time: time.describe('Where the replay is.'),
    from: time.describe('First event time of the history.'),
    to: time.nullable().describe('Last event time; null where it is not known.'),
    isAtEnd: z.boolean(),
    events: z.array(replayEventSchema).readonly(),
  })
  .meta({ id: 'ReplayState', description: 'Where a replay is and how it goes on.' });

export const replayCommandSchema = z
  .discriminatedUnion('command', [
    z.strictObject({ command: z.literal('play') }),
    z.strictObject({ command: z.literal('pause') }),
    z.strictObject({ command: z.literal('speed'), speed: z.number().positive().max(100_000).nullable() }),
    z.strictObject({ command: z.literal('seek'), time }),
  ])
  .meta({ id: 'ReplayCommand' });
