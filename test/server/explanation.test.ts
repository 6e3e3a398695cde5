import { describe, expect, it } from 'vitest';
import { explanationSchema } from '../../src/contract/schemas.js';
import type { Explanation } from '../../src/engine/explanations.js';
import { explanationView } from '../../src/server/explanation.js';
import { START } from '../helpers.js';
import { documented, json, openTestStore, openWard, stay, tokenOf } from './ward.js';

const EXPLANATION: Explanation = {
  patientId: 'p1',
  stayId: 's1',
  eventTime: START,
  modelVersion: 'v1',
  outcome: 'mortality',
  value: 0.6,
  contributions: { base: 0.1, structured: 0.4, text: 0.2, image: -0.1 },
  newest: { text: START - 60_000, image: START - 3_600_000 },
  variables: [
    { variable: 'lactate', value: 6.1, unit: 'mmol/L', ageMs: 120_000, effect: 0.2 },
    { variable: 'heartRate', value: 70, unit: '/min', ageMs: 0, effect: -0.15 },
  ],
};
const logOdds = (probability: number) => Math.log(probability / (1 - probability));

describe('explanationView', () => {
  it('is what the API promises', () => {
    const view = explanationView(EXPLANATION);
    expect(explanationSchema.parse(view)).toEqual(view);
    expect(view).toMatchObject({
      patientId: 'p1',
      output: 'mortality',
      risk: 0.6,
      modelVersion: 'v1',
      eventTime: START,
    });
  });

  it('gives what each input adds in log-odds, which add up from the base to the risk', () => {
    const { modalities, variables } = explanationView(EXPLANATION)!;
    const added = modalities.reduce((sum, { contribution }) => sum + contribution, 0);
    expect(logOdds(0.1) + added).toBeCloseTo(logOdds(0.6), 10);
    expect(modalities[1]).toMatchObject({ modality: 'text', eventTime: START - 60_000 });
    expect(modalities[1].contribution).toBeCloseTo(logOdds(0.6) - logOdds(0.4), 10);
    expect(modalities[2].contribution).toBeCloseTo(logOdds(0.6) - logOdds(0.7), 10);
    const [lactate, heartRate] = variables;
    expect(lactate).toMatchObject({ label: 'Lactate', value: 6.1, at: START - 120_000, direction: 'raises' });
    expect(lactate.contribution).toBeCloseTo(logOdds(0.6) - logOdds(0.4), 10);
    expect(heartRate).toMatchObject({ direction: 'lowers' });
    expect(heartRate.contribution).toBeCloseTo(logOdds(0.6) - logOdds(0.75), 10);
  });

  it('says of a patient without notes and images that they add nothing', () => {
    const contributions = { base: 0.1, structured: 0.5, text: null, image: null };
    const view = explanationView({ ...EXPLANATION, contributions, newest: { text: null, image: null } })!;
    expect(view.modalities.map(({ contribution, eventTime }) => [contribution, eventTime]).slice(1)).toEqual([
      [0, null],
      [0, null],
    ]);
    expect(view.modalities[0].contribution).toBeCloseTo(logOdds(0.6) - logOdds(0.1), 10);
  });

  it('is null for an outcome that the model does not predict', () => {
    expect(explanationView({ ...EXPLANATION, outcome: 'circulatory', value: null })).toBeNull();
  });
});

describe('GET …/explanation', () => {
  it('gives what the engine explains as the API promises, and says where there is nothing to explain', async () => {
    const { store, close } = await openTestStore();
    let known: Explanation | null = EXPLANATION;
    const ward = await openWard(store, { explain: async () => known });
    await ward.write({ admitted: [stay('p1', 'W')] });
    const ask = async () => ward.get('/api/v1/patients/p1/explanation', await tokenOf());
    const body = documented(explanationSchema, await json(await ask()));
    expect(body).toEqual(explanationView(EXPLANATION));
    for (known of [null, { ...EXPLANATION, outcome: 'circulatory', value: null } as const]) {
      expect((await ask()).status).toBe(404);
    }
    await ward.close();
    await close();
  });
});
