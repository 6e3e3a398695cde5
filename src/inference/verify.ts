import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { WardstreamError } from '../errors.js';
import { AttentionCache } from './attention-cache.js';
import type { Model } from './model.js';
import type { InferenceRuntime, StepOutput } from './runtime.js';

/** Largest difference from PyTorch's outputs that a runtime may show, in logits, keys and values. */
export const GOLDEN_TOLERANCE = 1e-4;

const numbers = z.array(z.number());
const goldenSchema = z.object({
  cases: z
    .array(
      z.object({
        x: numbers,
        /** One an output, in the order of config.json. */
        logit: z.union([z.number(), numbers]),
        newK: numbers,
        newV: numbers,
      }),
    )
    .min(1),
});
type Case = z.infer<typeof goldenSchema>['cases'][number];

/**
 * Runs the consecutive steps of golden.json: each with what it left in the cache expected of the steps before it, first
 * alone and then all in one batch. Returns the largest difference from what PyTorch gave.
 * @throws WardstreamError `WS_MODEL` where golden.json is missing, damaged or does not fit the model.
 */
export async function goldenDifference(model: Model, runtime: InferenceRuntime): Promise<number> {
  const { features, layers, slots, width, outputs } = model.shape;
  const file = join(model.directory, 'golden.json');
  const cases = readCases(file);
  const sizes = { x: features, logit: outputs.length, newK: layers * width, newV: layers * width };
  const rows = cases.length;
  const cells = layers * slots * width;
  const batch = {
    rows,
    x: new Float32Array(rows * features),
    k: new Float32Array(rows * cells),
    v: new Float32Array(rows * cells),
    age: new Int32Array(rows * slots),
  };
  const cache = new AttentionCache(model.shape);
  let largest = 0;
  for (const [row, each] of cases.entries()) {
    for (const [name, size] of Object.entries(sizes)) {
      const { length } = [each[name as keyof Case]].flat();
      if (length === size) continue;
      throw new WardstreamError(
        'WS_MODEL',
        `${file}: ${name} of case ${row} has ${length} numbers, the model ${size}`,
      );
    }
    batch.x.set(each.x, row * features);
    batch.k.set(cache.k, row * cells);
    batch.v.set(cache.v, row * cells);
    cache.writeAges(row, batch.age, row * slots);
    const x = Float32Array.from(each.x);
    const age = batch.age.slice(row * slots, (row + 1) * slots);
    const output = await runtime.run({ rows: 1, x, k: cache.k, v: cache.v, age });
    largest = Math.max(largest, difference(each, output, 0));
    cache.append(row, Float32Array.from(each.newK), Float32Array.from(each.newV), 0);
  }
  const output = await runtime.run(batch);
  return cases.reduce((most, each, row) => Math.max(most, difference(each, output, row)), largest);
}

/** @throws WardstreamError `WS_MODEL` where the runtime is further from PyTorch than it may be. */
export async function requireGolden(model: Model, runtime: InferenceRuntime): Promise<number> {
  const largest = await goldenDifference(model, runtime);
  if (largest <= GOLDEN_TOLERANCE) return largest;
  const { version } = model.config;
  throw new WardstreamError(
    'WS_MODEL',
    `model ${version} fails its golden check on ${runtime.name}: it differs by ${largest.toPrecision(2)} from golden.json, ` +
      `allowed are ${GOLDEN_TOLERANCE}; restore ${model.directory} or use another model.runtime`,
  );
}

function difference({ logit, newK, newV }: Case, output: StepOutput, row: number): number {
  const pairs: [readonly number[], Float32Array][] = [
    [[logit].flat(), output.logit],
    [newK, output.newK],
    [newV, output.newV],
  ];
  let largest = 0;
  for (const [expected, found] of pairs) {
    expected.forEach((value, index) => {
      const distance = Math.abs(value - found[row * expected.length + index]);
      largest = Math.max(largest, Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance);
    });
  }
  return largest;
}

function readCases(file: string): readonly Case[] {
  if (!existsSync(file))
    throw new WardstreamError('WS_MODEL', `${file} is missing: the model cannot be checked`);
  let data: unknown;
  try {
    data = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new WardstreamError('WS_MODEL', `${file} is not JSON`, { cause: error });
  }
  const result = goldenSchema.safeParse(data);
  if (result.success) return result.data.cases;
  const [{ path, message }] = result.error.issues;
  throw new WardstreamError('WS_MODEL', `${file} is wrong: ${path.join('.')}: ${message}`);
}
