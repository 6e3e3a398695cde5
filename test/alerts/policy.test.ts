import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AlertPolicy } from '../../src/alerts/policy.js';
import type { ScoredMoment } from '../../src/alerts/rule-watch.js';
import { VARIABLE_COUNT } from '../../src/clinical/variables.js';
import { alarmText } from '../../src/contract/amounts.js';
import type { AlertAction, AlertMessage } from '../../src/contract/messages.js';
import { NO_FORECASTS } from '../../src/contract/outcomes.js';
import type { AlertRule } from '../../src/settings/config.js';
import { START } from '../helpers.js';

const MINUTE = 60_000;
const RULE: AlertRule = {
  id: 'risk-high',
  signal: 'mortality',
  priority: 'HIGH',
  raiseAt: 0.5,
  resolveBelow: 0.4,
  holdMs: 10 * MINUTE,
  refractoryMs: 30 * MINUTE,
  escalateAfterMs: 20 * MINUTE,
};
const NEVER = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);

function moment(minute: number, mortality: number, more: Partial<ScoredMoment> = {}): ScoredMoment {
  const where = { patientId: 'p1', stayId: 's1', wardId: 'W', bedId: '1', admittedAt: START };
  const others = { ...NO_FORECASTS, news2: null };
  const contributions = { base: 0.1, structured: mortality - 0.1, text: null, image: null };
  const measured = { episodes: [], reopened: 0, values: NEVER, ages: NEVER };
  const what = { mortality, ...others, contributions, ...measured };
  return { ...where, eventTime: START + minute * MINUTE, ...what, ...more };
}

/** The states and minutes of the transitions that a course of [minute, risk of death] causes. */
function run(course: [number, number][], policy = new AlertPolicy([RULE], 'v')) {
  return course.flatMap(([minute, mortality]) =>
    policy.score(moment(minute, mortality)).map(({ state }) => [minute, state]),
  );
}

/** A policy that has raised an alert ten minutes after this one. */
function raised(version = 'v', minute = 0): AlertPolicy {
  const policy = new AlertPolicy([RULE], version);
  const course: [number, number][] = [
    [minute, 0.6],
    [minute + 10, 0.6],
  ];
  run(course, policy);
  return policy;
}

/** What time has changed by then, and what the action does; null where there is no such alert. */
function act(policy: AlertPolicy, alertId: string, action: AlertAction, minute: number) {
  const eventTime = START + minute * MINUTE;
  const passed = policy.advanceTo('p1', eventTime);
  const record = policy.act({
    messageId: 'a',
    patientId: 'p1',
    eventTime,
    alertId,
    action,
    actor: 'n',
    snoozeMs: 5 * MINUTE,
    reason: 'r',
  });
  return record === null ? null : [...passed, record];
}

describe('AlertPolicy', () => {
  it('raises only after the threshold held, and resolves only below the lower one', () => {
    expect(
      run([
        [0, 0.6],
        [5, 0.6],
        [9, 0.45],
        [10, 0.6],
        [19, 0.6],
        [20, 0.6],
        [25, 0.45],
        [30, 0.39],
      ]),
    ).toEqual([
      [20, 'RAISED'],
      [30, 'RESOLVED'],
    ]);
  });

  it('says what it watched, in which unit, whatever the rule is called', () => {
    const rules: AlertRule[] = [
      { ...RULE, id: 'ews', signal: 'news2', raiseAt: 7, resolveBelow: 5, holdMs: 0 },
      { ...RULE, id: 'risk-of-shock', signal: 'circulatory', raiseAt: 0.15, resolveBelow: 0.1, holdMs: 0 },
    ];
    const policy = new AlertPolicy(rules, 'v');
    const raised = policy.score(moment(0, 0.02, { news2: 8, circulatory: 0.18 }));
    expect(raised).toMatchObject([
      { rule: 'ews', signal: 'news2', label: 'NEWS2', unit: '{score}', value: 8, threshold: 7 },
      { rule: 'risk-of-shock', signal: 'circulatory', unit: '1', value: 0.18, threshold: 0.15 },
    ]);
    expect(raised.map(alarmText)).toEqual(['NEWS2 8 points', 'Circulatory failure within 8 h 18 %']);
  });

  it('rests after resolving', () => {
    expect(
      run([
        [0, 0.6],
        [10, 0.6],
        [11, 0.1],
        [12, 0.6],
        [40, 0.6],
        [41, 0.6],
      ]),
    ).toEqual([
      [10, 'RAISED'],
      [11, 'RESOLVED'],
      [41, 'RAISED'],
    ]);
  });

  it('escalates what nobody acknowledges, and not what somebody did', () => {
    expect(
      run([
        [0, 0.6],
        [10, 0.6],
        [30, 0.6],
        [60, 0.6],
      ]),
    ).toEqual([
      [10, 'RAISED'],
      [30, 'ESCALATED'],
    ]);
    const policy = raised();
    const [{ alertId }] = policy.open();
    expect(act(policy, alertId, 'ACKNOWLEDGE', 11)).toMatchObject([
      { state: 'ACKNOWLEDGED', sequence: 1, actor: 'n' },
    ]);
    expect(run([[60, 0.6]], policy)).toEqual([]);
  });

  it('raises again when a snooze ends', () => {
    const policy = raised();
    const [{ alertId }] = policy.open();
    expect(act(policy, alertId, 'SNOOZE', 11)).toMatchObject([{ state: 'SNOOZED' }]);
    expect(
      run(
        [
          [15, 0.6],
          [16, 0.6],
        ],
        policy,
      ),
    ).toEqual([[16, 'RAISED']]);
  });

  it.each(['circulatory', 'respiratory', 'deterioration', 'news2'] as const)(
    'watches %s, where it is known',
    (signal) => {
      const policy = new AlertPolicy([{ ...RULE, signal }], 'v');
      const course = [0.6, null, 0.6, 0.7, 0.1].map((value, index) =>
        moment(5 * index, 0.9, { [signal]: value }),
      );
      const transitions = course.flatMap((each) => policy.score(each));
      expect(transitions.map(({ state, value, mortality }) => [state, value, mortality])).toEqual([
        ['RAISED', 0.6, 0.9],
        ['RESOLVED', 0.1, 0.9],
      ]);
    },
  );

  it('gives the same ids each time, other ids to another onset or model', () => {
    const idOf = (version: string, offset: number) => {
      const policy = raised(version, offset);
      return [...policy.open()][0].alertId;
    };
    expect(idOf('v', 0)).toBe(idOf('v', 0));
    expect(new Set([idOf('v', 0), idOf('v', 1), idOf('w', 0)]).size).toBe(3);
  });

  it('resolves at discharge and knows no alert it did not raise', () => {
    const policy = raised();
    expect(act(policy, 'nonsense', 'ACKNOWLEDGE', 11)).toBeNull();
    expect(policy.discharge('p1', START).map(({ state }) => state)).toEqual(['RESOLVED']);
    expect([...policy.open()]).toEqual([]);
  });

  it('escalates without a further score, at the moment it was due, and a comment does not put that off', () => {
    const policy = raised();
    const [{ alertId }] = policy.open();
    expect(act(policy, alertId, 'COMMENT', 25)).toMatchObject([{ state: 'RAISED', sequence: 1 }]);
    expect([...policy.waiting]).toEqual(['p1']);
    expect(policy.advanceTo('p1', START + 29 * MINUTE)).toEqual([]);
    expect(policy.advanceTo('p1', START + 50 * MINUTE)).toMatchObject([
      { state: 'ESCALATED', sequence: 2, eventTime: START + 30 * MINUTE, reason: 'not acknowledged' },
    ]);
    expect([...policy.waiting]).toEqual([]);
  });

  it('keeps its timers over a restart', () => {
    const policy = raised();
    const next = new AlertPolicy([RULE], 'v');
    next.restore('p1', policy.stateOf('p1'));
    const due = START + 90 * MINUTE;
    expect(next.advanceTo('p1', due)).toEqual(policy.advanceTo('p1', due));
  });
});

