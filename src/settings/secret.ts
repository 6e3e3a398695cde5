import { readFileSync } from 'node:fs';
import { z } from 'zod';

/**
 * A secret of the configuration: the text itself, `{ env: NAME }` or `{ file: PATH }`. It is looked up when the configuration
 * is read, a line feed at the end of a file is not part of it, and no error repeats it.
 */
export const secretSchema = z
  .union([
    z.string(),
    z.strictObject({ env: z.string().min(1) }),
    z.strictObject({ file: z.string().min(1) }),
  ])
  .transform((value, context): string => {
    const found = lookUp(value);
    if ('secret' in found) return found.secret;
    context.addIssue({ code: 'custom', message: found.fault });
    return z.NEVER;
  });

type Place = string | { readonly env: string } | { readonly file: string };

function lookUp(place: Place): { readonly secret: string } | { readonly fault: string } {
  if (typeof place === 'string') return { secret: place };
  if ('env' in place) {
    const secret = process.env[place.env];
    if (secret === undefined) return { fault: `the environment variable ${place.env} is not set` };
    return { secret };
  }
  try {
    return { secret: readFileSync(place.file, 'utf8').replace(/\r?\n$/, '') };
  } catch (error) {
    return { fault: `${place.file} cannot be read: ${(error as NodeJS.ErrnoException).code}` };
  }
}
