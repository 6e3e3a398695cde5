import { z } from 'zod';
import { secretSchema } from './secret.js';

/** Settings of `/metrics`. */
export const metricsSchema = z
  .strictObject({
    token: secretSchema
      .pipe(z.string().min(16))
      .optional()
      .describe('The bearer token with which Prometheus asks; without one, `/metrics` is not served.'),
  })
  .prefault({});