/** What can happen to a patient's alerts, minute by minute. */
const steps = fc.array(
  fc.record({
    minutes: fc.integer({ min: 1, max: 25 }),
    what: fc.oneof(
      { weight: 4, arbitrary: fc.record({ mortality: fc.constantFrom(0.1, 0.39, 0.45, 0.5, 0.9) }) },
      {
        weight: 1,
        arbitrary: fc.record({
          action: fc.constantFrom<AlertAction>('ACKNOWLEDGE', 'SNOOZE', 'ESCALATE', 'COMMENT'),
        }),
      },
    ),
    /** Minutes after it at which time is looked at although nothing happens. */
    ticks: fc.array(fc.integer({ min: 0, max: 25 }), { maxLength: 3 }),
  }),
  { maxLength: 40 },
);
type Course = typeof steps extends fc.Arbitrary<infer Each> ? Each : never;

function live(course: Course, ticking: boolean): AlertMessage[] {
  const policy = new AlertPolicy([RULE], 'v');
  const transitions: AlertMessage[] = [];
  let minute = 0;
  for (const [index, { minutes, what, ticks }] of course.entries()) {
    minute += minutes;
    if ('mortality' in what) transitions.push(...policy.score(moment(minute, what.mortality)));
    else
      for (const { alertId } of [...policy.open()])
        transitions.push(...(act(policy, alertId, what.action, minute) ?? []));
    const next = minute + (course[index + 1]?.minutes ?? Number.POSITIVE_INFINITY);
    if (!ticking) continue;
    for (const tick of [...ticks].sort((a, b) => a - b)) {
      if (minute + tick < next) transitions.push(...policy.advanceTo('p1', START + (minute + tick) * MINUTE));
    }
  }
  transitions.push(...policy.discharge('p1', START + (minute + 100) * MINUTE));
  return transitions;
}

describe('AlertPolicy, whatever happens', () => {
  it('does not depend on how often time is looked at', () => {
    fc.assert(
      fc.property(steps, (course) => {
        expect(live(course, true)).toEqual(live(course, false));
      }),
    );
  });

  it('numbers the transitions of an alert without a gap, begins with RAISED, ends with RESOLVED, never goes back in time', () => {
    fc.assert(
      fc.property(steps, (course) => {
        const all = live(course, false);
        for (const id of new Set(all.map(({ alertId }) => alertId))) {
          const transitions = all.filter(({ alertId }) => alertId === id);
          expect(transitions.map(({ sequence }) => sequence)).toEqual(transitions.map((_, index) => index));
          expect([transitions[0].state, transitions.at(-1)?.state]).toEqual(['RAISED', 'RESOLVED']);
          const times = transitions.map(({ eventTime }) => eventTime);
          expect(times).toEqual([...times].sort((a, b) => a - b));
        }
      }),
    );
  });
});

describe('an acknowledgement ahead of the scores', () => {
  it('does not let the records of an alert go back in time', () => {
    const policy = raised();
    const [{ alertId }] = policy.openOf('p1');
    expect(act(policy, alertId, 'ACKNOWLEDGE', 12)).toHaveLength(1);
    const [resolved] = policy.score(moment(11, 0.1));
    expect(resolved).toMatchObject({ state: 'RESOLVED', sequence: 2, eventTime: START + 12 * MINUTE });
  });
});
