import { describe, expect, it } from 'vitest';
import { bedsideInputs, bedsideScores, MAX_VITAL_AGE_MS } from '../../src/clinical/bedside.js';
import { NEWS2_INPUTS } from '../../src/clinical/news2.js';
import { NO_SOFA } from '../../src/clinical/sofa.js';
import { SILENT_CHART_MS, SILENT_MONITOR_MS } from '../../src/clinical/sources.js';
import { VARIABLE_COUNT, variableIndex } from '../../src/clinical/variables.js';

/** Last known values by variable id: a number measured just now, or a number with its age in ms. */
type Known = Readonly<Record<string, number | readonly [value: number, ageMs: number]>>;

function arrays(known: Known): [values: Float32Array, ages: Float32Array] {
  const values = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);
  const ages = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);
  for (const [id, entry] of Object.entries(known)) {
    const [value, age] = typeof entry === 'number' ? [entry, 0] : entry;
    values[variableIndex(id)] = value;
    ages[variableIndex(id)] = age;
  }
  return [values, ages];
}

const inputs = (known: Known) => bedsideInputs(...arrays(known));
const scores = (known: Known) => bedsideScores(...arrays(known));

const OLD = MAX_VITAL_AGE_MS + 1000;

/** A patient who scores nothing. */
const WELL: Known = {
  respRate: 16,
  spo2: 98,
  fio2: 0.21,
  sbpCuff: 120,
  heartRate: 70,
  gcs: 15,
  temperature: 37,
};

describe('bedsideInputs', () => {
  it('knows nothing of a patient never measured', () => {
    const unknown = Object.fromEntries(NEWS2_INPUTS.map((name) => [name, null]));
    expect(inputs({})).toEqual(unknown);
  });

  it('uses a value for four hours and no longer', () => {
    expect(MAX_VITAL_AGE_MS).toBe(4 * 3_600_000);
    expect(inputs({ heartRate: [80, MAX_VITAL_AGE_MS] }).heartRate).toBe(80);
    expect(inputs({ heartRate: [80, MAX_VITAL_AGE_MS + 1] }).heartRate).toBeNull();
  });

  it.each<[string, Known, number | null]>([
    ['the arterial line before the cuff', { sbpInvasive: 90, sbpCuff: 120 }, 90],
    [
      'the arterial line where the cuff is a little newer',
      { sbpInvasive: [90, SILENT_MONITOR_MS], sbpCuff: 120 },
      90,
    ],
    [
      'the cuff where the arterial line is silent',
      { sbpInvasive: [130, SILENT_MONITOR_MS + 1], sbpCuff: 75 },
      75,
    ],
    [
      'the line where it is old and the cuff as old',
      { sbpInvasive: [130, 3 * 3_600_000], sbpCuff: [75, 3 * 3_600_000] },
      130,
    ],
    ['the cuff where the arterial line is old', { sbpInvasive: [90, OLD], sbpCuff: 120 }, 120],
    ['the cuff alone', { sbpCuff: 120 }, 120],
    ['nothing where both are old', { sbpInvasive: [90, OLD], sbpCuff: [120, OLD] }, null],
  ])('systolic pressure: %s', (_, known, sbp) => {
    expect(inputs(known).sbp).toBe(sbp);
  });

  it.each<[string, Known, number | null]>([
    ['the pulse oximeter before the blood gas', { spo2: 95, sao2: 91 }, 95],
    ['the blood gas where the oximeter is old', { spo2: [95, OLD], sao2: 91 }, 91],
    ['the blood gas where the oximeter is silent', { spo2: [98, 3 * 3_600_000], sao2: 84 }, 84],
    ['the oximeter where the blood gas is old', { spo2: [98, 60_000], sao2: [84, 3_600_000] }, 98],
    ['the blood gas alone', { sao2: 91 }, 91],
    ['nothing where both are old', { spo2: [95, OLD], sao2: [91, OLD] }, null],
  ])('oxygen saturation: %s', (_, known, spo2) => {
    expect(inputs(known).spo2).toBe(spo2);
  });

  it.each<[Known, boolean | null]>([
    [{}, null],
    [{ fio2: [0.5, OLD], oxygenFlow: [2, OLD], mechVent: [1, OLD] }, null],
    [{ fio2: 0.21 }, false],
    [{ fio2: 0.22 }, true],
    [{ oxygenFlow: 0 }, false],
    [{ oxygenFlow: 0.5 }, true],
    [{ mechVent: 0 }, false],
    [{ mechVent: 1 }, true],
    [{ fio2: 0.21, oxygenFlow: 0, mechVent: 0 }, false],
    [{ fio2: 0.21, oxygenFlow: 2, mechVent: 0 }, true],
    [{ fio2: [0.5, OLD], oxygenFlow: 0 }, false],
    [{ fio2: [0.5, SILENT_CHART_MS], oxygenFlow: 0 }, true],
    [{ fio2: [0.5, SILENT_CHART_MS + 1], oxygenFlow: 0 }, false],
    [{ fio2: 0.21, oxygenFlow: [4, 3 * 3_600_000], mechVent: [1, 3 * 3_600_000] }, false],
  ])('supplemental oxygen of %o: %s', (known, expected) => {
    expect(inputs(known).supplementalOxygen).toBe(expected);
  });

  it.each<[Known, boolean | null]>([
    [{}, null],
    [{ gcs: [14, OLD], acvpu: [3, OLD] }, null],
    [{ gcs: 15 }, true],
    [{ gcs: 14 }, false],
    [{ gcs: 3 }, false],
    [{ acvpu: 0 }, true],
    [{ acvpu: 1 }, false],
    [{ acvpu: 4 }, false],
    [{ gcs: 15, acvpu: 1 }, false],
    [{ gcs: 14, acvpu: 0 }, false],
    [{ gcs: [14, OLD], acvpu: 0 }, true],
    [{ gcs: [14, SILENT_CHART_MS], acvpu: 0 }, false],
    [{ gcs: [14, 3 * 3_600_000], acvpu: 0 }, true],
    [{ gcs: 15, acvpu: [1, 3 * 3_600_000] }, true],
    [{ gcs: 13, acvpu: [0, 3 * 3_600_000] }, false],
  ])('alertness of %o: %s', (known, expected) => {
    expect(inputs(known).alert).toBe(expected);
  });
});

