import { describe, expect, it } from 'vitest';
import { TechnicalNotices } from '../../src/alerts/notices.js';
import { TrustNotices, type TrustState } from '../../src/alerts/trust-notices.js';
import { reasonCode } from '../../src/clinical/trust.js';
import { variableIndex } from '../../src/clinical/variables.js';
import { ReplayClock } from '../../src/clock.js';
import type { AlertMessage } from '../../src/contract/messages.js';
import { START } from '../helpers.js';

const MINUTE_MS = 60_000;

/** A board, and what it says. `doubts`: by variable, the reason why it is not used. */
function setUp() {
  const clock = new ReplayClock();
  clock.advanceTo(START);
  const board = new TechnicalNotices(clock);
  const records: AlertMessage[] = [];
  board.changes$.subscribe((record) => records.push(record));
  const notices = new TrustNotices(board);
  const none = { discharged: [], released: [], silent: [] };
  const show = (minute: number, doubts: Record<string, string>, more: Partial<TrustState> = {}) => {
    const time = START + minute * MINUTE_MS;
    const state: TrustState = {
      patientId: 'p1',
      wardId: 'ICU1',
      time,
      doubts: Object.entries(doubts).map(([id, reason]) => {
        return {
          variable: variableIndex(id),
          value: 0,
          at: time,
          code: reasonCode(reason),
          against: Number.NaN,
        };
      }),
      mayBeArrestedSince: null,
      mayBeApnoeicSince: null,
      isUnwatched: false,
      ...more,
    };
    notices.note({ ...none, trust: [state] }, time);
  };
  const end = (how: 'discharged' | 'released' | 'silent') =>
    notices.note({ ...none, trust: [], [how]: [{ patientId: 'p1' }] }, START);
  const take = () => {
    const said = records.map(({ rule, priority, state }) => `${rule} ${priority} ${state}`);
    return records.splice(0) && said;
  };
  return { board, notices, records, show, end, take };
}

