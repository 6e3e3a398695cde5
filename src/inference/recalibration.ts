import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { MODEL_OUTPUTS, type ModelOutput } from '../contract/outcomes.js';
import { WardstreamError } from '../errors.js';

const logisticSchema = z.strictObject({
  form: z.literal('logistic'),
  intercept: z.number(),
  slope: z.number().positive('a slope must be above 0, or the ranking would be turned round'),
});
const isotonicSchema = z
  .strictObject({
    form: z.literal('isotonic'),
    /** Logits of the model, ascending. */
    from: z.array(z.number()).min(2),
    /** What they become, ascending. */
    to: z.array(z.number()),
  })
  .refine(({ from, to }) => from.length === to.length, 'from and to must be as long')
  .refine(
    ({ from, to }) => ascends(from) && ascends(to),
    'from and to must ascend, or the ranking would change',
  );

/** How an output's logit becomes another. Both forms rise everywhere. */
export const curveSchema = z.discriminatedUnion('form', [logisticSchema, isotonicSchema]);
export type Curve = z.infer<typeof curveSchema>;

const fileSchema = z.object({
  format: z.literal(1),
  /** Version and graph of the model that was measured. */
  model: z.string(),
  modelSha256: z.string(),
  /** A name for people, part of the version that scores carry. */
  cohort: z.string().regex(/^[0-9A-Za-z.-]+$/, 'a name is made of letters, digits, points and hyphens'),
  outputs: z.partialRecord(z.enum(MODEL_OUTPUTS), curveSchema),
  /** Of everything else in the file, in its order. */
  sha256: z.string(),
});

/** Curves fitted to patients of one place, for one model. */
export interface Recalibration {
  /** Tells recalibrations apart: name of the cohort, and what the file's hash begins with. */
  readonly name: string;
  /** Outputs without a curve stay as they are. */
  readonly curves: ReadonlyMap<ModelOutput, Curve>;
}

/** What is asked of the model that a recalibration is for. */
interface Measured {
  readonly version: string;
  readonly sha256: string;
  readonly outputs: readonly ModelOutput[];
}

/** SHA-256 of the contents of a file, without the hash itself. */
export function recalibrationHash(contents: object): string {
  return createHash('sha256').update(JSON.stringify(contents)).digest('hex');
}

/**
 * Reads what `wardstream recalibrate` wrote, for a model.
 * @throws WardstreamError `WS_MODEL` where it cannot be read, is damaged, or is of another model.
 */
export function readRecalibration(file: string, model: Measured): Recalibration {
  const fault = (what: string, cause?: unknown) =>
    new WardstreamError('WS_MODEL', `model.recalibration: ${file} ${what}`, { cause });
  const data = readJson(file, fault);
  const result = fileSchema.safeParse(data);
  if (!result.success) {
    const faults = result.error.issues.map(({ path, message }) => `${path.join('.') || '(top)'}: ${message}`);
    throw fault(`is wrong: ${faults.join('; ')}`);
  }
  const { sha256, ...contents } = data as { sha256: string };
  if (recalibrationHash(contents) !== sha256)
    throw fault(
      'is damaged: its sha256 is not that of its contents; write it again with wardstream recalibrate',
    );
  const { model: version, modelSha256, cohort, outputs } = result.data;
  if (version !== model.version) {
    throw fault(`is of model ${version}, but ${model.version} is to be served; recalibrate that one`);
  }
  if (modelSha256 !== model.sha256)
    throw fault(`is of another model.onnx of version ${version}; recalibrate this one`);
  const curves = new Map(Object.entries(outputs) as [ModelOutput, Curve][]);
  const unknown = [...curves.keys()].filter((output) => !model.outputs.includes(output));
  if (unknown.length > 0) {
    throw fault(`has ${unknown.join(', ')}, but model ${version} gives only ${model.outputs.join(', ')}`);
  }
  return { name: `${cohort}.${sha256.slice(0, 8)}`, curves };
}

function readJson(file: string, fault: (what: string, cause: unknown) => WardstreamError): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw fault('cannot be read', error);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw fault('is damaged: it is not JSON', error);
  }
}

/**
 * What a logit of the model becomes. Logistic: intercept + slope × logit (Cox, Biometrika 1958;45:562-565). Isotonic: on straight
 * lines between its points, and beyond the first and last as far from the point as before. So what is higher stays higher.
 */
export function recalibrated(curve: Curve, logit: number): number {
  if (curve.form === 'logistic') return curve.intercept + curve.slope * logit;
  const { from, to } = curve;
  const last = from.length - 1;
  if (logit <= from[0]) return to[0] + (logit - from[0]);
  if (logit >= from[last]) return to[last] + (logit - from[last]);
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (from[middle] <= logit) low = middle;
    else high = middle;
  }
  return to[low] + ((to[high] - to[low]) * (logit - from[low])) / (from[high] - from[low]);
}

function ascends(values: readonly number[]): boolean {
  return values.every((value, at) => at === 0 || value > values[at - 1]);
}
