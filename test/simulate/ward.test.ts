import fc from 'fast-check';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { INDEX_BY_CODE, VARIABLES, variableIndex } from '../../src/clinical/variables.js';
import type {
  AdtMessage,
  ImagingMessage,
  NoteMessage,
  Observation,
  VitalSignsMessage,
} from '../../src/contract/messages.js';
import { WardstreamError } from '../../src/errors.js';
import { SCENARIOS, type Scenario } from '../../src/simulate/scenarios.js';
import {
  type SimulatedMessage,
  type SimulateOptions,
  scenarioOnsets,
  simulateWard,
} from '../../src/simulate/ward.js';
import { HOUR_MS, START } from '../helpers.js';

const OPTIONS: SimulateOptions = { beds: 12, hours: 26, seed: 3, startTime: START, wardId: 'W' };
const WARD = [...simulateWard(OPTIONS)];

/** Observations of vitals and laboratory messages. */
function observationsOf({ topic, record }: SimulatedMessage): Observation[] {
  return topic === 'ward.vitals' || topic === 'ward.labs' ? (record as VitalSignsMessage).observations : [];
}

/** The value in the canonical unit; throws on a code or unit the vocabulary does not know. */
function canonical({ code, value, unit }: Observation): number {
  const index = INDEX_BY_CODE.get(code);
  const conversion = index === undefined ? undefined : VARIABLES[index].units.get(unit);
  if (conversion === undefined) throw new Error(`${code} in ${unit}`);
  return value * conversion.scale + conversion.offset;
}

/** Median of a variable's values that became available in [from, to), in canonical units. */
function median(messages: readonly SimulatedMessage[], id: string, from: number, to: number): number {
  const { code } = VARIABLES[variableIndex(id)];
  const values = messages
    .filter(({ eventTime }) => eventTime >= from && eventTime < to)
    .flatMap(observationsOf)
    .filter((observation) => observation.code === code)
    .map(canonical)
    .sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)];
}

