import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecalibratedRuntime } from '../../src/inference/recalibrated.js';
import {
  type Curve,
  readRecalibration,
  recalibrated,
  recalibrationHash,
} from '../../src/inference/recalibration.js';
import type { InferenceRuntime } from '../../src/inference/runtime.js';
import { isOfModel } from '../../src/inference/served-model.js';
import { temporaryDirectory } from '../helpers.js';

const MODEL = { version: '2026.11-f', sha256: 'abc', outputs: ['mortality', 'respiratory'] } as const;
const CONTENTS = {
  format: 1,
  model: '2026.11-f',
  modelSha256: 'abc',
  cohort: 'north',
  outputs: { mortality: { form: 'logistic', intercept: -0.5, slope: 0.8 } },
};

function written(
  contents: object,
  text = JSON.stringify({ ...contents, sha256: recalibrationHash(contents) }),
) {
  const file = join(temporaryDirectory(), 'recalibration.json');
  writeFileSync(file, text);
  return file;
}

const logits = fc.float({ min: -30, max: 30, noNaN: true });
const steps = fc.array(
  fc.tuple(fc.double({ min: 0.01, max: 3, noNaN: true }), fc.double({ min: 0.01, max: 3, noNaN: true })),
  { minLength: 2, maxLength: 12 },
);
const curves: fc.Arbitrary<Curve> = fc.oneof(
  fc.record({
    form: fc.constant('logistic' as const),
    intercept: fc.double({ min: -5, max: 5, noNaN: true }),
    slope: fc.double({ min: 0.01, max: 10, noNaN: true }),
  }),
  fc.tuple(steps, fc.integer({ min: -8, max: 8 })).map(([each, start]) => {
    const sums = (part: 0 | 1) =>
      each.map((_, at) => each.slice(0, at).reduce((sum, to) => sum + to[part], start));
    return { form: 'isotonic' as const, from: sums(0), to: sums(1) };
  }),
);

describe('a curve', () => {
  it('never changes which of two scores is higher', () => {
    fc.assert(
      fc.property(curves, logits, logits, (curve, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const difference = recalibrated(curve, high) - recalibrated(curve, low);
        // Nearer than that, rounding may make them equal; never turn them round.
        return high - low > 1e-6 ? difference > 0 : difference >= -1e-12;
      }),
    );
  });

  it('by hand: a line, and points with lines of logits between them', () => {
    expect(recalibrated({ form: 'logistic', intercept: -0.5, slope: 0.8 }, 2)).toBeCloseTo(1.1, 12);
    const points: Curve = { form: 'isotonic', from: [-3, -1, 1], to: [-2, -1.5, 2] };
    const found = [-4, -3, -2, -1, 0, 1, 3].map((logit) => recalibrated(points, logit));
    expect(found).toEqual([-3, -2, -1.75, -1.5, 0.25, 2, 4]);
  });
});

describe('a file', () => {
  it('is read for the model it was made for, and named by its contents', () => {
    const { name, curves: read } = readRecalibration(written(CONTENTS), MODEL);
    expect(name).toBe(`north.${recalibrationHash(CONTENTS).slice(0, 8)}`);
    expect([...read]).toEqual([['mortality', CONTENTS.outputs.mortality]]);
    expect(isOfModel(`2026.11-f+${name}`, '2026.11-f')).toBe(true);
    expect(isOfModel('2026.11-f2', '2026.11-f')).toBe(false);
  });

  const outputs = (mortality: object) => ({ ...CONTENTS, outputs: { mortality } });
  it.each([
    [
      'a version that is not served',
      { ...CONTENTS, model: '2025.01-a' },
      /is of model 2025.01-a, but 2026.11-f is to be served/,
    ],
    [
      'another graph of that version',
      { ...CONTENTS, modelSha256: 'other' },
      /another model.onnx of version 2026.11-f/,
    ],
    [
      'an output nobody knows',
      { ...CONTENTS, outputs: { renal: CONTENTS.outputs.mortality } },
      /outputs: .*renal/,
    ],
    [
      'an output the model lacks',
      { ...CONTENTS, outputs: { circulatory: CONTENTS.outputs.mortality } },
      /circulatory, but model 2026.11-f gives only mortality, respiratory/,
    ],
    [
      'a slope below 0',
      outputs({ form: 'logistic', intercept: 0, slope: -1 }),
      /slope: a slope must be above 0/,
    ],
    ['points that fall', outputs({ form: 'isotonic', from: [0, 1], to: [1, 0] }), /must ascend/],
    ['lists of two lengths', outputs({ form: 'isotonic', from: [0, 1], to: [1] }), /must be as long/],
    ['another layout', { ...CONTENTS, format: 2 }, /is wrong: format/],
    ['a name that is no part of a version', { ...CONTENTS, cohort: 'a+b c' }, /cohort: a name is made of/],
  ])('of %s is refused', (_, contents, fault) => {
    expect(() => readRecalibration(written(contents), MODEL)).toThrow(fault);
  });

  it('that is missing, cut off or changed is refused', () => {
    expect(() => readRecalibration('/no/such/file', MODEL)).toThrow(/model.recalibration: .* cannot be read/);
    expect(() => readRecalibration(written({}, '{"format": 1,'), MODEL)).toThrow(/damaged: it is not JSON/);
    const changed = JSON.stringify({ ...CONTENTS, sha256: recalibrationHash(CONTENTS) }).replace(
      '0.8',
      '0.9',
    );
    expect(() => readRecalibration(written({}, changed), MODEL)).toThrow(/damaged: its sha256/);
  });
});

it('moves the columns it has curves for, and nothing else', async () => {
  const own = { logit: Float32Array.of(1, 2, -1, -2), newK: new Float32Array(1), newV: new Float32Array(1) };
  const inner: InferenceRuntime = { name: 'inner', run: async () => own, close: async () => undefined };
  const curve: Curve = { form: 'logistic', intercept: 1, slope: 2 };
  const recalibration = { name: 'x', curves: new Map([['respiratory' as const, curve]]) };
  const runtime = new RecalibratedRuntime(inner, recalibration, ['mortality', 'respiratory']);
  const none = new Float32Array(0);
  const output = await runtime.run({ rows: 2, x: none, k: none, v: none, age: new Int32Array(0) });
  expect([...output.logit]).toEqual([1, 5, -1, -3]);
  expect(output.newK).toBe(own.newK);
  expect([...own.logit]).toEqual([1, 2, -1, -2]);
  expect(runtime.name).toBe('inner');
});
