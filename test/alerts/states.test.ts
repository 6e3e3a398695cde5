import { describe, expect, it } from 'vitest';
import { AlertPolicy } from '../../src/alerts/policy.js';
import { PatientSigns } from '../../src/align/patient-signs.js';
import { VARIABLE_COUNT, variableIndex } from '../../src/clinical/variables.js';
import { byForecast } from '../../src/contract/outcomes.js';
import { LOUD_RULES } from '../helpers.js';
import { ALARMS, at, Bed, MINUTE, told } from './bed.js';

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

  it('of a heart that nearly stands is raised after a minute, and is the only one of a slow heart', () => {
    const bed = new Bed();
    bed.chart(0, { heartRate: 12 });
    expect(told(bed.pass(0.9))).toEqual([]);
    expect(bed.pass(14)).toMatchObject([{ rule: 'bradycardia-extreme', priority: 'HIGH', eventTime: at(1) }]);
    bed.chart(14, { heartRate: 35 });
    expect(told(bed.pass(15))).toEqual([
      ['bradycardia-extreme', 'RESOLVED', 15],
      ['bradycardia', 'RAISED', 15],
    ]);
    const short = new Bed();
    short.chart(0, { heartRate: 12 });
    short.chart(0.5, { heartRate: 60 });
    expect(told(short.pass(30))).toEqual([]);
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
      const others = { ...byForecast(() => 0), news2: 0 };
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
