import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/**
 * RecordIDs of set A of the PhysioNet/CinC Challenge 2012, first and last. Every model that ships was trained on all of it
 * (its card.md says so); sets B and C have higher ids.
 */
const SET_A = { first: 132_539, last: 142_673 };

/** How many of the patients the shipped models have learnt from. */
export function countTrainedOn(patientIds: readonly string[]): number {
  return patientIds.filter(
    (id) => /^\d{6}$/.test(id) && Number(id) >= SET_A.first && Number(id) <= SET_A.last,
  ).length;
}

const estimateSchema = z.tuple([z.number(), z.number(), z.number()]);
const metricsSchema = z.object({
  stays: z.number(),
  hours: z.record(
    z.string(),
    z.object({
      model: z.object({ auroc: estimateSchema, auprc: estimateSchema, score1: estimateSchema }),
    }),
  ),
});

/** Figures of the model's own cross-validation, [value, low, high], by hour. */
export type OutOfFold = Readonly<
  Record<string, Readonly<Record<'auroc' | 'auprc' | 'score1', readonly [number, number, number]>>>
>;

/** The out-of-fold figures beside a model (metrics.json), or null where it has none in this form. */
export function readOutOfFold(modelDirectory: string): OutOfFold | null {
  const file = join(modelDirectory, 'metrics.json');
  if (!existsSync(file)) return null;
  try {
    const { hours } = metricsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    return Object.fromEntries(Object.entries(hours).map(([hour, { model }]) => [hour, model]));
  } catch {
    return null;
  }
}
