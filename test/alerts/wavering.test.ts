import { expect, it } from 'vitest';
import { type Charted, statesTold } from './states-told.js';

/** Values every five seconds for an hour: a mean and a standard deviation, from the same random numbers each time. */
function wavering(id: string, mean: number, deviation: number): Charted[] {
  let seed = 7;
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  // The sum of twelve has a standard deviation of one.
  const normal = () => Array.from({ length: 12 }, random).reduce((sum, each) => sum + each, -6);
  return Array.from({ length: 720 }, (_, index) => {
    return [index / 12, { [id]: Math.round(mean + deviation * normal()) }];
  });
}

/** A value every five seconds for an hour, and another one for five seconds every nine minutes. */
function spiked(id: string, usual: number, spike: number): Charted[] {
  return Array.from({ length: 720 }, (_, index) => {
    return [index / 12, { [id]: index % 108 === 50 ? spike : usual }];
  });
}

/** The states that are raised within a quarter of an hour of the first value. */
async function raisedSoon(charted: readonly Charted[]) {
  const all = await statesTold(charted);
  return all.filter(([, , state, , minute]) => state === 'RAISED' && Number(minute) <= 15).map(([id]) => id);
}

it('a sign that wavers about the limit is told as soon as one that stands still', async () => {
  expect(await raisedSoon(wavering('heartRate', 160, 12))).toEqual(['tachycardia']);
  expect(await raisedSoon(wavering('heartRate', 38, 2))).toEqual(['bradycardia']);
  expect(await raisedSoon(wavering('respRate', 42, 4))).toEqual(['tachypnoea']);
  expect(await raisedSoon(wavering('mapCuff', 50, 3))).toContain('hypotension-severe');
  expect(await raisedSoon(wavering('spo2', 82, 2))).toContain('desaturation-severe');
});

it('a cough, or a probe that moves, hides no state', async () => {
  expect(await raisedSoon(spiked('mapCuff', 45, 75))).toContain('hypotension-severe');
  expect(await raisedSoon(spiked('spo2', 78, 86))).toContain('desaturation-severe');
  expect(await raisedSoon(spiked('spo2', 78, 93))).toContain('desaturation-severe');
});

it('a sign that is well but for short dips is no state', async () => {
  expect(await statesTold(spiked('mapCuff', 75, 45))).toEqual([]);
  expect(await statesTold(wavering('heartRate', 60, 5))).toEqual([]);
});
