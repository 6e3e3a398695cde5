import { z } from 'zod';

/** How one variable is standardised: z = (t(value) − center) / scale, t the identity or ln(1 + value). */
export const scalingSchema = z.object({
  id: z.string(),
  transform: z.enum(['linear', 'log']),
  center: z.number(),
  scale: z.number().positive(),
});
export type Scaling = z.infer<typeof scalingSchema>;

/** Standardised values are clipped to this many standard deviations. */
export const CLIP = 5;

/** A value, in the variable's canonical unit, in standard deviations from the mean, within ±`CLIP`. */
export function standardise({ transform, center, scale }: Scaling, value: number): number {
  const transformed = transform === 'log' ? Math.log1p(Math.max(0, value)) : value;
  return Math.max(-CLIP, Math.min(CLIP, (transformed - center) / scale));
}
