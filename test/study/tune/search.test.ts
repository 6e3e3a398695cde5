import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/settings/config.js';
import { Random } from '../../../src/simulate/random.js';
import { ENDPOINTS } from '../../../src/study/events.js';
import { type Foreseeable, foreseeable } from '../../../src/study/policies.js';
import { figuresOf, news2Curve, thresholdCurve } from '../../../src/study/tune/curves.js';
import { merit, TuningStays } from '../../../src/study/tune/gain.js';
import { Search } from '../../../src/study/tune/search.js';
import { CHOICES, FORMS, rulesOf, THRESHOLDS } from '../../../src/study/tune/space.js';
import { scoredStay } from '../scored-stay.js';

const HOUR = 3_600_000;

/** Stays of 48 h, half of them with a failure that the signal foretells, more or less, and bumps that mean nothing. */
function ward(size: number, seed: number) {
  const random = new Random(seed, 0);
  const stays = Array.from({ length: size }, (_, index) => {
    const onset = index % 2 === 0 ? 6 + Math.floor(random.uniform() * 30) : Number.POSITIVE_INFINITY;
    const rows = Array.from({ length: 96 }, (_, half): [number, number, number] => {
      const before = onset - half / 2;
      const rise = before > 0 && before < 6 ? 0.4 * random.uniform() : 0;
      const bump = random.chance(0.05) ? 0.5 * random.uniform() : 0;
      return [30 * half, 0.05 + 0.1 * random.uniform() + rise + bump, before <= 0 && before > -6 ? 2 : 0];
    });
    const gas = Number.isFinite(onset) ? [onset * HOUR] : [];
    const series = (values: number[]) => ({
      times: Float64Array.from(gas),
      values: Float64Array.from(values),
    });
    const charted = { pao2: series(gas.map(() => 60)), fio2: series(gas.map(() => 0.5)) };
    return scoredStay(rows, { id: String(index), charted });
  });
  return { stays, against: foreseeable(ENDPOINTS[0], stays) };
}

/** Nothing to be foretold. */
function nothingIn(stays: readonly unknown[]): Foreseeable {
  const none = stays.map(() => []);
  return { events: none, counting: none, truths: none, firstHypoxaemia: stays.map(() => undefined) };
}

const [EITHER, BY_KIND, PLAIN] = FORMS;
const WARD = ward(20, 1);
const ON = new TuningStays(WARD.stays, WARD.against);

describe('the search', () => {
  it.each([0.3, 0.8, 2])('stays within a budget of %d alerts a day, and says what it found', (budget) => {
    const found = new Search(ON, { budget: budget, precision: 0 }, 1).best(EITHER)!;
    const { alerts, alertsPerPatientDay, recall, warned } = figuresOf(found.rules, WARD);
    expect(found.gain).toMatchObject({ alerts, recall, warned });
    expect(found.gain.burden).toBeGreaterThan(alertsPerPatientDay);
    expect(found.gain.burden).toBeLessThanOrEqual(budget);
    expect(recall).toBeGreaterThan(0);
    expect(parseConfig({ alerts: { rules: found.rules } }).alerts.rules).toEqual(found.rules);
  });

  it('comes close to the best of all there are', () => {
    const small = ward(12, 2);
    const on = new TuningStays(small.stays, small.against);
    const budget = 1;
    let best = Number.NEGATIVE_INFINITY;
    const none = { startAfterMs: 0, endAfterMs: 0, quietDuringEvent: 0, quietAfterEventMs: 0 };
    THRESHOLDS.forEach((_, threshold) => {
      CHOICES.resolveAt.forEach((_, resolveAt) => {
        CHOICES.holdMs.forEach((_, holdMs) => {
          CHOICES.refractoryMs.forEach((_, refractoryMs) => {
            const choices = { resolveAt, holdMs, refractoryMs, ...none };
            const rules = rulesOf(PLAIN, { thresholds: [threshold], choices });
            best = Math.max(best, merit(on.gainOf(rules), { budget, precision: 0 }));
          });
        });
      });
    });
    const found = new Search(on, { budget: budget, precision: 0 }, 1).best(PLAIN)!;
    expect(best).toBeGreaterThan(0.2);
    expect(merit(found.gain, { budget, precision: 0 })).toBeGreaterThanOrEqual(0.95 * best);
  });

  it('keeps to a precision, at the cost of events', () => {
    const [any, most] = [0, 0.75].map(
      (precision) => new Search(ON, { budget: 1, precision }, 1).best(EITHER)!,
    );
    expect(any.gain.precision).toBeLessThan(0.75);
    expect(most.gain.precision).toBeGreaterThanOrEqual(0.75);
    expect(figuresOf(most.rules, WARD).precision).toBeGreaterThanOrEqual(most.gain.precision);
    expect(most.gain.recall).toBeLessThanOrEqual(any.gain.recall);
  });

  it('finds the same again', () => {
    expect(new Search(ON, { budget: 0.8, precision: 0 }, 3).best(EITHER)).toEqual(
      new Search(ON, { budget: 0.8, precision: 0 }, 3).best(EITHER),
    );
  });

  it('uses guards where they help: nothing is raised during an event', () => {
    const [guarded, plain] = [EITHER, PLAIN].map(
      (form) => new Search(ON, { budget: 0.5, precision: 0 }, 1).best(form)!,
    );
    expect(merit(guarded.gain, { budget: 0.5, precision: 0 })).toBeGreaterThanOrEqual(
      merit(plain.gain, { budget: 0.5, precision: 0 }),
    );
    expect(plain.rules[0]).not.toHaveProperty('quietDuringEvent');
  });

  it('finds nothing where even the highest thresholds raise too much, or nothing is known', () => {
    const loud = scoredStay(
      [
        [0, 1],
        [60, 1],
      ],
      { hours: 2 },
    );
    const on = new TuningStays([loud], nothingIn([loud]));
    expect(new Search(on, { budget: 0.1, precision: 0 }, 1).best(PLAIN)).toBeNull();
  });

  it('takes a rule for each failure too', () => {
    const stays = WARD.stays.map((stay) => {
      const { deterioration } = stay.signals;
      return {
        ...stay,
        signals: { ...stay.signals, hypotension: deterioration, respiratory: deterioration },
      };
    });
    const found = new Search(new TuningStays(stays, WARD.against), { budget: 0.8, precision: 0 }, 1).best(
      BY_KIND,
    )!;
    expect(found.rules.map(({ signal }) => signal)).toEqual(['hypotension', 'respiratory']);
    expect(found.gain.burden).toBeLessThanOrEqual(0.8);
  });
});

