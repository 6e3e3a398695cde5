import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AlertPolicy } from '../../src/alerts/policy.js';
import type { ScoredMoment } from '../../src/alerts/rule-watch.js';
import { CIRCULATORY, HYPOTENSION, RESPIRATORY } from '../../src/clinical/failure-now.js';
import { VARIABLE_COUNT } from '../../src/clinical/variables.js';
import type { AlertMessage } from '../../src/contract/messages.js';
import { byForecast } from '../../src/contract/outcomes.js';
import type { AlertRule } from '../../src/settings/config.js';
import { ack, START } from '../helpers.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const RULE: AlertRule = {
  id: 'deterioration',
  signal: 'deterioration',
  priority: 'MEDIUM',
  raiseAt: 0.3,
  resolveBelow: 0.2,
  holdMs: 0,
  refractoryMs: 0,
  escalateAfterMs: 100 * HOUR,
};
const NEVER = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);

/** A moment of a stay that began at `START`; by default nothing fails. */
function moment(minute: number, value: number, failing = 0): ScoredMoment {
  const where = { patientId: 'p1', stayId: 's1', wardId: 'W', bedId: '1', admittedAt: START };
  const others = {
    mortality: 0.1,
    ...byForecast(() => value),
    news2: null,
    episodes: [],
    reopened: 0,
  };
  const eventTime = START + minute * MINUTE;
  return { ...where, eventTime, failing, ...others, values: NEVER, ages: NEVER };
}

const told = (records: readonly AlertMessage[]) =>
  records.map(({ state, eventTime, reason }) => [state, (eventTime - START) / MINUTE, reason]);

/** What becomes of a course of [minute, value, failing]. */
function run(rule: AlertRule, course: readonly (readonly [number, number, number?])[]) {
  const policy = new AlertPolicy([rule], 'v');
  return told(course.flatMap(([minute, value, failing]) => policy.score(moment(minute, value, failing))));
}

describe('startAfterMs', () => {
  it('raises nothing in the first hours of a stay, and what still holds then', () => {
    const late = { ...RULE, startAfterMs: 2 * HOUR };
    expect(
      run(late, [
        [0, 0.9],
        [119, 0.9],
        [120, 0.9],
      ]),
    ).toEqual([['RAISED', 120, null]]);
    expect(
      run(late, [
        [0, 0.9],
        [119, 0.9],
        [120, 0.1],
      ]),
    ).toEqual([]);
    expect(run(RULE, [[0, 0.9]])).toEqual([['RAISED', 0, null]]);
  });
});

