import { expect, it } from 'vitest';
import { type Charted, statesTold } from './states-told.js';

/** A heart rate and a line with a pulse, every ten seconds. */
const beats = (from: number, to: number, heartRate: number): Charted[] =>
  Array.from({ length: 6 * (to - from) }, (_, index) => {
    const line = { sbpInvasive: 100 + (index % 3), dbpInvasive: 50, mapInvasive: 67 + (index % 2) };
    return [from + index / 6, { heartRate: heartRate + (index % 2), ...line }];
  });

it('a heart that nearly stands beside a pulse is HIGH within a minute, and a pause of half a minute is not', async () => {
  expect(await statesTold([...beats(0, 5, 70), ...beats(5, 20, 12)])).toMatchObject([
    ['bradycardia-extreme', 'HIGH', 'RAISED', expect.any(Number), 6],
  ]);
  const pause = beats(5, 20, 70).map(
    (each, index): Charted => (index < 3 ? [each[0], { ...each[1], heartRate: 14 }] : each),
  );
  expect(await statesTold([...beats(0, 5, 70), ...pause])).toEqual([]);
});
