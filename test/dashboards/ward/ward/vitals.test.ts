import { describe, expect, it } from 'vitest';
import { CHARTED_STALE_MS, vitalsOf } from '../../../../dashboards/ward/src/ward/vitals.js';
import { STALE_MS } from '../../../../src/clinical/sources.js';
import type { PatientView } from '../../../../src/contract/protocol.js';
import { patientView } from '../views.js';

const NOW = 10_000_000;
const at = (value: number, age = 0) => ({ value, unit: '', at: NOW - age });
const named = (values: PatientView['values']) =>
  Object.fromEntries(vitalsOf(patientView({ values }), NOW).map((vital) => [vital.name, vital]));

describe('vitalsOf', () => {
  it('says of every vital sign how old it is, and which are missing', () => {
    const vitals = named({ heartRate: at(88.4, 61_000), temperature: at(37.26) });
    expect(vitals.HR).toMatchObject({ text: '88', ageMs: 61_000, stale: false });
    expect(vitals.Temp).toMatchObject({ text: '37.3', ageMs: 0 });
    expect([vitals.RR.text, vitals.BP.text, vitals['SpO₂'].text]).toEqual([null, null, null]);
  });

  it('calls stale what a monitor sends after 15 minutes, what is charted by the hour after 90', () => {
    const stale = (id: string, name: string, age: number) => named({ [id]: at(50, age) })[name].stale;
    expect(stale('heartRate', 'HR', STALE_MS)).toBe(false);
    expect(stale('heartRate', 'HR', STALE_MS + 1)).toBe(true);
    expect(stale('temperature', 'Temp', STALE_MS + 1)).toBe(false);
    expect(stale('temperature', 'Temp', CHARTED_STALE_MS + 1)).toBe(true);
    expect(stale('sbpCuff', 'BP cuff', CHARTED_STALE_MS)).toBe(false);
    expect(stale('sbpInvasive', 'BP art', STALE_MS + 1)).toBe(true);
  });

  it('prefers the arterial line while it is current, and the cuff when it is not', () => {
    const line = { sbpInvasive: at(120), dbpInvasive: at(60), mapInvasive: at(80) };
    const cuff = { sbpCuff: at(110), dbpCuff: at(70), mapCuff: at(83) };
    expect(named({ ...line, ...cuff })['BP art']).toMatchObject({ text: '120/60', detail: '(80)' });
    const old = { sbpInvasive: at(120, STALE_MS + 1), dbpInvasive: at(60, STALE_MS + 1) };
    expect(named({ ...old, ...cuff })['BP cuff']).toMatchObject({ text: '110/70', detail: '(83)' });
  });

  it('does not show an old part beside new ones as if it were of the same moment', () => {
    const values = { sbpInvasive: at(120), dbpInvasive: at(60, STALE_MS + 1), mapInvasive: at(80) };
    expect(named(values)['BP art']).toMatchObject({ text: '120/–', stale: false });
  });

  it('says of which something newer is there that is not used', () => {
    const doubt = { ...at(300), verdict: 'artefact' as const, reason: 'flush', words: 'flushed' };
    const patient = patientView({ values: { heartRate: at(80) }, doubted: { mapInvasive: doubt } });
    expect(vitalsOf(patient, NOW).flatMap(({ name, doubted }) => (doubted ? name : []))).toEqual(['BP']);
    expect(vitalsOf(patientView(), NOW).some(({ doubted }) => doubted)).toBe(false);
  });

  it('shows arterial saturation under its own name where there is no oximeter', () => {
    expect(named({ sao2: at(94) })['SaO₂'].text).toBe('94');
    expect(named({ sao2: at(94), spo2: at(97) })['SpO₂'].text).toBe('97');
  });
});
