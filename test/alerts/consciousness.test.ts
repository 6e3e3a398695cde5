import { expect, it } from 'vitest';
import { type Charted, statesTold } from './states-told.js';

const hourly = (from: number, to: number, gcs: number): Charted[] =>
  Array.from({ length: to - from }, (_, index) => [60 * (from + index), { gcs }]);

it('a coma is HIGH after ten minutes, and goes on for days with what it fell from', async () => {
  const days = [...hourly(0, 2, 15), ...hourly(2, 70, 5)];
  const raised = [
    ['coma', 'HIGH', 'RAISED', 5, 130],
    ['consciousness-fall', 'MEDIUM', 'RAISED', 10, 180],
  ];
  expect(await statesTold(days)).toEqual(raised);
  // Awake again at hour 70: ten minutes for the one, an hour for the other.
  expect(await statesTold([...days, ...hourly(70, 73, 14)])).toEqual([
    ...raised,
    ['coma', 'HIGH', 'RESOLVED', 14, 4210],
    ['consciousness-fall', 'MEDIUM', 'RESOLVED', 1, 4260],
  ]);
});

it('a coma ends at 10 points, not at 9', async () => {
  const better = (gcs: number) => statesTold([...hourly(0, 2, 8), ...hourly(2, 4, gcs)]);
  expect(await better(9)).toEqual([['coma', 'HIGH', 'RAISED', 8, 10]]);
  expect((await better(10)).at(-1)).toEqual(['coma', 'HIGH', 'RESOLVED', 10, 130]);
});

it('a tube accounts for a coma from when it is charted', async () => {
  const tube = (minute: number): Charted[] => [
    [0, { gcs: 7 }],
    [minute, { mechVent: 1 }],
    [240, { gcs: 3, mechVent: 1 }],
  ];
  expect(await statesTold(tube(6))).toEqual([]);
  expect(await statesTold(tube(60))).toEqual([
    ['coma', 'HIGH', 'RAISED', 7, 10],
    ['coma', 'HIGH', 'RESOLVED', 7, 70],
  ]);
});

it('a tube that is charted once a shift accounts for a coma all day, until it is charted as out', async () => {
  const shifts: Charted[] = [0, 480, 960].map((minute) => [minute, { mechVent: 1 }]);
  expect(await statesTold([...shifts, ...hourly(0, 24, 3)].sort((a, b) => a[0] - b[0]))).toEqual([]);
  const out: Charted[] = [
    [0, { mechVent: 1 }],
    ...hourly(1, 3, 3),
    [150, { mechVent: 0 }],
    ...hourly(3, 5, 3),
  ];
  expect(await statesTold(out)).toEqual([['coma', 'HIGH', 'RAISED', 3, 190]]);
});

it('who responds to nothing is in coma without a Glasgow Coma Scale, until something is responded to', async () => {
  const level = (from: number, to: number, acvpu: number): Charted[] =>
    Array.from({ length: to - from }, (_, index) => [60 * (from + index), { acvpu }]);
  expect(
    await statesTold([...level(0, 4, 0), ...level(4, 8, 4), ...level(8, 10, 3), ...level(10, 12, 2)]),
  ).toEqual([
    ['coma', 'HIGH', 'RAISED', 3, 250],
    ['coma', 'HIGH', 'RESOLVED', 13, 610],
  ]);
});