describe('bedsideScores', () => {
  it('scores a well patient 0 with nothing missing', () => {
    expect(scores(WELL)).toMatchObject({ news2: 0, news2Missing: [], qsofa: 0 });
  });

  it('is unknown where nothing is', () => {
    expect(scores({})).toEqual({
      news2: null,
      news2Missing: [...NEWS2_INPUTS],
      qsofa: null,
      sofa: NO_SOFA,
    });
  });

  it('scores a patient in septic shock', () => {
    const septic = { respRate: 26, spo2: 90, oxygenFlow: 4, sbpInvasive: 85, heartRate: 135, gcs: 13 };
    expect(scores({ ...septic, temperature: 39.5 })).toMatchObject({ news2: 19, news2Missing: [], qsofa: 3 });
  });

  it('scores the cuff that reads 75 now, not the arterial line that read 130 three hours ago', () => {
    const { sbpCuff: _, ...known } = WELL;
    const pressures = { sbpInvasive: [130, 3 * 3_600_000], sbpCuff: 75 } as const;
    expect(scores({ ...known, ...pressures })).toMatchObject({ news2: 3, qsofa: 1 });
  });

  it('names what is missing, and what has become too old', () => {
    const { fio2: _, ...known } = WELL;
    expect(scores({ ...known, respRate: [30, OLD] })).toMatchObject({
      news2: 0,
      news2Missing: ['respRate', 'supplementalOxygen'],
      qsofa: 0,
    });
  });

  it('has a NEWS2 but no qSOFA where no input of qSOFA is known', () => {
    expect(scores({ heartRate: 131 })).toMatchObject({ news2: 3, qsofa: null });
  });

  it.each([
    [35, 3],
    [35.1, 1],
    [36, 1],
    [36.1, 0],
    [38, 0],
    [38.1, 1],
    [39, 1],
    [39.1, 2],
  ])('a temperature of %d °C stored in 32 bits still scores %d', (temperature, points) => {
    expect(scores({ ...WELL, temperature }).news2).toBe(points);
  });
});

describe('SOFA of now', () => {
  it('adds up the parts that are known, of the values of now', () => {
    const ill = { pao2: 60, fio2: 0.5, mechVent: 1, platelets: 90, creatinine: 2.4, gcs: 13, mapCuff: 62 };
    expect(scores(ill).sofa).toEqual({
      total: 9,
      respiration: 3,
      coagulation: 2,
      liver: null,
      cardiovascular: 1,
      nervous: 1,
      renal: 2,
    });
  });

  it('takes laboratory values for a day, what is measured at the bed for four hours', () => {
    const day = 24 * 3_600_000;
    expect(scores({ platelets: [90, day], gcs: [13, OLD] }).sofa).toMatchObject({ total: 2, nervous: null });
    expect(scores({ platelets: [90, day + 10_000] }).sofa.total).toBeNull();
  });

  it('goes by the cuff where the line is silent', () => {
    expect(scores({ mapInvasive: [80, 3 * 3_600_000], mapCuff: 60 }).sofa.cardiovascular).toBe(1);
  });
});

it('NEWS2 of a patient with hypercapnic failure goes by scale 2', () => {
  const aimedAt = { ...WELL, spo2: 89, oxygenFlow: 1 };
  expect(bedsideScores(...arrays(aimedAt)).news2).toBe(5);
  expect(bedsideScores(...arrays(aimedAt), 2).news2).toBe(2);
});
