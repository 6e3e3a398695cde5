import { expect, it } from 'vitest';
import type { AlertMessage } from '../../src/contract/messages.js';
import { TOPICS } from '../../src/contract/topics.js';
import type { SourceMessage } from '../../src/events/source-message.js';
import { replay } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { noCounts } from '../../src/sources/source.js';
import { adt, HOUR_MS, START, vitals } from '../helpers.js';

type Charted = readonly [hour: number, values: Record<string, number>];

/** What is told of states of consciousness: which, what, after how many hours. */
async function told(charted: readonly Charted[]) {
  const who = { patientId: 'p1', messageId: 'adt', eventTime: START };
  const admitted = adt('ADMIT', { ...who, wardId: 'ICU', bedId: '1' });
  const messages: SourceMessage[] = [
    { topic: TOPICS.adt, key: 'p1', eventTime: START, record: admitted },
    ...charted.map(([hour, values], index): SourceMessage => {
      const eventTime = START + hour * HOUR_MS;
      const record = vitals(values, { patientId: 'p1', messageId: `v${index}`, eventTime });
      return { topic: TOPICS.vitals, key: 'p1', eventTime, record };
    }),
  ];
  const alerts: AlertMessage[] = [];
  const write = async (outputs: { readonly alerts: readonly AlertMessage[] }) => {
    alerts.push(...outputs.alerts);
  };
  const source = { counts: noCounts(), total: 1, messages: () => messages };
  const config = parseConfig({ alerts: { rules: [] } });
  await replay(source, { config, speed: 'max', sinks: [{ write }], asksModel: false });
  return alerts
    .filter(({ state, reason }) => state !== 'ESCALATED' && reason !== 'discharged')
    .map(({ rule, priority, state, value, eventTime }) => {
      return [rule, priority, state, value, Math.round((eventTime - START) / 60_000)];
    });
}

const hourly = (from: number, to: number, gcs: number): Charted[] =>
  Array.from({ length: to - from }, (_, index) => [from + index, { gcs }]);

it('a coma is HIGH after ten minutes, and goes on for days with what it fell from', async () => {
  const days = [...hourly(0, 2, 15), ...hourly(2, 70, 5)];
  const raised = [
    ['coma', 'HIGH', 'RAISED', 5, 130],
    ['consciousness-fall', 'MEDIUM', 'RAISED', 10, 180],
  ];
  expect(await told(days)).toEqual(raised);
  // Awake again at hour 70: ten minutes for the one, an hour for the other.
  expect(await told([...days, ...hourly(70, 73, 14)])).toEqual([
    ...raised,
    ['coma', 'HIGH', 'RESOLVED', 14, 4210],
    ['consciousness-fall', 'MEDIUM', 'RESOLVED', 1, 4260],
  ]);
});

it('a coma ends at 10 points, not at 9', async () => {
  const better = (gcs: number) => told([...hourly(0, 2, 8), ...hourly(2, 4, gcs)]);
  expect(await better(9)).toEqual([['coma', 'HIGH', 'RAISED', 8, 10]]);
  expect((await better(10)).at(-1)).toEqual(['coma', 'HIGH', 'RESOLVED', 10, 130]);
});

it('a tube accounts for a coma from when it is charted', async () => {
  const tube = (hour: number): Charted[] => [
    [0, { gcs: 7 }],
    [hour, { mechVent: 1 }],
    [4, { gcs: 3, mechVent: 1 }],
  ];
  expect(await told(tube(0.1))).toEqual([]);
  expect(await told(tube(1))).toEqual([
    ['coma', 'HIGH', 'RAISED', 7, 10],
    ['coma', 'HIGH', 'RESOLVED', 7, 70],
  ]);
});
