import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AlertPolicy } from '../../src/alerts/policy.js';
import type { PatientPlace } from '../../src/alerts/rule-state.js';
import type { ScoredMoment } from '../../src/alerts/rule-watch.js';
import { VARIABLE_COUNT } from '../../src/clinical/variables.js';
import type { AlertMessage } from '../../src/contract/messages.js';
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
  holdMs: 0,
  refractoryMs: 0,
  escalateAfterMs: 20 * MINUTE,
};
const NEVER = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);

function moment(
  minute: number,
  mortality: number,
  wardId: string | null,
  bedId: string | null,
): ScoredMoment {
  const others = { ...NO_FORECASTS, news2: null };
  const where = { patientId: 'p1', stayId: 's1', wardId, bedId, admittedAt: START };
  const eventTime = START + minute * MINUTE;
  return { ...where, eventTime, ...others, mortality, episodes: [], reopened: 0, values: NEVER, ages: NEVER };
}

const at = (minute: number, wardId: string | null, bedId: string | null = null): PatientPlace => ({
  patientId: 'p1',
  stayId: 's1',
  wardId,
  bedId,
  time: START + minute * MINUTE,
});

/** What the records say: which, when, where, and what was left. */
const told = (records: readonly AlertMessage[]) =>
  records.map(({ rule, state, sequence, eventTime, wardId, bedId, leftWardId }) => [
    rule,
    state,
    sequence,
    (eventTime - START) / MINUTE,
    `${wardId}/${bedId}`,
    leftWardId,
  ]);

describe('an open alert', () => {
  /** A policy that has raised an alert in ward W, bed 1, at minute 1. */
  const raised = () => {
    const policy = new AlertPolicy([RULE], 'v');
    policy.place(at(0, 'W', '1'));
    policy.score(moment(1, 0.6, 'W', '1'));
    return policy;
  };

  it('follows its patient with a record for each move, and remembers where it was raised', () => {
    const policy = raised();
    expect(told(policy.place(at(2, 'W', '2')))).toEqual([['risk-high', 'RAISED', 1, 2, 'W/2', null]]);
    const moved = policy.place(at(3, 'V'));
    expect(told(moved)).toEqual([['risk-high', 'RAISED', 2, 3, 'V/null', 'W']]);
    expect(moved[0]).toMatchObject({ raisedWardId: 'W', raisedBedId: '1', reason: 'the patient was moved' });
    expect(policy.place(at(4, 'V'))).toEqual([]);
    expect(told(policy.score(moment(5, 0.1, 'V', null)))).toEqual([
      ['risk-high', 'RESOLVED', 3, 5, 'V/null', null],
    ]);
  });

  it('escalates when it was due, however often it is moved', () => {
    const policy = raised();
    policy.place(at(15, 'V', '7'));
    expect(told(policy.place(at(30, 'U')))).toEqual([
      ['risk-high', 'ESCALATED', 2, 21, 'V/7', null],
      ['risk-high', 'ESCALATED', 3, 30, 'U/null', 'V'],
    ]);
  });

  it('names no bed in which somebody else lies, after two patients have changed places', () => {
    const policy = new AlertPolicy([RULE], 'v');
    const place = (patientId: string, bedId: string, minute: number) =>
      policy.place({ ...at(minute, 'W', bedId), patientId });
    for (const [patientId, bedId] of [
      ['p1', '1'],
      ['p2', '2'],
    ]) {
      place(patientId, bedId, 0);
      policy.score({ ...moment(1, 0.6, 'W', bedId), patientId });
    }
    place('p1', '2', 2);
    place('p2', '1', 2);
    expect([...policy.open()].map(({ patientId, bedId }) => [patientId, bedId])).toEqual([
      ['p1', '2'],
      ['p2', '1'],
    ]);
  });

  it('of a patient without a ward gets the ward as soon as it is known', () => {
    const policy = new AlertPolicy([RULE], 'v');
    policy.place(at(0, null));
    const [first] = policy.score(moment(0.5, 0.6, null, null));
    expect(first).toMatchObject({ wardId: null, raisedWardId: null });
    const known = policy.place(at(0.75, 'W', '1'));
    expect(told(known)).toEqual([['risk-high', 'RAISED', 1, 0.75, 'W/1', '']]);
    expect(known[0]).toMatchObject({ raisedWardId: null, reason: 'the ward has become known' });
  });

  it('never goes back in time, also where a move is told late', () => {
    const policy = raised();
    policy.advanceTo('p1', START + 25 * MINUTE);
    expect(told(policy.place(at(10, 'V')))).toEqual([['risk-high', 'ESCALATED', 2, 21, 'V/null', 'W']]);
  });

  it('of a rule that was renamed or removed ends at restart, and says why', () => {
    const policy = raised();
    const renamed = new AlertPolicy([{ ...RULE, id: 'high-risk' }], 'v');
    expect(renamed.restore('p1', policy.stateOf('p1'))).toEqual([]);
    const settled = renamed.settle(at(7, 'V'));
    expect(told(settled)).toEqual([['risk-high', 'RESOLVED', 1, 7, 'V/null', 'W']]);
    expect(settled[0].reason).toBe('rule risk-high is configured no more');
    expect(renamed.settle(at(8, 'V'))).toEqual([]);
    expect([...renamed.open()]).toEqual([]);
  });

  it('follows a patient who was moved before this was kept, at restart', () => {
    const before = JSON.parse(raised().stateOf('p1'));
    const { raisedWardId, raisedBedId, leftWardId, ...earlier } = before.rules[0].open;
    const { place, ...rest } = before;
    expect([raisedWardId, raisedBedId, leftWardId, place.open]).toEqual(['W', '1', null, null]);
    const stored = JSON.stringify({ ...rest, rules: [{ ...before.rules[0], open: earlier }] });
    const policy = new AlertPolicy([RULE], 'v');
    expect(policy.restore('p1', stored)).toMatchObject([{ raisedWardId: 'W', wardId: 'W' }]);
    expect(told(policy.settle(at(9, 'V', '3')))).toEqual([['risk-high', 'RAISED', 1, 9, 'V/3', 'W']]);
  });
});

