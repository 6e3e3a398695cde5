import { expect, it } from 'vitest';
import { findStable } from '../../../src/study/probe/stable.js';
import { chartsOf, type StayChart } from '../../../src/study/probe/stays.js';
import { hourly, WELL_ALL_ALONG } from '../cohort.js';
import { planted, without, withValue } from './stays.js';

const HOUR_MS = 3_600_000;

it('takes the first stable stays of a source, at the first hour that is', async () => {
  // Tachycardia is over at 01:10: the first whole hour that is six hours later is 08:00.
  const source = planted(withValue('HR', 150, 0, 1), WELL_ALL_ALONG, WELL_ALL_ALONG);
  const { stays, seen } = await findStable(source, 2);
  expect(seen).toBe(2);
  expect(stays.map(({ number, chart, startMs }) => [number, chart.patientId, startMs / HOUR_MS])).toEqual([
    [0, '900001', 8],
    [1, '900002', 6],
  ]);
});

it.each([
  ['a mean pressure of 60 hours before', withValue('MAP', 60, 3, 4)],
  ['a heart rate of 150 while the sign comes back', withValue('HR', 150, 14, 15)],
  [
    'an early warning score of 5',
    withValue('GCS', 13, 0, 48).map(
      ([minute, name, value]) => [minute, name, name === 'RespRate' ? 22 : value] as const,
    ),
  ],
  ['too few signs', without('SysABP').filter(([, name]) => name === 'HR' || name === 'Temp')],
  ['an end before the sign is back', hourly(0, 12)],
])('takes no stay with %s', async (_, rows) => {
  const found = findStable(planted(rows), 1);
  await expect(found).rejects.toMatchObject({ code: 'WS_SOURCE' });
  await expect(found).rejects.toThrow('none of 1 stays is stable');
});

it('takes a stay in which a value is beyond a limit for minutes only', async () => {
  const flushes = [[200, 'MAP', 250] as const, [201, 'MAP', 85] as const, [500, 'SysABP', 60] as const];
  const rows = [...WELL_ALL_ALONG, ...flushes, [505, 'SysABP', 120] as const];
  expect((await findStable(planted(rows), 1)).stays[0].startMs).toBe(6 * HOUR_MS);
  const lasting = [...WELL_ALL_ALONG, [500, 'SysABP', 60] as const, [515, 'SysABP', 120] as const];
  // From 08:35 on it is over: 14:35 is too late, so nobody is there.
  await expect(findStable(planted(lasting), 1)).rejects.toThrow('none of 1');
});

it('reads what can be used of a stay, by time, with its admission', async () => {
  const source = planted([...hourly(0, 2), [30, 'Temp', -17.8], [90, 'Lactate', 1.2]]);
  const { value: chart } = (await chartsOf(source).next()) as { value: StayChart };
  expect(chart.admission).toMatchObject({ ageYears: 60, sex: 'FEMALE' });
  expect(chart.values).toHaveLength(2 * 7 + 1);
  expect(chart.values.map(({ atMs }) => atMs)).toEqual(
    chart.values.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
  );
});
