import { z } from 'zod';
import { secretSchema } from './secret.js';

/** Settings of `/metrics`. */
export const metricsSchema = z
  .strictObject({
    /** The bearer token with which Prometheus asks; without one, `/metrics` is not served. */
    token: secretSchema.pipe(z.string().min(16)).optional(),
  })
  .prefault({});
