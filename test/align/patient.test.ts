import { describe, expect, it } from 'vitest';
import { PatientState } from '../../src/align/patient.js';
import { adt, HOUR_MS, START } from '../helpers.js';

const GRID = { stepMs: HOUR_MS, steps: 6 };
const stay = (patientId: string, eventTime: number) =>
  new PatientState({ patientId, partition: 2, eventTime }, GRID, 64);

describe('PatientState', () => {
  it('is known by patient and beginning, so that readmissions are told apart', () => {
    expect(stay('p1', START).stayId).toBe('p1@2026-01-01T00:00:00.000Z');
    const ids = [stay('p1', START), stay('p1', START + 1), stay('p2', START)].map(({ stayId }) => stayId);
    expect(new Set(ids).size).toBe(3);
  });

  it('begins with its first event, knowing nothing of the patient', () => {
    const patient = stay('p1', START);
    expect(patient).toMatchObject({
      partition: 2,
      admittedAt: START,
      lastEventAt: START,
      lastScoreAt: Number.NEGATIVE_INFINITY,
      scorePendingAt: Number.NaN,
      revised: false,
      wardId: null,
      bedId: null,
    });
    expect(Object.values(patient.demographics)).toEqual([null, null, null, null, null]);
    expect(patient.timeline.stepOf(START + HOUR_MS - 1)).toBe(0);
    expect(patient.timeline.stepOf(START + HOUR_MS)).toBe(1);
  });

  it('takes over every field of an ADT message, and keeps what a later one leaves out', () => {
    const patient = stay('p1', START);
    const all = {
      wardId: 'W',
      bedId: '4',
      unitType: 'SURGICAL',
      ageYears: 71,
      sex: 'FEMALE',
      heightCm: 160,
      weightKg: 55,
    } as const;
    const { wardId, bedId, ...demographics } = all;
    patient.updateFrom(adt('ADMIT', all));
    expect(patient).toMatchObject({ wardId, bedId, demographics });
    patient.updateFrom(adt('UPDATE'));
    expect(patient).toMatchObject({ wardId, bedId, demographics });
    patient.updateFrom(adt('TRANSFER', { bedId: '5', weightKg: 0.5 }));
    expect(patient).toMatchObject({ wardId, bedId: '5', demographics: { ...demographics, weightKg: 0.5 } });
  });
});
