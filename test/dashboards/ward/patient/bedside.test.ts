import { describe, expect, it } from 'vitest';
import { news2Inputs, sofaRows } from '../../../../dashboards/ward/src/patient/bedside.js';
import { bedsideScores } from '../../../../src/clinical/bedside.js';
import { VARIABLES } from '../../../../src/clinical/variables.js';
import { patientView } from '../views.js';

const HOUR = 3_600_000;
const NOW = 100 * HOUR;
const at = (value: number, unit: string, ageMs = 0) => ({ value, unit, at: NOW - ageMs });

describe('sofaRows', () => {
  it('names of each part what it rests on, as the score took it, and what is missing or too old', () => {
    const values = {
      pao2: at(70, 'mm[Hg]'),
      fio2: at(0.5, '1', 5 * HOUR),
      platelets: at(90, '10*3/uL', 20 * HOUR),
      mapInvasive: at(50, 'mm[Hg]', HOUR),
      mapCuff: at(80, 'mm[Hg]'),
      gcs: at(14, '{score}'),
      creatinine: at(2.5, 'mg/dL', 25 * HOUR),
    };
    const known = new Float32Array(VARIABLES.length).fill(Number.NaN);
    const ages = known.slice();
    VARIABLES.forEach(({ id }, index) => {
      const view = (values as Record<string, { value: number; at: number } | undefined>)[id];
      if (view === undefined) return;
      known[index] = view.value;
      ages[index] = NOW - view.at;
    });
    const { sofa } = bedsideScores(known, ages);
    const vasopressor = {
      criterion: 'vasopressor',
      label: 'Vasopressor or inotrope running',
      grade: 'failing' as const,
      sign: 'vasopressors',
      value: 1,
      unit: '1',
      since: 0,
      at: 0,
      variable: 'norepinephrine',
    };
    const rows = sofaRows(patientView({ sofa, values, states: [vasopressor] }), NOW);
    expect(rows.flatMap(({ name, drugs }) => drugs.map((drug) => [name, drug]))).toEqual([
      ['Circulation', 'Vasopressor or inotrope running'],
    ]);
    const told = rows.map(({ name, points, basis }) => [
      name,
      points,
      basis.map(({ variable, value, isOld }) => `${variable} ${value}${isOld ? ' old' : ''}`).join(),
    ]);
    expect(told).toEqual([
      ['Respiration', null, 'pao2 70,fio2 0.5 old'],
      ['Coagulation', 2, 'platelets 90'],
      ['Liver', null, 'bilirubin null'],
      ['Circulation', 0, 'mapCuff 80'],
      ['Consciousness', 1, 'gcs 14'],
      ['Kidney', null, 'creatinine 2.5 old'],
    ]);
  });
});

describe('news2Inputs', () => {
  it('says how many are known and names the others', () => {
    expect(news2Inputs({ news2: 3, news2Missing: ['alert', 'supplementalOxygen'] })).toEqual({
      known: 5,
      of: 7,
      missing: ['consciousness', 'oxygen given'],
    });
    expect(news2Inputs({ news2: null, news2Missing: [] }).known).toBe(0);
  });
});
