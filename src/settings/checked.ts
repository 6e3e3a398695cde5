import type { z } from 'zod';
import { WardstreamError } from '../errors.js';

/** What the schema makes of data that stand at `where`. @throws WardstreamError `WS_CONFIG` naming each thing that is wrong. */
export function checked<Schema extends z.ZodType>(
  schema: Schema,
  data: unknown,
  where: string,
): z.output<Schema> {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${path.join('.') || '(top)'}: ${message}`);
  throw new WardstreamError('WS_CONFIG', `${where} is wrong: ${faults.join('; ')}`);
}
