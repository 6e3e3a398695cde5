import { z } from 'zod';
import { secretSchema } from './secret.js';

/** The address on which the server or a door listens. */
export const hostSchema = z
  .string()
  .default('127.0.0.1')
  .describe('Address that it listens on.')
  .meta({ reason: 'Nobody else reaches it until somebody decides that.' });

/** The port on which it listens, by default `usual`. */
export function portSchema(usual: number) {
  return z.number().int().min(0).max(65_535).default(usual).describe('0 takes one that is free.');
}

/** What serving TLS takes. */
export const certificateSettings = {
  cert: secretSchema.describe('Certificate, with those that lead to an authority.'),
  key: secretSchema.describe('Its key.'),
} as const;

/** What serving TLS takes where clients may have to show a certificate, too. */
export const mutualTlsSchema = z.strictObject({
  ...certificateSettings,
  ca: secretSchema
    .optional()
    .describe('Authorities of client certificates: with it, only clients that have one come in.'),
});
