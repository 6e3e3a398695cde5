import { describe, expect, it } from 'vitest';
import {
  criterionText,
  doubtsOf,
  isCritical,
  reasonText,
  sinceMoment,
  sortStates,
  stateValue,
  unclearStates,
} from '../../../dashboards/ward/src/standing.js';
import { sortPatients } from '../../../dashboards/ward/src/state.js';
import { patientView } from './views.js';

const MINUTE = 60_000;
const NOW = 1_000 * MINUTE;

const state = (criterion: string, grade: 'critical' | 'failing') => ({
  criterion,
  label: criterion,
  grade,
  sign: 'map',
  value: 54.4,
  unit: 'mm[Hg]',
  since: 0,
  at: 0,
  variable: 'mapInvasive',
});
const doubt = (reason: string, value = 300, at = NOW) => {
  return { value, unit: 'mm[Hg]', at, verdict: 'artefact' as const, reason, words: `${reason} it is` };
};
const at = (value: number, ageMs = 0) => ({ value, unit: '', at: NOW - ageMs });

describe('states', () => {
  it('come critical first, and say by which value, limit and duration', () => {
    const states = [
      state('hypotension', 'failing'),
      state('anaemia', 'critical'),
      state('bradycardia', 'critical'),
    ];
    expect(sortStates(states).map(({ criterion }) => criterion)).toEqual([
      'bradycardia',
      'anaemia',
      'hypotension',
    ]);
    expect(stateValue(states[0])).toBe('54.4 mmHg');
    expect(criterionText('hypotension-severe')).toBe('at most 55 mmHg for 10 min');
    expect(criterionText('potassium-high')).toBe('at least 6.2 mmol/L');
    expect(criterionText('of another version')).toBe('');
    expect(sinceMoment(NOW - 30 * 60 * MINUTE, NOW)).toBe('for 1 d 6 h');
    expect(sinceMoment(NOW - MINUTE, NOW)).toMatch(/^since \d\d:\d\d$/);
  });

  it('are unknown where nothing tells them, and old where what tells them is', () => {
    const of = (values: Parameters<typeof patientView>[0]) =>
      unclearStates(patientView(values), NOW).map(({ organ, ageMs }) => [organ, ageMs]);
    expect(of({})).toEqual([
      ['circulation', null],
      ['P/F', null],
    ]);
    const breathing = { spo2: at(95), fio2: at(0.4) };
    expect(of({ values: { ...breathing, mapInvasive: at(80) } })).toEqual([]);
    // Room air is not assumed.
    expect(of({ values: { spo2: at(95), mapCuff: at(80, 80 * MINUTE) } })).toEqual([['P/F', null]]);
    expect(of({ values: { ...breathing, mapInvasive: at(80, 16 * MINUTE) } })).toEqual([
      ['circulation', 16 * MINUTE],
    ]);
    expect(of({ values: { ...breathing, mapCuff: at(80, 91 * MINUTE) } })).toEqual([
      ['circulation', 91 * MINUTE],
    ]);
    expect(of({ values: { ...breathing, mapCuff: at(80, 241 * MINUTE) } })).toEqual([['circulation', null]]);
  });
});

describe('what is not used', () => {
  it('is one a probe and reason, what may be an arrest first, then what may be apnoea, then the newest', () => {
    const doubted = {
      sbpInvasive: doubt('flush', 300, NOW - MINUTE),
      mapInvasive: doubt('flush', 298, NOW),
      spo2: doubt('jump', 60, NOW + 1),
      respRate: doubt('maybe-apnoea', 0, NOW - 3 * MINUTE),
      heartRate: doubt('maybe-arrest', 0, NOW - 2 * MINUTE),
    };
    expect(
      doubtsOf({ doubted }).map(({ probe, reason, at: when, values }) => [
        probe,
        reason,
        when,
        values.length,
      ]),
    ).toEqual([
      ['HR', 'maybe-arrest', NOW - 2 * MINUTE, 1],
      ['RR', 'maybe-apnoea', NOW - 3 * MINUTE, 1],
      ['SpO₂', 'jump', NOW + 1, 1],
      ['BP art', 'flush', NOW, 2],
    ]);
    expect(doubtsOf({})).toEqual([]);
    expect(['maybe-arrest', 'maybe-apnoea', 'lead-off'].map(reasonText)).toEqual([
      'may be an arrest',
      'may be apnoea',
      'lead off',
    ]);
  });
});

describe('by urgency', () => {
  it('a critical state, or what may be an arrest, goes above any risk; a failing one does not', () => {
    const patients = [
      patientView({ patientId: 'risk', mortality: 0.9 }),
      patientView({ patientId: 'failing', mortality: 0.1, states: [state('hypotension', 'failing')] }),
      patientView({
        patientId: 'critical',
        mortality: 0.01,
        states: [state('hypotension-severe', 'critical')],
      }),
      patientView({ patientId: 'arrest', mortality: 0.02, doubted: { heartRate: doubt('maybe-arrest', 0) } }),
      patientView({ patientId: 'flush', mortality: 0.03, doubted: { mapInvasive: doubt('flush') } }),
    ];
    expect(patients.filter(isCritical).map(({ patientId }) => patientId)).toEqual(['critical', 'arrest']);
    expect(sortPatients(patients, 'urgency').map(({ patientId }) => patientId)).toEqual([
      'arrest',
      'critical',
      'risk',
      'failing',
      'flush',
    ]);
  });
});
