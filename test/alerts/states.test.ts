import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AlertPolicy } from '../../src/alerts/policy.js';
import type { StateAlarms } from '../../src/alerts/state-watch.js';
import { chartedOf } from '../../src/align/infusions.js';
import { PatientSigns } from '../../src/align/patient-signs.js';
import { VARIABLE_COUNT, variableIndex } from '../../src/clinical/variables.js';
import type { AlertAction, AlertMessage, TreatmentMessage } from '../../src/contract/messages.js';
import type { TreatmentClinicalEvent } from '../../src/events/event.js';
import { DEFAULT_CONFIG } from '../../src/settings/config.js';
import { ack, eventOf, LOUD_RULES, START, treatment } from '../helpers.js';

const MINUTE = 60_000;
const { state: ALARMS } = DEFAULT_CONFIG.alerts;
const minutes = (time: number) => (time - START) / MINUTE;
const at = (minute: number) => START + minute * MINUTE;

/** What comes in after so many minutes, perhaps of an earlier time. */
interface Moment {
  readonly gap: number;
  readonly values: Readonly<Record<string, number>>;
  readonly lab: number | null;
  readonly late: number;
}

/** What the records say: which, what became of it, when. */
const told = (records: readonly AlertMessage[]) =>
  records.map(({ rule, state, eventTime }) => [rule, state, minutes(eventTime)]);

/** One patient whose values are told to a policy, moment by moment. */
class Bed {
  policy: AlertPolicy;
  #signs = new PatientSigns();
  readonly #alarms: StateAlarms;
  readonly #known = new Map<string, readonly [value: number, minute: number]>();
  #newest = 0;
  #treatments = 0;
  reopened = 0;