describe('forms', () => {
  it('are each there with a rule on sepsis too, and make rules that the settings take', () => {
    const choices = {
      resolveAt: 0,
      holdMs: 0,
      refractoryMs: 0,
      startAfterMs: 0,
      endAfterMs: 0,
      quietDuringEvent: 0,
      quietAfterEventMs: 0,
    };
    expect(new Set(FORMS.map(({ id }) => id)).size).toBe(FORMS.length);
    for (const form of FORMS) {
      const rules = rulesOf(form, { thresholds: form.signals.map(() => 10), choices });
      expect(rules.map(({ signal }) => signal)).toEqual(form.signals);
      expect(parseConfig({ alerts: { rules } }).alerts.rules).toEqual(rules);
      const after = rulesOf(form, {
        thresholds: form.signals.map(() => 10),
        choices: { ...choices, quietAfterEventMs: 2 },
      });
      const guards = form.signals.map(() => (form.hasGuards ? 8 * HOUR : undefined));
      expect(after.map(({ quietAfterEventMs }) => quietAfterEventMs)).toEqual(guards);
    }
    const names = FORMS.map(({ signals }) => signals.join(' '));
    const sepsis = names.filter((name) => name.endsWith(' sepsis'));
    expect(sepsis.map((name) => name.replace(' sepsis', ''))).toEqual(names.slice(0, sepsis.length));
    expect(names).toContain('hypotension respiratory mortality');
  });
});

describe('what a policy gains', () => {
  it('is the mean of events caught and patients warned, and below 0 beyond the bounds', () => {
    const gain = { alerts: 9, recall: 0.5, warned: 0.7, burden: 0.6, precision: 0.5 };
    const bounds = { budget: 0.6, precision: 0.5 };
    expect(merit(gain, bounds)).toBeCloseTo(0.6, 12);
    expect(merit({ ...gain, warned: Number.NaN }, bounds)).toBe(0.5);
    expect(merit({ ...gain, precision: Number.NaN, recall: 0, warned: 0 }, bounds)).toBe(0);
    expect(merit({ ...gain, burden: 1.2 }, bounds)).toBe(-2);
    expect(merit({ ...gain, precision: 0.4 }, bounds)).toBeCloseTo(-1.1, 12);
  });

  it('has the burden of other patients as its upper limit: none of chance where all stays are alike', () => {
    const stays = [0, 1, 2, 3].map((id) => scoredStay([[300, 1]], { id: String(id) }));
    const none = nothingIn(stays);
    const rules = rulesOf(PLAIN, {
      thresholds: [10],
      choices: {
        resolveAt: 2,
        holdMs: 0,
        refractoryMs: 0,
        startAfterMs: 0,
        endAfterMs: 0,
        quietDuringEvent: 0,
        quietAfterEventMs: 0,
      },
    });
    expect(new TuningStays(stays, none).gainOf(rules).burden).toBeCloseTo(0.5, 12);
    const quiet = [...stays, ...stays.map((_, id) => scoredStay([[300, 0]], { id: `q${id}` }))];
    const twice = nothingIn(quiet);
    // Half of eight stays of two days: 0.25 a day, standard error 0.5 / sqrt(7) / 2 by hand.
    const { burden } = new TuningStays(quiet, twice).gainOf(rules);
    expect(burden).toBeCloseTo(0.25 + (1.645 * 0.5) / Math.sqrt(7) / 2, 12);
  });
});

describe('curves', () => {
  it('go over thresholds, the policy found among them', () => {
    const found = new Search(ON, { budget: 0.8, precision: 0 }, 1).best(EITHER)!;
    const curve = thresholdCurve(EITHER, found.candidate, WARD);
    expect(curve).toHaveLength(THRESHOLDS.length);
    expect(curve.find(({ raiseAt }) => raiseAt === found.rules[0].raiseAt)).toMatchObject(
      figuresOf(found.rules, WARD),
    );
    expect(news2Curve(WARD).map(({ alerts }) => alerts)).toEqual(Array(8).fill(0));
  });
});
