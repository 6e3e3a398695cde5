import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AlertPolicy } from '../../src/alerts/policy.js';
import type { AlertMessage } from '../../src/contract/messages.js';
import { ALARMS, at, Bed, told } from './bed.js';

describe('a vasopressor that runs', () => {
  const states = (bed: Bed) => bed.policy.statesOf('p1').map(({ criterion, value }) => [criterion, value]);

  it('is shown and alarms nobody, unless a unit wants it', () => {
    const bed = new Bed();
    bed.treat(0, {});
    expect(bed.pass(10)).toEqual([]);
    expect(states(bed)).toEqual([['vasopressor', 1]]);
    const told10 = new Bed({ ...ALARMS, except: [] });
    told10.treat(0, {});
    expect(told(told10.pass(10))).toEqual([['vasopressor', 'RAISED', 10]]);
    expect(told10.pass(11)).toEqual([]);
    told10.treat(60, { action: 'STOP' });
    expect(told(told10.pass(70))).toEqual([['vasopressor', 'RESOLVED', 70]]);
  });

  it('is unknown by time alone, once nobody has charted it for twelve hours, also after a restart', () => {
    const bed = new Bed({ ...ALARMS, except: [] });
    bed.treat(0, {});
    bed.pass(10);
    bed.restart();
    expect(states(bed)).toEqual([['vasopressor', 1]]);
    const [ended, raised] = bed.pass(12 * 60).filter(({ state }) => state !== 'ESCALATED');
    expect(ended).toMatchObject({ rule: 'vasopressor', state: 'RESOLVED', eventTime: at(720) });
    expect(ended.reason).toBe('nobody has told for so long that it is not known any more');
    expect(raised).toMatchObject({ rule: 'vasopressor-unknown', state: 'RAISED', onsetTime: at(0) });
    expect(states(bed)).toEqual([['vasopressor-unknown', 1]]);
    bed.treat(800, { action: 'CHANGE' });
    bed.pass(810);
    expect(states(bed)).toEqual([['vasopressor', 1]]);
  });

  it('keeps nobody in memory for a state that only is shown, such as a pump of which nothing more is told', () => {
    const bed = new Bed({ ...ALARMS, except: ['bradycardia'] });
    bed.chart(0, { heartRate: 38 });
    expect(bed.policy.isWaiting('p1')).toBe(false);
    expect(bed.policy.isCurrent(bed.policy.stateOf('p1'))).toBe(true);
    bed.pass(10);
    expect(AlertPolicy.statesIn(bed.policy.stateOf('p1'))).toMatchObject([{ criterion: 'bradycardia' }]);
  });

  it('leads to the same records however often time is looked at and the process restarts', () => {
    const doing = fc.record({
      gap: fc.integer({ min: 1, max: 900 }),
      action: fc.constantFrom('START' as const, 'CHANGE' as const, 'STOP' as const),
      drug: fc.constantFrom('noradrenaline', 'dobutamine'),
      between: fc.constantFrom('look', 'restart', 'go on'),
    });
    const run = (
      all: readonly (typeof doing extends fc.Arbitrary<infer T> ? T : never)[],
      isWatched: boolean,
    ) => {
      const bed = new Bed({ ...ALARMS, except: [] });
      const records: AlertMessage[] = [];
      let minute = 0;
      for (const { gap, action, drug, between } of all) {
        if (isWatched && between === 'restart') records.push(...bed.restart());
        if (isWatched && between === 'look')
          for (let passed = minute; passed < minute + gap; passed++) records.push(...bed.pass(passed));
        minute += gap;
        records.push(...bed.treat(minute, { action, drug }));
      }
      records.push(...bed.pass(minute + 5000));
      return records.map((record) => ({ ...record, evidence: [] }));
    };
    fc.assert(
      fc.property(fc.array(doing, { minLength: 1, maxLength: 12 }), (all) => {
        expect(run(all, true)).toEqual(run(all, false));
      }),
    );
  });
});
