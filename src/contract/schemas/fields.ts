import { z } from 'zod';
import { IdFault, MAX_ID_LENGTH, readId } from '../ids.js';

/** Fields that many shapes have. */

export const time = z.number().describe('Milliseconds since the epoch, UTC, event time.');

export const timeOfDay = z
  .number()
  .exactOptional()
  .describe('The server’s time, where the stream is live: for what `clock` is behind it, nothing has come.');

export const probability = z.number().min(0).max(1);

/** A field under the name that it had in version 0.1, told for one version beside the present one. */
export function oldName<Schema extends z.ZodType>(
  schema: Schema,
  present: string,
): z.ZodExactOptional<Schema> {
  return z
    .exactOptional(schema)
    .meta({ deprecated: true, description: `Old name of \`${present}\`; the next version drops it.` });
}

/** Ids come from hospitals' systems: any text that is an id on Kafka, and the same one as there. */
export const idSchema = z
  .string()
  .min(1)
  .max(MAX_ID_LENGTH)
  .overwrite((text) => {
    const id = readId(text);
    return id instanceof IdFault ? text : id;
  })
  .refine((text) => !(readId(text) instanceof IdFault), 'is no id: see the data contract');

export const limit = z.coerce.number().int().min(1);

export const cursorSchema = z
  .string()
  .max(100)
  .describe('A place in the order of all alert records. Opaque: keep the newest, give it back to resume.');
