import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AdtMessage, LabResultMessage, VitalSignsMessage } from '../src/events/messages.js';

export const HOUR_MS = 3_600_000;
export const START = Date.UTC(2026, 0, 1);
export const LIMITS = { maxFutureSkewMs: 60_000, maxNoteBytes: 1000, maxImageBytes: 100_000 };

/** Real patients, where they are; tests that need them say so when they skip. */
export const SET_A = resolve('../shared/data/physionet2012/set-a');
export const HAS_SET_A = existsSync(SET_A);

export function vitals(
  values: Record<string, number>,
  at: Partial<VitalSignsMessage> = {},
): VitalSignsMessage {
  const observations = Object.entries(values).map(([code, value]) => ({
    code,
    value,
    unit: UNITS[code] ?? '',
  }));
  return {
    messageId: 'm1',
    patientId: 'p1',
    eventTime: START,
    observedAt: null,
    source: '',
    observations,
    ...at,
  };
}

export function labs(values: Record<string, number>, at: Partial<LabResultMessage> = {}): LabResultMessage {
  return { ...vitals(values), specimenId: null, ...at };
}

export function adt(type: AdtMessage['type'], at: Partial<AdtMessage> = {}): AdtMessage {
  const unknown = {
    wardId: null,
    bedId: null,
    unitType: null,
    ageYears: null,
    sex: null,
    heightCm: null,
    weightKg: null,
  };
  return { messageId: `adt-${type}`, patientId: 'p1', eventTime: START, source: '', type, ...unknown, ...at };
}

const UNITS: Record<string, string> = {
  heartRate: '/min',
  respRate: '/min',
  temperature: 'Cel',
  ph: '{pH}',
  lactate: 'mmol/L',
  mapInvasive: 'mm[Hg]',
};