describe('values that are not used', () => {
  it('are one technical notice a patient and probe, until it is read again', () => {
    const { records, show, take } = setUp();
    show(0, { spo2: 'no-reading' });
    expect(records[0]).toMatchObject({
      class: 'technical',
      patientId: 'p1',
      wardId: 'ICU1',
      state: 'RAISED',
    });
    expect(records[0].detail).toContain('SpO2 (pulse oximeter) 0 % is not used: the device sends 0');
    expect(take()).toEqual(['value-not-used LOW RAISED']);
    show(1, { spo2: 'no-reading' });
    expect(take()).toEqual([]);
    show(2, {});
    expect(take()).toEqual([]);
    show(3, {});
    expect(take()).toEqual(['value-not-used LOW RESOLVED']);
  });

  it('are one notice where they come and go, and end without another word of the patient', () => {
    const { notices, show, take } = setUp();
    for (let second = 0; second < 600; second += 10) {
      const isOff = second % 20 === 0;
      const at = START + second * 1000;
      show(second / 60, isOff ? { heartRate: 'maybe-arrest' } : {}, {
        mayBeArrestedSince: isOff ? at : null,
        mayBeApnoeicSince: second % 120 < 20 ? at : null,
      });
    }
    expect(take()).toEqual([
      'possible-arrest HIGH RAISED',
      'possible-apnoea HIGH RAISED',
      'value-not-used LOW RAISED',
    ]);
    const quiet = { trust: [], discharged: [], released: [], silent: [] };
    notices.note(quiet, START + 10.3 * MINUTE_MS);
    expect(take()).toEqual([]);
    notices.note(quiet, START + 10.8 * MINUTE_MS);
    expect(take()).toEqual(['possible-apnoea HIGH RESOLVED']);
    notices.note(quiet, START + 10.9 * MINUTE_MS);
    expect(take()).toEqual(['possible-arrest HIGH RESOLVED', 'value-not-used LOW RESOLVED']);
  });

  it('of one line are one notice, however many of its pressures they are', () => {
    const { show, take } = setUp();
    show(0, { sbpInvasive: 'flush', dbpInvasive: 'flush', mapInvasive: 'flush', mapCuff: 'no-reading' });
    expect(take()).toHaveLength(2);
    show(1, { dbpInvasive: 'damped', mapCuff: 'no-reading' });
    expect(take()).toEqual([]);
    show(2, { mapCuff: 'no-reading' });
    show(3, { mapCuff: 'no-reading' });
    expect(take()).toEqual(['value-not-used LOW RESOLVED']);
  });

  it('are said with the priority of the gravest, and again where it becomes graver', () => {
    const { show, take } = setUp();
    show(0, { respRate: 'no-reading', heartRate: 'stuck' });
    expect(take()).toEqual(['value-not-used MEDIUM RAISED', 'value-not-used LOW RAISED']);
    show(1, { respRate: 'no-reading', heartRate: 'swapped' });
    expect(take()).toEqual(['value-not-used LOW RESOLVED', 'value-not-used HIGH RAISED']);
  });

  it('are one HIGH notice for all where nothing of what comes is used', () => {
    const { records, show, take } = setUp();
    show(0, { spo2: 'no-reading' });
    take();
    show(1, { spo2: 'no-reading', heartRate: 'lead-off' }, { isUnwatched: true });
    expect(records.at(-1)?.detail).toContain('Nobody can be watched like this');
    expect(take()).toEqual(['value-not-used LOW RESOLVED', 'patient-unwatched HIGH RAISED']);
    show(2, { spo2: 'no-reading' });
    expect(take()).toEqual(['value-not-used LOW RAISED']);
    show(3, { spo2: 'no-reading' });
    expect(take()).toEqual(['patient-unwatched HIGH RESOLVED']);
  });

  it('that may be an arrest are said at once as HIGH, beside what else is said, until something contradicts it', () => {
    const { records, show, take } = setUp();
    show(0, { heartRate: 'maybe-arrest' }, { mayBeArrestedSince: START });
    expect(records[0].detail).toContain('Look at the patient now');
    expect(take()).toEqual(['possible-arrest HIGH RAISED', 'value-not-used LOW RAISED']);
    // Nobody watches the heart until the lead is on again.
    show(1, { heartRate: 'lead-off' });
    show(2, { heartRate: 'lead-off' });
    expect(take()).toEqual([
      'value-not-used LOW RESOLVED',
      'value-not-used MEDIUM RAISED',
      'possible-arrest HIGH RESOLVED',
    ]);
  });

  it('that may be apnoea are said as HIGH beside the breaths, until one is read', () => {
    const { records, show, take } = setUp();
    show(0, { respRate: 'maybe-apnoea' });
    expect(records[0].detail).toContain('It may be apnoea');
    expect(take()).toEqual(['value-not-used MEDIUM RAISED']);
    show(0.5, { respRate: 'maybe-apnoea' }, { mayBeApnoeicSince: START });
    expect(records[0].detail).toContain('Look at the patient now');
    expect(take()).toEqual(['possible-apnoea HIGH RAISED']);
    show(1, {});
    show(2, {});
    expect(take()).toEqual(['value-not-used MEDIUM RESOLVED']);
    show(3, {});
    expect(take()).toEqual(['possible-apnoea HIGH RESOLVED']);
  });

  it('of line against cuff are HIGH where the one not used would be critical, with both figures', () => {
    const { records, show } = setUp();
    const cuff = (value: number) => {
      const doubt = {
        variable: variableIndex('mapCuff'),
        value,
        at: START,
        code: reasonCode('contradicted'),
      };
      show(0, {}, { doubts: [{ ...doubt, against: 100 }] });
      return records.at(-1)!;
    };
    expect(cuff(60)).toMatchObject({ rule: 'value-not-used', priority: 'MEDIUM' });
    const { priority, detail } = cuff(51);
    expect(priority).toBe('HIGH');
    expect(detail).toBe(
      'Mean BP (cuff) 51 mm[Hg] is not used: line and cuff contradict each other, and the other one says 100 mm[Hg]. It would be critical. Look at the patient now, and measure again.',
    );
  });

  it('of a backlog are nothing to go to the bed for', () => {
    const { notices, board } = setUp();
    const state = { patientId: 'p1', wardId: null, time: START, doubts: [], isUnwatched: true };
    const trust = [{ ...state, mayBeArrestedSince: START, mayBeApnoeicSince: null }];
    notices.note({ trust, discharged: [], released: [], silent: [] }, START + 16 * MINUTE_MS);
    expect(board.open()).toEqual([]);
  });

  it('of a monitor whose clock is known to be behind are told all the same', () => {
    const { board } = setUp();
    const notices = new TrustNotices(board, () => 60 * MINUTE_MS);
    const state = { patientId: 'p1', wardId: null, time: START, doubts: [], isUnwatched: true };
    const trust = [{ ...state, mayBeArrestedSince: START, mayBeApnoeicSince: null }];
    notices.note({ trust, discharged: [], released: [], silent: [] }, START + 61 * MINUTE_MS);
    expect(board.open()).toHaveLength(2);
  });

  it.each(['discharged', 'released', 'silent'] as const)('are said no more of who is %s', (how) => {
    const { board, show, end } = setUp();
    show(0, { spo2: 'no-reading' }, { mayBeArrestedSince: START });
    end(how);
    expect(board.open()).toEqual([]);
  });
});
