import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/simulate/random.js';
import { type Form, recalibrateOutputs } from '../../../src/study/recalibrate/recalibrate.js';
import type { OutputRows } from '../../../src/study/recalibrate/rows.js';
import { scoredStay } from '../scored-stay.js';

const OPTIONS = { form: 'logistic' as Form, seed: 1, resamples: 50 };

/** Stays of one row each, of which the outcome follows `intercept + slope × logit`. */
function site(patients: number, { intercept = 0, slope = 1 } = {}) {
  const random = new Random(5, 0);
  const logits = Float64Array.from({ length: patients }, () => 2 * random.normal() - 1);
  const outcomes = Uint8Array.from(logits, (logit) =>
    random.uniform() < 1 / (1 + Math.exp(-intercept - slope * logit)) ? 1 : 0,
  );
  const rows: OutputRows = { logits, outcomes, owners: Uint32Array.from(logits, (_, owner) => owner) };
  const stays = Array.from(logits, (_, owner) => scoredStay([], { id: `p${owner}` }));
  return { rows, stays };
}

function mortality({ rows, stays }: ReturnType<typeof site>, more: Partial<typeof OPTIONS> = {}) {
  const asked = [{ output: 'mortality' as const, rows }];
  return recalibrateOutputs(asked, stays, { ...OPTIONS, ...more }).mortality!;
}

describe('logistic', () => {
  const overstated = site(4000, { intercept: -0.7, slope: 0.6 });
  const found = mortality(overstated);

  it('finds by how much probabilities were overstated, and mends it for patients it was not fitted to', () => {
    expect(found.curve).toMatchObject({ form: 'logistic' });
    const { intercept, slope } = found.curve as { intercept: number; slope: number };
    // Three standard errors at this size.
    expect(Math.abs(intercept + 0.7)).toBeLessThan(0.15);
    expect(Math.abs(slope - 0.6)).toBeLessThan(0.1);
    expect(found.before.slope.value).toBeCloseTo(slope, 9);
    expect(found.before.ece.value).toBeGreaterThan(0.05);
    expect(found.after.ece.value).toBeLessThan(0.03);
    expect(Math.abs(found.after.slope.value - 1)).toBeLessThan(0.1);
    expect(Math.abs(found.after.intercept.value)).toBeLessThan(0.1);
    expect(found.after.brier.value).toBeLessThan(found.before.brier.value);
  });

  it('gives intervals around its figures, and the same ones again', () => {
    for (const { value, interval } of Object.values(found.before)) {
      expect(interval[0]).toBeLessThan(value);
      expect(interval[1]).toBeGreaterThan(value);
    }
    expect(mortality(overstated)).toEqual(found);
    expect(mortality(overstated, { seed: 2 }).after).not.toEqual(found.after);
  });

  it('counts patients, not moments', () => {
    const { rows, stays } = site(600);
    const twice = (list: ArrayLike<number>) => [...Array.from(list), ...Array.from(list)];
    const again = {
      logits: Float64Array.from(twice(rows.logits)),
      outcomes: Uint8Array.from(twice(rows.outcomes)),
      owners: Uint32Array.from(twice(rows.owners)),
    };
    const [once, both] = [rows, again].map((each) => mortality({ rows: each, stays }));
    expect([both.patients, both.events, both.rows]).toEqual([once.patients, once.events, 2 * once.rows]);
    expect(both.before.slope.interval[0]).toBeCloseTo(once.before.slope.interval[0], 6);
  });
});

it('isotonic mends what no line can', () => {
  const { rows, stays } = site(4000);
  // Whatever is above 0 has the same chance.
  const random = new Random(9, 0);
  const outcomes = Uint8Array.from(rows.logits, (logit) =>
    random.uniform() < (logit > 0 ? 0.5 : 1 / (1 + Math.exp(-logit))) ? 1 : 0,
  );
  const bent = { rows: { ...rows, outcomes }, stays };
  const [line, curve] = (['logistic', 'isotonic'] as const).map((form) => mortality(bent, { form }));
  expect(curve.after.ece.value).toBeLessThan(line.after.ece.value);
  expect(curve.after.brier.value).toBeLessThan(curve.before.brier.value);
});

describe('refused, with what would be needed', () => {
  it('too few patients with the outcome, or without it', () => {
    expect(() => mortality(site(60, { intercept: -3 }))).toThrow(
      /logistic recalibration needs 20 with the outcome and 20 without, but mortality has \d with and 5\d without/,
    );
    expect(() => mortality(site(60, { intercept: 6 }))).toThrow(/mortality has 5\d with and \d without/);
    expect(() => mortality(site(300), { form: 'isotonic' })).toThrow(/isotonic recalibration needs 200 with/);
  });

  it('a slope that is not above 0, which would turn the ranking round', () => {
    expect(() => mortality(site(2000, { slope: -1 }))).toThrow(
      /mortality cannot be recalibrated: its slope is -/,
    );
    expect(() => mortality(site(2000, { slope: -1 }), { form: 'isotonic' })).toThrow(/does not rise/);
  });
});