describe('the simulated ward', () => {
  it('is the same for the same seed, and another for another', () => {
    const anyWard = fc.record({
      seed: fc.integer({ min: 0, max: 2 ** 31 }),
      beds: fc.integer({ min: 1, max: 5 }),
      hours: fc.integer({ min: 1, max: 3 }),
      vitalsIntervalMs: fc.constantFrom(1000 * 30, 60_000, 45_001, HOUR_MS),
    });
    fc.assert(
      fc.property(anyWard, (given) => {
        const options = { ...OPTIONS, ...given };
        const first = [...simulateWard(options)];
        expect([...simulateWard(options)]).toEqual(first);
        expect([...simulateWard({ ...options, seed: given.seed + 1 })]).not.toEqual(first);
      }),
      { numRuns: 15 },
    );
  });

  it('comes in the order of event time, admissions first, within the hours asked for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.constantFrom(60_000, 300_000, 7777),
        (seed, interval) => {
          const options = { ...OPTIONS, beds: 4, hours: 3.3, seed, vitalsIntervalMs: interval };
          const messages = [...simulateWard(options)];
          expect(messages.slice(0, 4).map(({ topic }) => topic)).toEqual(new Array(4).fill('ward.adt'));
          for (let index = 1; index < messages.length; index++) {
            expect(messages[index].eventTime).toBeGreaterThanOrEqual(messages[index - 1].eventTime);
          }
          expect(messages.at(-1)?.eventTime).toBeLessThanOrEqual(START + 3.3 * HOUR_MS);
        },
      ),
      { numRuns: 10 },
    );
  });

  it('gives each patient message ids of their own, keys and times that agree with the record', () => {
    expect(new Set(WARD.map(({ record }) => record.messageId)).size).toBe(WARD.length);
    for (const { key, eventTime, record } of WARD) {
      expect([record.patientId, record.eventTime]).toEqual([key, eventTime]);
    }
  });

  it('does not change a bed with the number of beds', () => {
    const bed = scenarioOnsets(OPTIONS)[2];
    const ofBed = ({ key }: SimulatedMessage) => key === bed.patientId;
    expect([...simulateWard({ ...OPTIONS, beds: 3 })].filter(ofBed)).toEqual(WARD.filter(ofBed));
    expect(scenarioOnsets({ ...OPTIONS, beds: 3 })).toEqual(scenarioOnsets(OPTIONS).slice(0, 3));
  });

  it('goes on for as long as asked, the beginning unchanged', () => {
    expect([...simulateWard({ ...OPTIONS, beds: 2, hours: 3 })]).toEqual(
      [...simulateWard({ ...OPTIONS, beds: 2, hours: 9 })].filter(
        ({ eventTime }) => eventTime <= START + 3 * HOUR_MS,
      ),
    );
    const endless = simulateWard({ ...OPTIONS, beds: 1, hours: Number.MAX_SAFE_INTEGER / HOUR_MS });
    expect(endless.next().value?.topic).toBe('ward.adt');
  });

  it('knows its codes and units, and sends only possible values, or 0 for no reading', () => {
    const seen = new Set<string>();
    for (const observation of WARD.flatMap(observationsOf)) {
      const value = canonical(observation);
      const { id, possible, isZeroNoReading } = VARIABLES[INDEX_BY_CODE.get(observation.code) as number];
      if (value === 0 && isZeroNoReading) continue;
      if (!(value >= possible[0] && value <= possible[1])) expect.fail(`${id} ${value}`);
      seen.add(`${id} ${observation.unit}`);
    }
    for (const each of ['temperature Cel', 'temperature [degF]', 'fio2 %', 'fio2 1', 'creatinine umol/L']) {
      expect(seen).toContain(each);
    }
    for (const id of ['mechVent', 'urine', 'gcs', 'ph', 'lactate', 'hemoglobin', 'bilirubin', 'inr']) {
      expect([...seen].some((each) => each.startsWith(`${id} `))).toBe(true);
    }
  });

  it('admits every bed with label, unit and demographics', () => {
    const admissions = WARD.filter(({ topic }) => topic === 'ward.adt').map(
      ({ record }) => record as AdtMessage,
    );
    expect(admissions.map(({ bedId }) => bedId).slice(0, 2)).toEqual(['Bed 01', 'Bed 02']);
    for (const { type, wardId, ageYears, heightCm, weightKg, sex, unitType } of admissions) {
      expect([type, wardId]).toEqual(['ADMIT', 'W']);
      expect([ageYears, heightCm, weightKg, sex, unitType]).not.toContain(null);
    }
  });

  it('takes specimens before it reports them, and has gaps and flushed lines', () => {
    const labs = WARD.filter(({ topic }) => topic === 'ward.labs');
    for (const { record, eventTime } of labs) {
      expect((record as VitalSignsMessage).observedAt).toBeLessThan(eventTime);
    }
    const stable = scenarioOnsets(OPTIONS)[1].patientId;
    const vitals = WARD.filter(({ topic, key }) => topic === 'ward.vitals' && key === stable);
    expect(vitals.length).toBeLessThan(26 * 60);
    expect(vitals.length).toBeGreaterThan(26 * 60 * 0.85);
    const flushes = vitals
      .flatMap(observationsOf)
      .filter(({ code, value }) => code === '76214-6' && value > 250);
    expect(flushes.length).toBeGreaterThan(2);
  });

  it('writes only numbers it has sent before, as they are or in tens', () => {
    const codes: Record<string, string> = { HR: 'heartRate', MAP: 'mapInvasive' };
    let checked = 0;
    for (const bed of scenarioOnsets(OPTIONS)) {
      const sent = new Set<string>();
      for (const message of WARD.filter(({ key }) => key === bed.patientId)) {
        for (const observation of observationsOf(message)) {
          const { id, decimals } = VARIABLES[INDEX_BY_CODE.get(observation.code) as number];
          const value = canonical(observation);
          sent.add(`${id} ${value.toFixed(decimals)}`);
          sent.add(`${id} ${Math.floor(value / 10) * 10}s`);
        }
        if (message.topic !== 'ward.notes') continue;
        const { text } = message.record as NoteMessage;
        for (const [, label, number] of text.matchAll(/\b(HR|MAP) (\d+s?)/g)) {
          expect(sent).toContain(`${codes[label]} ${number}`);
          checked++;
        }
      }
    }
    expect(checked).toBeGreaterThan(50);
  });

  it('says what is wrong with options that make no ward', () => {
    for (const wrong of [
      { beds: -1 },
      { seed: 0.5 },
      { vitalsIntervalMs: 0 },
      { vitalsIntervalMs: 2 * HOUR_MS },
    ]) {
      expect(() => simulateWard({ ...OPTIONS, ...wrong }).next()).toThrow(WardstreamError);
    }
    expect([...simulateWard({ ...OPTIONS, beds: 0 })]).toEqual([]);
  });
});