  constructor(alarms: StateAlarms = ALARMS) {
    this.#alarms = alarms;
    this.policy = this.#open();
    this.policy.place(this.#where(0));
  }

  /** A moment with these values, or with some that come late. `ordered`: see `AlertPolicy.score`. */
  chart(minute: number, values: Readonly<Record<string, number>>, ordered?: number): AlertMessage[] {
    this.#newest = Math.max(this.#newest, minute);
    for (const [id, value] of Object.entries(values)) {
      this.#signs.record(variableIndex(id), value, at(minute), at(minute));
      if (minute >= (this.#known.get(id)?.[1] ?? 0)) this.#known.set(id, [value, minute]);
    }
    return this.tell(ordered);
  }

  /** A treatment is charted. */
  treat(minute: number, what: Partial<TreatmentMessage>, ordered?: number): AlertMessage[] {
    this.#newest = Math.max(this.#newest, minute);
    const message = treatment({ messageId: `t${this.#treatments++}`, eventTime: at(minute), ...what });
    this.#signs.chart(chartedOf(eventOf('treatments', message) as TreatmentClinicalEvent));
    return this.tell(ordered);
  }

  /** Tells what is known as of the newest moment. */
  tell(ordered?: number): AlertMessage[] {
    this.#signs.update();
    const values = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);
    const ages = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);
    for (const [id, [value, when]] of this.#known) {
      values[variableIndex(id)] = value;
      ages[variableIndex(id)] = (this.#newest - when) * MINUTE;
    }
    const { time: eventTime, ...where } = this.#where(this.#newest);
    const known = { episodes: this.#signs.active(), reopened: this.reopened, values, ages };
    return this.policy.measure({ ...where, eventTime, ...known }, ordered);
  }

  act(alertId: string, action: AlertAction, minute: number): AlertMessage | null {
    return this.policy.act(ack(alertId, { action, eventTime: at(minute), snoozeMs: 5 * MINUTE }));
  }

  pass(minute: number): AlertMessage[] {
    return this.policy.advanceTo('p1', at(minute));
  }

  /** Another process goes on from what was kept. */
  restart(): AlertMessage[] {
    const kept = this.policy.stateOf('p1');
    this.policy = this.#open();
    this.policy.restore('p1', kept);
    return this.policy.settle(this.#where(this.#newest));
  }

  #open(): AlertPolicy {
    return new AlertPolicy([], 'v', Number.POSITIVE_INFINITY, this.#alarms);
  }

  #where(minute: number) {
    return { patientId: 'p1', stayId: 's1', wardId: 'W', bedId: '1', time: at(minute) };
  }
}

describe('an alert of a state', () => {
  it('is raised once the state is sustained: by a second value, or by time alone', () => {
    const bed = new Bed();
    expect(told(bed.chart(0, { mapInvasive: 60 }))).toEqual([]);
    expect(told(bed.chart(9, { mapInvasive: 63 }))).toEqual([]);
    expect(told(bed.chart(10, { mapInvasive: 61 }))).toEqual([['hypotension', 'RAISED', 10]]);
    const silent = new Bed();
    silent.chart(0, { mapInvasive: 60 });
    expect(told(silent.pass(9.9))).toEqual([]);
    expect(told(silent.pass(500))).toEqual([
      ['hypotension', 'RAISED', 10],
      ['hypotension', 'ESCALATED', 40],
    ]);
  });

  it('says what, how much, since when, and shows the value that says so first', () => {
    const bed = new Bed();
    bed.chart(0, { heartRate: 110, mapCuff: 60 });
    bed.chart(4, { heartRate: 112 });
    const [alert] = bed.pass(10);
    expect(alert).toMatchObject({
      class: 'clinical',
      rule: 'hypotension',
      signal: 'map',
      label: 'Low mean pressure',
      unit: 'mm[Hg]',
      value: 60,
      threshold: 65,
      priority: 'MEDIUM',
      onsetTime: at(0),
      eventTime: at(10),
      wardId: 'W',
      raisedBedId: '1',
      mortality: null,
      news2: null,
      modelVersion: '',
    });
    expect(alert.evidence).toEqual([
      { variable: 'mapCuff', value: 60, unit: 'mm[Hg]', ageMs: 10 * MINUTE, effect: null },
      { variable: 'heartRate', value: 112, unit: '/min', ageMs: 6 * MINUTE, effect: null },
    ]);
  });

  it('is one an episode, and ends only where values stay beyond the other limit', () => {
    const bed = new Bed();
    bed.chart(0, { heartRate: 38 });
    expect(told(bed.chart(11, { heartRate: 36 }))).toEqual([['bradycardia', 'RAISED', 10]]);
    expect(told(bed.chart(12, { heartRate: 44 }))).toEqual([]);
    expect(told(bed.chart(13, { heartRate: 37 }))).toEqual([]);
    expect(told(bed.chart(14, { heartRate: 50 }))).toEqual([]);
    expect(told(bed.pass(24))).toEqual([['bradycardia', 'RESOLVED', 24]]);
    expect(told(bed.chart(30, { heartRate: 38 }))).toEqual([]);
    expect(told(bed.pass(40))).toEqual([['bradycardia', 'RAISED', 40]]);
  });

  it('of a result of the laboratory comes at once, also where another topic is silent', () => {
    const bed = new Bed();
    expect(told(bed.chart(3, { potassium: 7 }, at(0)))).toEqual([['potassium-high', 'RAISED', 3]]);
    expect(told(bed.chart(90, { potassium: 5 }, at(0)))).toEqual([['potassium-high', 'RESOLVED', 90]]);
  });

  it('of the laboratory goes on while further results say so, and until one is beyond the other limit', () => {
    const bed = new Bed();
    expect(told(bed.chart(3, { potassium: 7 }))).toEqual([['potassium-high', 'RAISED', 3]]);
    expect(told(bed.chart(8, { potassium: 7 }))).toEqual([]);
    expect(told(bed.chart(12, { potassium: 6 }))).toEqual([]);
    expect(told(bed.chart(16, { potassium: 5 }))).toEqual([['potassium-high', 'RESOLVED', 16]]);
    expect(told(bed.chart(17, { potassium: 7 }))).toEqual([['potassium-high', 'RAISED', 17]]);
  });

  it('that time alone would raise waits for a topic that is silent', () => {
    const bed = new Bed();
    bed.chart(0, { heartRate: 38 }, at(0));
    expect(told(bed.chart(20, { temperature: 37 }, at(5)))).toEqual([]);
    expect(told(bed.pass(20))).toEqual([['bradycardia', 'RAISED', 10]]);
  });

  it('is HIGH where the state is critical, and then none of the failing one of the same sign and direction', () => {
    const bed = new Bed();
    bed.chart(0, { mapInvasive: 50 });
    const [alert, ...others] = bed.pass(10);
    expect([alert.rule, alert.priority, others]).toEqual(['hypotension-severe', 'HIGH', []]);
    // The critical state ends; the failing one is still there.
    bed.chart(20, { mapInvasive: 63 });
    expect(told(bed.pass(30))).toEqual([
      ['hypotension-severe', 'ESCALATED', 25],
      ['hypotension-severe', 'RESOLVED', 30],
      ['hypotension', 'RAISED', 30],
    ]);
  });

  it('of a failing state stays when a critical one comes to it', () => {
    const bed = new Bed();
    bed.chart(0, { mapInvasive: 60 });
    bed.chart(12, { mapInvasive: 50 });
    expect(told(bed.pass(22))).toEqual([['hypotension-severe', 'RAISED', 22]]);
    bed.chart(23, { mapInvasive: 75 });
    expect(told(bed.pass(33))).toEqual([
      ['hypotension', 'RESOLVED', 33],
      ['hypotension-severe', 'RESOLVED', 33],
    ]);
  });

  it('can be acknowledged, snoozed, escalated and commented like any other', () => {
    const bed = new Bed();
    bed.chart(0, { heartRate: 38 });
    const [{ alertId }] = bed.pass(10);
    expect(bed.act(alertId, 'COMMENT', 11)?.state).toBe('RAISED');
    expect(bed.act(alertId, 'SNOOZE', 12)?.state).toBe('SNOOZED');
    expect(told(bed.pass(17))).toEqual([['bradycardia', 'RAISED', 17]]);
    expect(bed.act(alertId, 'ACKNOWLEDGE', 18)?.state).toBe('ACKNOWLEDGED');
    expect(bed.pass(100)).toEqual([]);
    expect(bed.act(alertId, 'ESCALATE', 101)?.state).toBe('ESCALATED');
    expect(bed.act('another', 'ACKNOWLEDGE', 102)).toBeNull();
    expect(bed.policy.openOf('p1').map((alert) => [alert.alertId, alert.sequence])).toEqual([[alertId, 5]]);
  });

  it('that time alone had ended by then is not acted on', () => {
    const bed = new Bed();
    bed.chart(0, { heartRate: 38 });
    const [{ alertId }] = bed.pass(10);
    bed.chart(20, { heartRate: 80 });
    expect(told(bed.pass(40))).toEqual([
      ['bradycardia', 'ESCALATED', 25],
      ['bradycardia', 'RESOLVED', 30],
    ]);
    expect(bed.act(alertId, 'ACKNOWLEDGE', 40)).toBeNull();
  });

  it('follows its patient, and ends with the stay', () => {
    const bed = new Bed();
    bed.chart(0, { heartRate: 38 });
    bed.pass(10);
    const where = { patientId: 'p1', stayId: 's1', wardId: 'V', bedId: '2', time: at(11) };
    expect(bed.policy.place(where)).toMatchObject([{ rule: 'bradycardia', wardId: 'V', leftWardId: 'W' }]);
    const over = bed.policy.discharge('p1', at(12));
    expect(over).toMatchObject([{ state: 'RESOLVED', reason: 'discharged', wardId: 'V' }]);
    // The discharge is taken back: the state is still there, and its alert is another one.
    bed.reopened = 1;
    const [again] = bed.chart(13, { temperature: 37 });
    expect(again).toMatchObject({ rule: 'bradycardia', state: 'RAISED', sequence: 0, onsetTime: at(0) });
    expect(again.alertId).not.toBe(over[0].alertId);
  });

  it('ends where values that come late say that it never was, and is another one where they say it was', () => {
    const bed = new Bed();
    bed.chart(0, { heartRate: 38 });
    const [first] = bed.chart(15, { heartRate: 37 });
    expect(told(bed.chart(5, { heartRate: 80 }))).toEqual([['bradycardia', 'RESOLVED', 15]]);
    expect(bed.policy.statesOf('p1')).toEqual([]);
    const [second] = bed.chart(5, { heartRate: 39 });
    expect(second).toMatchObject({ state: 'RAISED', sequence: 0, onsetTime: at(0), eventTime: at(15) });
    expect(second.alertId).not.toBe(first.alertId);
  });

  it('is raised whatever a model says', () => {
    const rules = LOUD_RULES;
    const policy = new AlertPolicy(rules, 'v', Number.POSITIVE_INFINITY, ALARMS);
    const signs = new PatientSigns();
    const score = (minute: number, mortality: number) => {
      signs.record(variableIndex('mapInvasive'), 50, at(minute), at(minute));
      signs.update();
      const stay = { patientId: 'p1', stayId: 's1', wardId: 'W', bedId: '1', admittedAt: at(0) };
      const where = { ...stay, eventTime: at(minute) };
      const others = { circulatory: 0, respiratory: 0, deterioration: 0, news2: 0 };
      const none = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);
      const known = { episodes: signs.active(), reopened: 0, values: none, ages: none };
      return policy.score({ ...where, ...others, mortality, ...known });
    };
    score(0, 0.001);
    expect(told(score(10, 0.001))).toEqual([['hypotension-severe', 'RAISED', 10]]);
    score(11, 0.9);
    expect(score(22, 0.9).map(({ rule }) => rule)).toContain('risk-elevated');
    expect(policy.openOf('p1').map(({ rule }) => rule)).toContain('hypotension-severe');
  });
});

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