describe('endAfterMs', () => {
  const brief = { ...RULE, endAfterMs: 8 * HOUR };

  it('ends an alert when its time is over, and raises another where the signal is still there', () => {
    expect(
      run(brief, [
        [0, 0.9],
        [479, 0.9],
        [500, 0.9],
      ]),
    ).toEqual([
      ['RAISED', 0, null],
      ['RESOLVED', 480, 'its time is over'],
      ['RAISED', 500, null],
    ]);
    expect(
      run(RULE, [
        [0, 0.9],
        [5000, 0.9],
      ]),
    ).toEqual([['RAISED', 0, null]]);
  });

  it('keeps a patient in memory whose alert it has still to end', () => {
    const course = (rule: AlertRule) => {
      const policy = new AlertPolicy([rule], 'v');
      const [raised] = policy.score(moment(0, 0.9));
      policy.act(ack(raised.alertId, { patientId: 'p1', eventTime: START + MINUTE }));
      return [policy.isWaiting('p1'), policy.isCurrent(policy.stateOf('p1'))];
    };
    expect(course(brief)).toEqual([true, false]);
    expect(course(RULE)).toEqual([false, true]);
  });

  it('lets the rule rest from then on', () => {
    const rests = { ...brief, refractoryMs: 2 * HOUR };
    expect(
      run(rests, [
        [0, 0.9],
        [480, 0.9],
        [599, 0.9],
        [600, 0.9],
      ]).slice(1),
    ).toEqual([
      ['RESOLVED', 480, 'its time is over'],
      ['RAISED', 600, null],
    ]);
  });

  it('needs no score, gives every alert its own id, and passes over a restart', () => {
    const policy = new AlertPolicy([brief], 'v');
    const first = policy.score(moment(0, 0.9));
    const restored = new AlertPolicy([brief], 'v');
    restored.restore('p1', policy.stateOf('p1'));
    expect(restored.isWaiting('p1')).toBe(true);
    expect(told(restored.advanceTo('p1', START + 479 * MINUTE))).toEqual([]);
    expect(told(restored.advanceTo('p1', START + 490 * MINUTE))).toEqual([
      ['RESOLVED', 480, 'its time is over'],
    ]);
    const next = restored.score(moment(481, 0.9));
    expect(next[0].alertId).not.toBe(first[0].alertId);
  });

  it('ends an alert of an earlier state too, which did not tell when it was raised', () => {
    const policy = new AlertPolicy([{ ...brief, holdMs: 10 * MINUTE }], 'v');
    policy.score(moment(0, 0.9));
    policy.score(moment(10, 0.9));
    const state = JSON.parse(policy.stateOf('p1'));
    delete state.rules[0].raisedAt;
    delete state.failure;
    const restored = new AlertPolicy([{ ...brief, holdMs: 10 * MINUTE }], 'v');
    restored.restore('p1', JSON.stringify(state));
    expect(told(restored.advanceTo('p1', START + 490 * MINUTE))).toEqual([
      ['RESOLVED', 480, 'its time is over'],
    ]);
  });

  it('ends it at the score also where time alone may not change anything yet', () => {
    const policy = new AlertPolicy([brief], 'v');
    policy.score(moment(0, 0.9));
    expect(told(policy.score(moment(500, 0.1), START))).toEqual([['RESOLVED', 480, 'its time is over']]);
  });

  it('comes after an escalation that was due before', () => {
    const policy = new AlertPolicy([{ ...brief, escalateAfterMs: HOUR }], 'v');
    policy.score(moment(0, 0.9));
    expect(
      told(policy.advanceTo('p1', START + 500 * MINUTE)).map(([state, minute]) => [state, minute]),
    ).toEqual([
      ['ESCALATED', 60],
      ['RESOLVED', 480],
    ]);
  });
});

describe('quietDuringEvent', () => {
  const quiet = { ...RULE, quietDuringEvent: true };

  it('raises nothing while what it foretells is there, and ends what is open', () => {
    expect(
      run(quiet, [
        [0, 0.9, RESPIRATORY],
        [10, 0.9, RESPIRATORY],
        [20, 0.9],
      ]),
    ).toEqual([['RAISED', 20, null]]);
    expect(
      run(quiet, [
        [0, 0.9],
        [10, 0.9, HYPOTENSION],
        [20, 0.9, HYPOTENSION + CIRCULATORY],
        [30, 0.9],
      ]),
    ).toEqual([
      ['RAISED', 0, null],
      ['RESOLVED', 10, 'what it foretold has come about'],
      ['RAISED', 30, null],
    ]);
    expect(run(RULE, [[0, 0.9, RESPIRATORY]])).toEqual([['RAISED', 0, null]]);
  });

  it.each([
    ['circulatory', HYPOTENSION + CIRCULATORY, HYPOTENSION + RESPIRATORY],
    ['hypotension', HYPOTENSION, RESPIRATORY],
    ['respiratory', RESPIRATORY, HYPOTENSION + CIRCULATORY],
  ] as const)('is about what the signal foretells: %s', (signal, own, other) => {
    expect(run({ ...quiet, signal }, [[0, 0.9, own]])).toEqual([]);
    expect(run({ ...quiet, signal }, [[0, 0.9, other]])).toEqual([['RAISED', 0, null]]);
  });

  it('never holds a rule on sepsis back, of which nothing says that it is there', () => {
    const all = HYPOTENSION + CIRCULATORY + RESPIRATORY;
    expect(run({ ...quiet, signal: 'sepsis' }, [[0, 0.9, all]])).toEqual([['RAISED', 0, null]]);
  });
});