describe('scenarios', () => {
  it('have septic shock among the first four beds within six hours, and all kinds among six', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), (seed) => {
        const plans = scenarioOnsets({ ...OPTIONS, seed });
        const septic = plans.slice(0, 4).find(({ scenario }) => scenario === 'septic-shock');
        expect(septic?.onsetTime).toBeLessThan(START + 6 * HOUR_MS);
        expect(new Set(plans.slice(0, 6).map(({ scenario }) => scenario))).toEqual(new Set(SCENARIOS));
      }),
    );
  });

  it('are cycled over the beds where they are given', () => {
    const plans = scenarioOnsets({ ...OPTIONS, beds: 3, scenarios: ['stable', 'haemorrhage'] });
    expect(plans.map(({ scenario }) => scenario)).toEqual(['stable', 'haemorrhage', 'stable']);
    expect(plans.map(({ onsetTime }) => onsetTime === null)).toEqual([true, false, true]);
  });

  /** By how much variables must have risen or fallen in the median patient 10 to 20 hours after the onset. */
  const effects: readonly [Scenario, Record<string, number>][] = [
    [
      'septic-shock',
      { temperature: 1, heartRate: 25, mapInvasive: -15, respRate: 8, gcs: -2, lactate: 3, creatinine: 0.7 },
    ],
    [
      'haemorrhage',
      { heartRate: 25, mapInvasive: -15, sbpInvasive: -20, hematocrit: -7, hemoglobin: -2, lactate: 2 },
    ],
    ['respiratory-failure', { spo2: -7, respRate: 10, pao2: -15, paco2: 14, fio2: 0.2 }],
    ['recovery', { heartRate: -12, mapInvasive: 7, temperature: -0.5, fio2: -0.1 }],
  ];
  it.each(effects)('%s shows after its onset', (scenario, changes) => {
    const options = { ...OPTIONS, beds: 9, scenarios: [scenario] };
    const ward = [...simulateWard(options)];
    for (const [id, least] of Object.entries(changes)) {
      const found = scenarioOnsets(options).flatMap(({ patientId, onsetTime }) => {
        const onset = onsetTime as number;
        const messages = ward.filter(({ key }) => key === patientId);
        // Up to the onset, or the first report of what was taken by then.
        const before = median(messages, id, START, Math.max(onset, START + 1.5 * HOUR_MS));
        const after = median(messages, id, onset + 10 * HOUR_MS, onset + 20 * HOUR_MS);
        const change = after - before;
        return Number.isNaN(change) ? [] : [change];
      });
      // Beds of late onset are not seen that long after it.
      expect(found.length).toBeGreaterThan(3);
      const typical = found.sort((x, y) => x - y)[Math.floor(found.length / 2)];
      expect(typical * Math.sign(least), `${id} ${found}`).toBeGreaterThan(Math.abs(least));
    }
  });

  it('ventilates those whose lungs fail', () => {
    const options: SimulateOptions = { ...OPTIONS, beds: 2, scenarios: ['respiratory-failure'] };
    const ward = [...simulateWard(options)];
    expect(median(ward, 'mechVent', START + 10 * HOUR_MS, START + 20 * HOUR_MS)).toBe(1);
  });

  it('tells of no heart that goes faster than one does, whatever the monitor counts', () => {
    const { code } = VARIABLES[variableIndex('heartRate')];
    for (const scenario of SCENARIOS) {
      const options: SimulateOptions = {
        ...OPTIONS,
        beds: 4,
        vitalsIntervalMs: 300_000,
        scenarios: [scenario],
      };
      const rates = [...simulateWard(options)]
        .flatMap(observationsOf)
        .filter((observation) => observation.code === code)
        .map(({ value }) => value);
      expect(rates.length).toBeGreaterThan(500);
      expect(Math.max(...rates), scenario).toBeLessThanOrEqual(220);
      // No beat at all: what a monitor says without a signal.
      expect(Math.min(...rates.filter((rate) => rate > 0)), scenario).toBeGreaterThanOrEqual(25);
    }
  });

  it('sensor-fault spoils what the monitor sends and not the laboratory', () => {
    const options: SimulateOptions = { ...OPTIONS, beds: 4, scenarios: ['sensor-fault'] };
    const ward = [...simulateWard(options)];
    const isPlausible = (observation: Observation) => {
      const { plausible } = VARIABLES[INDEX_BY_CODE.get(observation.code) as number];
      const value = canonical(observation);
      return value >= plausible[0] && value <= plausible[1];
    };
    const { code } = VARIABLES[variableIndex('heartRate')];
    const rates = ward.flatMap(observationsOf).filter((observation) => observation.code === code);
    expect(rates.some((observation) => !isPlausible(observation))).toBe(true);
    expect(rates.length).toBeLessThan(ward.filter(({ topic }) => topic === 'ward.vitals').length * 0.9);
    expect(
      ward
        .filter(({ topic }) => topic === 'ward.labs')
        .flatMap(observationsOf)
        .every(isPlausible),
    ).toBe(true);
  });
});

