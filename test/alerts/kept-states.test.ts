import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AlertPolicy } from '../../src/alerts/policy.js';
import type { StateAlarms } from '../../src/alerts/state-watch.js';
import type { AlertMessage } from '../../src/contract/messages.js';
import { ALARMS, at, Bed, told } from './bed.js';

/** What comes in after so many minutes, perhaps of an earlier time. */
interface Moment {
  readonly gap: number;
  readonly values: Readonly<Record<string, number>>;
  readonly lab: number | null;
  readonly late: number;
}

describe('settings of state alarms', () => {
  const course = (alarms: StateAlarms) => {
    const bed = new Bed(alarms);
    bed.chart(0, { mapInvasive: 50, heartRate: 38 });
    const raised = bed.pass(10).map(({ rule }) => rule);
    return { bed, raised };
  };

  it('say which grades alarm, and which criteria do not; states are told all the same', () => {
    expect(course({ ...ALARMS, grades: ['failing'] }).raised).toEqual(['hypotension']);
    expect(course({ ...ALARMS, except: ['bradycardia'] }).raised).toEqual(['hypotension-severe']);
    const { bed, raised } = course({ ...ALARMS, grades: [] });
    expect(raised).toEqual([]);
    expect(bed.policy.statesOf('p1').map(({ criterion }) => criterion)).toEqual([
      'hypotension-severe',
      'hypotension',
      'bradycardia',
    ]);
  });

  it('that have changed end the alerts that are not wanted any more', () => {
    const { bed } = course(ALARMS);
    const kept = bed.policy.stateOf('p1');
    const other = new AlertPolicy([], 'v', Number.POSITIVE_INFINITY, { ...ALARMS, except: ['bradycardia'] });
    expect([bed.policy.isCurrent(kept), other.isCurrent(kept)]).toEqual([true, false]);
    other.restore('p1', kept);
    const where = { patientId: 'p1', stayId: 's1', wardId: 'W', bedId: '1', time: at(12) };
    expect(told(other.settle(where))).toEqual([['bradycardia', 'RESOLVED', 12]]);
    expect(other.openOf('p1').map(({ rule }) => rule)).toEqual(['hypotension-severe']);
  });
});

describe('what is kept of states', () => {
  it('tells the open alerts, the states, and whether one waits for its time to alarm', () => {
    const bed = new Bed();
    bed.chart(0, { heartRate: 38 });
    expect(bed.policy.isCurrent(bed.policy.stateOf('p1'))).toBe(false);
    expect(bed.policy.isWaiting('p1')).toBe(true);
    bed.pass(10);
    const kept = bed.policy.stateOf('p1');
    expect(AlertPolicy.openIn(kept).map(({ rule }) => rule)).toEqual(['bradycardia']);
    expect(AlertPolicy.statesIn(kept)).toMatchObject([{ criterion: 'bradycardia', since: at(0), value: 38 }]);
    expect(AlertPolicy.statesIn('')).toEqual([]);
  });

  it('leads to the same records however often time is looked at and the process restarts', () => {
    const moment: fc.Arbitrary<Moment> = fc.record({
      gap: fc.integer({ min: 1, max: 15 }),
      values: fc.dictionary(fc.constantFrom('mapInvasive', 'heartRate'), fc.integer({ min: 34, max: 74 })),
      lab: fc.option(fc.integer({ min: 5, max: 7 }), { freq: 5 }),
      late: fc.integer({ min: 0, max: 12 }),
    });
    const between = fc.array(fc.constantFrom('look', 'restart', 'go on'), { minLength: 40, maxLength: 40 });
    const run = (moments: readonly Moment[], doing: readonly string[]) => {
      const bed = new Bed();
      const records: AlertMessage[] = [];
      let minute = 0;
      moments.forEach(({ gap, values, lab, late }, index) => {
        minute += gap;
        if (doing[index] === 'restart') records.push(...bed.restart());
        if (doing[index] === 'look') {
          // Time has passed up to where all input is in.
          for (let passed = minute - gap; passed < minute - late; passed++) records.push(...bed.pass(passed));
        }
        const all = lab === null ? values : { ...values, potassium: lab };
        records.push(...bed.chart(Math.max(0, minute - late), all));
      });
      records.push(...bed.pass(minute + 60));
      return records;
    };
    fc.assert(
      fc.property(fc.array(moment, { minLength: 1, maxLength: 40 }), between, (moments, doing) => {
        expect(run(moments, doing)).toEqual(run(moments, []));
      }),
    );
  });
});
