import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SIGNS } from '../../src/clinical/signs.js';
import { CRITERIA, type PresentState } from '../../src/clinical/state.js';
import { layerOf } from '../../src/contract/layers.js';
import type { AlertsResponse, Timeline } from '../../src/contract/protocol.js';
import { alert, START, score } from '../helpers.js';
import { json, openTestStore, openWard, stay, type TestWard, tokenOf } from './ward.js';

const MINUTE_MS = 60_000;

describe('state and risk', () => {
  let store: Awaited<ReturnType<typeof openTestStore>>;
  let ward: TestWard;
  let token: string;

  beforeAll(async () => {
    store = await openTestStore();
    ward = await openWard(store.store);
    token = await tokenOf();
    await ward.write({ admitted: [stay('p1', 'W')] });
  });
  afterAll(async () => {
    await ward.close();
    await store.close();
  });

  it('tells which states were there from when to when, how bad they were, and what is there now', async () => {
    const state = (sign: number, since: number, criterion = 'hypotension'): PresentState => {
      const { label, grade, sign: id } = CRITERIA.find((each) => each.id === criterion)!;
      const at = START + since * MINUTE_MS;
      const variable = id === 'map' ? 'mapInvasive' : 'potassium';
      return {
        criterion,
        label,
        grade,
        sign: id,
        value: sign,
        unit: SIGNS[id].unit,
        since: at,
        at,
        variable,
      };
    };
    const told = [
      score(40, 0.1, { states: [state(60, 38)] }),
      score(41, 0.1, { states: [state(52, 38), state(6.9, 41, 'potassium-high')] }),
      score(42, 0.1, { states: [state(58, 38), state(6.9, 41, 'potassium-high')] }),
      score(43, 0.1, { states: [state(6.9, 41, 'potassium-high')] }),
    ];
    const last = told[3].states;
    await ward.write({ scores: told, states: [{ patientId: 'p1', states: last }] });
    const read = async () =>
      (await json<Timeline>(await ward.get('/api/v1/patients/p1/timeline', token))).states.map(
        ({ criterion, since, to, value, worst, variable }) => ({
          criterion,
          minutes: [since, to].map((time) => (time === null ? null : (time - START) / MINUTE_MS)),
          values: [value, worst],
          variable,
        }),
      );
    const low = { criterion: 'hypotension', minutes: [38, 43], values: [58, 52], variable: 'mapInvasive' };
    const potassium = { criterion: 'potassium-high', values: [6.9, 6.9], variable: 'potassium' };
    expect(await read()).toEqual([low, { ...potassium, minutes: [41, null] }]);
    // What changes between two scores is told at once.
    await ward.write({ scores: [score(44, 0.1, { states: last })] });
    await ward.write({ states: [{ patientId: 'p1', states: [state(51, 44)] }] });
    expect(await read()).toEqual([
      low,
      { ...potassium, minutes: [41, 44] },
      { ...low, minutes: [44, null], values: [51, 51] },
    ]);
  });

  it('finds alerts by what they are about', async () => {
    const technical = { class: 'technical', rule: 'feed-silent', mortality: null, value: null } as const;
    const state = alert('s1', 0, { rule: 'hypotension', signal: 'map', mortality: null, modelVersion: '' });
    const sofa = alert('s2', 0, { rule: 'organs', signal: 'sofa', value: 9 });
    const news2 = alert('r2', 0, { rule: 'warning', signal: 'news2', value: 8 });
    const early = alert('r3', 0, { signal: null });
    const earlier = alert('r4', 0, { signal: 'risk' });
    const all = [alert('r1'), news2, early, earlier, state, sofa, alert('t1', 0, technical)];
    await ward.write({ alerts: all });
    const found = async (layer: string) => {
      const { alerts } = await json<AlertsResponse>(await ward.get(`/api/v1/alerts?layer=${layer}`, token));
      return alerts.map((each) => [each.alertId, layerOf(each)]).sort();
    };
    expect(await found('state')).toEqual([
      ['s1', 'state'],
      ['s2', 'state'],
    ]);
    expect(await found('technical')).toEqual([['t1', 'technical']]);
    expect(await found('risk')).toEqual([
      ['r1', 'risk'],
      ['r2', 'risk'],
      ['r3', 'risk'],
      ['r4', 'risk'],
    ]);
    const rows = await (await ward.get('/api/v1/export/alerts?format=csv', token)).text();
    expect(rows).toMatch(/^"patient_id".*"layer"\n/);
    expect(rows).toMatch(/"s1".*"state"\n/);
    expect(rows).toMatch(/"s2".*"state"\n/);
    expect((await ward.get('/api/v1/alerts?layer=doubt', token)).status).toBe(400);
  });
});
