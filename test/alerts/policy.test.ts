import { describe, expect, it } from 'vitest';
import { AlertPolicy, type ScoredMoment } from '../../src/alerts/policy.js';
import { VARIABLE_COUNT } from '../../src/clinical/variables.js';
import type { AlertRule } from '../../src/config.js';
import type { AlertAction } from '../../src/events/messages.js';
import { START } from '../helpers.js';

const MINUTE = 60_000;
const RULE: AlertRule = {
  id: 'risk-high',
  signal: 'risk',
  priority: 'HIGH',
  raiseAt: 0.5,
  resolveBelow: 0.4,
  holdMs: 10 * MINUTE,
  refractoryMs: 30 * MINUTE,
  escalateAfterMs: 20 * MINUTE,
};
const NEVER = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);

function moment(minute: number, risk: number, more: Partial<ScoredMoment> = {}): ScoredMoment {
  const where = { patientId: 'p1', stayId: 's1', wardId: 'W', bedId: '1' };
  const others = { circulatory: null, respiratory: null, deterioration: null, news2: null };
  const what = { risk, ...others, values: NEVER, ages: NEVER };
  return { ...where, eventTime: START + minute * MINUTE, ...what, ...more };
}

/** The states and minutes of the transitions that a course of [minute, risk] causes. */
function run(course: [number, number][], policy = new AlertPolicy([RULE], 'v')) {
  return course.flatMap(([minute, risk]) =>
    policy.score(moment(minute, risk)).map(({ state }) => [minute, state]),
  );
}

function act(policy: AlertPolicy, alertId: string, action: AlertAction, minute: number) {
  const eventTime = START + minute * MINUTE;
  return policy.act({
    messageId: 'a',
    patientId: 'p1',
    eventTime,
    alertId,
    action,
    actor: 'n',
    snoozeMs: 5 * MINUTE,
    reason: 'r',
  });
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
    const policy = new AlertPolicy([RULE], 'v');
    run(
      [
        [0, 0.6],
        [10, 0.6],
      ],
      policy,
    );
    const [{ alertId }] = policy.open();
    expect(act(policy, alertId, 'ACKNOWLEDGE', 11)).toMatchObject({
      state: 'ACKNOWLEDGED',
      sequence: 1,
      actor: 'n',
    });
    expect(run([[60, 0.6]], policy)).toEqual([]);
  });

  it('raises again when a snooze ends', () => {
    const policy = new AlertPolicy([RULE], 'v');
    run(
      [
        [0, 0.6],
        [10, 0.6],
      ],
      policy,
    );
    const [{ alertId }] = policy.open();
    expect(act(policy, alertId, 'SNOOZE', 11)?.state).toBe('SNOOZED');
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
      expect(transitions.map(({ state, value, risk }) => [state, value, risk])).toEqual([
        ['RAISED', 0.6, 0.9],
        ['RESOLVED', 0.1, 0.9],
      ]);
    },
  );

  it('gives the same ids each time, other ids to another onset or model', () => {
    const idOf = (version: string, offset: number) => {
      const policy = new AlertPolicy([RULE], version);
      run(
        [
          [offset, 0.6],
          [offset + 10, 0.6],
        ],
        policy,
      );
      return [...policy.open()][0].alertId;
    };
    expect(idOf('v', 0)).toBe(idOf('v', 0));
    expect(new Set([idOf('v', 0), idOf('v', 1), idOf('w', 0)]).size).toBe(3);
  });

  it('resolves at discharge and knows no alert it did not raise', () => {
    const policy = new AlertPolicy([RULE], 'v');
    run(
      [
        [0, 0.6],
        [10, 0.6],
      ],
      policy,
    );
    expect(act(policy, 'nonsense', 'ACKNOWLEDGE', 11)).toBeNull();
    expect(policy.discharge('p1', START).map(({ state }) => state)).toEqual(['RESOLVED']);
    expect([...policy.open()]).toEqual([]);
  });
});
