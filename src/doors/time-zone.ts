import { z } from 'zod';
import { zoneOf } from './hl7/times.js';

/** The time zone of a sender's times without one: IANA, or an offset. */
export const timeZoneSchema = z.string().transform((name, context) => {
  const zone = zoneOf(name);
  if (zone !== null) return zone;
  context.addIssue({ code: 'custom', message: 'is no time zone, such as Europe/Berlin or +01:00' });
  return z.NEVER;
});
