import { expect, it } from 'vitest';
import { type Charted, statesTold } from './states-told.js';

/** Oxygen of the fraction from a minute on, and then every hour. */
const oxygen = (from: number, to: number, fio2: number): Charted[] =>
  Array.from({ length: Math.ceil((to - from) / 60) }, (_, index) => [from + 60 * index, { fio2 }]);
/** A saturation twice a minute, which wavers upwards by a point. */
const saturation = (from: number, to: number, spo2: number): Charted[] =>
  Array.from({ length: 2 * (to - from) }, (_, index) => [from + index / 2, { spo2: spo2 + (index % 2) }]);
const together = (...all: readonly Charted[][]) => all.flat().sort((a, b) => a[0] - b[0]);

it('oxygen for suction and a short dip of the saturation are no respiratory failure', async () => {
  const dip = together(saturation(0, 10, 98), saturation(10, 11, 93), saturation(11, 180, 98));
  const suction = together(oxygen(0, 10, 0.4), oxygen(10, 15, 1), oxygen(15, 180, 0.4));
  expect(await statesTold(together(suction, dip))).toEqual([]);
  expect(await statesTold(together(oxygen(0, 40, 1), dip))).toEqual([]);
});

it('one SpO2 of 97 % between higher ones does not outdo the blood gas', async () => {
  const once = together(saturation(0, 60, 98), [[60, { spo2: 97 }]], saturation(60.5, 180, 98));
  const gas: Charted[] = [[30, { pao2: 150 }]];
  expect(await statesTold(together(oxygen(0, 180, 0.5), gas, once))).toEqual([]);
});

it('a respiratory failure told by SpO2 ends where SpO2 stays above 97 %, one told by a gas does not', async () => {
  const low = together(oxygen(0, 180, 0.8), saturation(0, 30, 90), saturation(30, 180, 99));
  expect(await statesTold(low)).toMatchObject([
    ['hypoxaemia', 'MEDIUM', 'RAISED', expect.any(Number), 10],
    ['hypoxaemia', 'MEDIUM', 'RESOLVED', expect.any(Number), 40],
  ]);
  const gas = together(oxygen(0, 180, 0.8), [[20, { pao2: 110 }]], saturation(0, 180, 99));
  expect(await statesTold(gas)).toMatchObject([['hypoxaemia', 'MEDIUM', 'RAISED', expect.any(Number), 30]]);
});