describe('quietAfterEventMs', () => {
  const quiet = { ...RULE, quietDuringEvent: true, quietAfterEventMs: 8 * HOUR };

  it('raises nothing until so long after what it foretells was last there', () => {
    expect(
      run(quiet, [
        [0, 0.9, HYPOTENSION],
        [60, 0.9, HYPOTENSION],
        [539, 0.9],
        [540, 0.9],
      ]),
    ).toEqual([['RAISED', 540, null]]);
    expect(
      run({ ...RULE, quietDuringEvent: true }, [
        [60, 0.9, HYPOTENSION],
        [61, 0.9],
      ]),
    ).toEqual([['RAISED', 61, null]]);
  });

  it('starts anew where the failure comes again meanwhile', () => {
    expect(
      run(quiet, [
        [0, 0.9, RESPIRATORY],
        [300, 0.9, RESPIRATORY],
        [600, 0.9],
        [780, 0.9],
      ]),
    ).toEqual([['RAISED', 780, null]]);
  });

  it('is about what the signal foretells, and never about sepsis', () => {
    const course = [[0, 0.1, HYPOTENSION] as const, [60, 0.9] as const];
    expect(run({ ...quiet, signal: 'hypotension' }, course)).toEqual([]);
    expect(run({ ...quiet, signal: 'respiratory' }, course)).toEqual([['RAISED', 60, null]]);
    expect(run({ ...quiet, signal: 'sepsis' }, course)).toEqual([['RAISED', 60, null]]);
  });

  it('ends no open alert by itself', () => {
    const later = { ...RULE, quietAfterEventMs: 8 * HOUR };
    expect(
      run(later, [
        [0, 0.9],
        [10, 0.9, RESPIRATORY],
        [20, 0.9],
      ]),
    ).toEqual([['RAISED', 0, null]]);
  });

  it('knows an event of a moment at which the signal was not known', () => {
    const policy = new AlertPolicy([{ ...quiet, signal: 'news2', raiseAt: 7, resolveBelow: 5 }], 'v');
    const at = (minute: number, news2: number | null, failing = 0) =>
      told(policy.score({ ...moment(minute, 0.1, failing), news2 }));
    expect(at(0, null, HYPOTENSION)).toEqual([]);
    expect(at(479, 9)).toEqual([]);
    expect(at(480, 9)).toEqual([['RAISED', 480, null]]);
  });

  it('passes over a restart, also from a state that did not know of it', () => {
    const policy = new AlertPolicy([quiet], 'v');
    policy.score(moment(0, 0.9, RESPIRATORY));
    const state = policy.stateOf('p1');
    const raisedAfter = (json: string) => {
      const restored = new AlertPolicy([quiet], 'v');
      restored.restore('p1', json);
      return told(restored.score(moment(60, 0.9)));
    };
    expect(raisedAfter(state)).toEqual([]);
    const older = JSON.parse(state);
    delete older.rules[0].thereAt;
    expect(raisedAfter(JSON.stringify(older))).toEqual([['RAISED', 60, null]]);
  });
});

it('keeps the same alerts, whatever the guards, however often time is looked at and the state is restored', () => {
  const course = fc.array(
    fc.tuple(
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 0, max: 4 }),
      fc.integer({ min: 0, max: 3 }),
    ),
    { maxLength: 40 },
  );
  const rule = fc.record({
    holdMs: fc.constantFrom(0, 30 * MINUTE),
    refractoryMs: fc.constantFrom(0, HOUR),
    escalateAfterMs: fc.constantFrom(HOUR, 100 * HOUR),
    startAfterMs: fc.constantFrom(0, 3 * HOUR),
    endAfterMs: fc.constantFrom(HOUR, 8 * HOUR),
    quietDuringEvent: fc.boolean(),
    quietAfterEventMs: fc.constantFrom(1, 2 * HOUR),
  });
  fc.assert(
    fc.property(course, rule, (steps, guards) => {
      const rules = [{ ...RULE, ...guards }];
      const plain = new AlertPolicy(rules, 'v');
      let looked = new AlertPolicy(rules, 'v');
      let minute = 0;
      const [once, often]: [AlertMessage[], AlertMessage[]] = [[], []];
      for (const [step, value, failing] of steps) {
        for (let between = 1; between < step; between += 37)
          often.push(...looked.advanceTo('p1', START + (minute + between) * MINUTE));
        minute += step;
        const restored = new AlertPolicy(rules, 'v');
        restored.restore('p1', looked.stateOf('p1'));
        looked = restored;
        once.push(...plain.score(moment(minute, value / 8, failing)));
        often.push(...looked.score(moment(minute, value / 8, failing)));
      }
      expect(often).toEqual(once);
      const open = new Set<string>();
      for (const { alertId, state, sequence } of once) {
        if (sequence === 0) expect(open.has(alertId)).toBe(false);
        if (sequence === 0) open.add(alertId);
        if (state === 'RAISED' && sequence === 0) expect(open.size).toBe(1);
        if (state === 'RESOLVED') open.delete(alertId);
      }
    }),
    { numRuns: 200 },
  );
});
