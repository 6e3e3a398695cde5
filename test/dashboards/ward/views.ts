import type { PatientView } from '../../../src/server/protocol.js';

/** A patient of whom nothing is known but what is given. */
export function patientView(more: Partial<PatientView> = {}): PatientView {
  return {
    patientId: 'p1',
    stayId: 'p1@s',
    wardId: 'ICU',
    bedId: null,
    admittedAt: 0,
    lastEventAt: 0,
    ageYears: null,
    sex: null,
    risk: null,
    circulatory: null,
    respiratory: null,
    deterioration: null,
    riskAt: null,
    riskTrend: 0,
    riskHistory: [],
    news2: null,
    news2Missing: [],
    qsofa: null,
    values: {},
    stale: false,
    ...more,
  };
}