describe('a patient whose ward is not known', () => {
  it('gets a technical notice for every ward, at the moment it is due, until the ward is known', () => {
    const policy = new AlertPolicy([RULE], 'v', MINUTE);
    expect(policy.place(at(0, null, '3'))).toEqual([]);
    expect([...policy.waiting]).toEqual(['p1']);
    expect(policy.advanceTo('p1', START + MINUTE - 1)).toEqual([]);
    const raised = policy.advanceTo('p1', START + 5 * MINUTE);
    expect(raised).toMatchObject([
      {
        class: 'technical',
        rule: 'place-unknown',
        priority: 'MEDIUM',
        patientId: 'p1',
        wardId: null,
        sequence: 0,
      },
    ]);
    expect(raised[0].eventTime).toBe(START + MINUTE);
    expect(raised[0].detail).toContain('p1');
    expect(policy.advanceTo('p1', START + 50 * MINUTE)).toEqual([]);
    const ended = policy.place(at(60, 'W'));
    expect(told(ended)).toEqual([['place-unknown', 'RESOLVED', 1, 60, 'null/null', null]]);
    expect(ended[0].alertId).toBe(raised[0].alertId);
    expect([...policy.open(), ...policy.waiting]).toEqual([]);
  });

  it('gets none where the ward is told in time', () => {
    const policy = new AlertPolicy([RULE], 'v', MINUTE);
    policy.place(at(0, null));
    expect(policy.place(at(0.9, 'W'))).toEqual([]);
    expect(policy.advanceTo('p1', START + 50 * MINUTE)).toEqual([]);
  });

  it('has it ended by a discharge, and cannot have it acknowledged', () => {
    const policy = new AlertPolicy([RULE], 'v', MINUTE);
    policy.place(at(0, null));
    const [{ alertId }] = policy.advanceTo('p1', START + 5 * MINUTE);
    const act = { messageId: 'a', patientId: 'p1', alertId, action: 'ACKNOWLEDGE', actor: 'n' } as const;
    expect(policy.act({ ...act, eventTime: START + 6 * MINUTE, snoozeMs: null, reason: null })).toBeNull();
    expect(told(policy.discharge('p1', START + 7 * MINUTE))).toEqual([
      ['place-unknown', 'RESOLVED', 1, 7, 'null/null', null],
    ]);
  });

  const course = fc.array(
    fc.record({
      minutes: fc.integer({ min: 0, max: 30 }),
      what: fc.oneof(
        fc.record({ wardId: fc.constantFrom(null, 'W', 'V'), bedId: fc.constantFrom(null, '1', '2') }),
        fc.record({ mortality: fc.constantFrom(0.1, 0.45, 0.9) }),
      ),
      isRestarted: fc.boolean(),
      tick: fc.option(fc.integer({ min: 0, max: 30 })),
    }),
    { maxLength: 30 },
  );

  it('has the same records however often time is looked at and the process restarts', () => {
    fc.assert(
      fc.property(course, (drawn) => {
        const runs = [false, true].map((isDisturbed) => {
          let policy = new AlertPolicy([RULE], 'v', MINUTE);
          let place: Pick<PatientPlace, 'wardId' | 'bedId'> = { wardId: null, bedId: null };
          let minute = 0;
          const records = policy.place(at(0, null));
          drawn.forEach(({ minutes, what, isRestarted, tick }, index) => {
            minute += minutes;
            if ('mortality' in what)
              records.push(...policy.score(moment(minute, what.mortality, place.wardId, place.bedId)));
            else {
              place = what;
              records.push(...policy.place(at(minute, what.wardId, what.bedId)));
            }
            if (!isDisturbed) return;
            if (isRestarted) {
              const state = policy.stateOf('p1');
              policy = new AlertPolicy([RULE], 'v', MINUTE);
              policy.restore('p1', state);
              records.push(...policy.settle(at(minute, place.wardId, place.bedId)));
            }
            const until = Math.min(minute + (tick ?? 0), minute + (drawn[index + 1]?.minutes ?? 99) - 0.001);
            if (tick !== null) records.push(...policy.advanceTo('p1', START + until * MINUTE));
          });
          records.push(...policy.discharge('p1', START + (minute + 100) * MINUTE));
          return records.map((record) => JSON.stringify(record)).sort();
        });
        expect(runs[0]).toEqual(runs[1]);
      }),
      { numRuns: 300 },
    );
  });
});