describe('radiographs', () => {
  const pictureOf = ({ record }: SimulatedMessage) => decode((record as ImagingMessage).image as Buffer);

  it('are PNG of 128 × 128 grey pixels, at most two in a day', () => {
    const imaging = WARD.filter(({ topic }) => topic === 'ward.imaging');
    for (const message of imaging) {
      expect(pictureOf(message)).toMatchObject({ width: 128, height: 128, channels: 1, depth: 8 });
    }
    for (const { patientId } of scenarioOnsets(OPTIONS)) {
      const times = imaging
        .filter(({ key }) => key === patientId)
        .map(({ record }) => (record as ImagingMessage).observedAt as number);
      expect(times.length).toBeGreaterThan(0);
      for (let index = 2; index < times.length; index++) {
        expect(times[index] - times[index - 2]).toBeGreaterThanOrEqual(24 * HOUR_MS);
      }
    }
  });

  it('whiten as the lungs fail', () => {
    const options: SimulateOptions = {
      ...OPTIONS,
      beds: 2,
      hours: 27,
      scenarios: ['respiratory-failure', 'stable'],
    };
    const lung = (message: SimulatedMessage): number => {
      const { data } = pictureOf(message);
      let sum = 0;
      for (let y = 50; y < 90; y++) for (let x = 32; x < 44; x++) sum += data[y * 128 + x];
      return sum / (40 * 12);
    };
    const [failing, stable] = scenarioOnsets(options).map(({ patientId }) =>
      [...simulateWard(options)]
        .filter(({ topic, key }) => topic === 'ward.imaging' && key === patientId)
        .map(lung),
    );
    expect((failing.at(-1) as number) - failing[0]).toBeGreaterThan(30);
    expect(Math.abs((stable.at(-1) as number) - stable[0])).toBeLessThan(8);
  });
});
