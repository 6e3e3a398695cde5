import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AlertPolicy } from '../../src/alerts/policy.js';
import { PatientSigns } from '../../src/align/patient-signs.js';
import { VARIABLE_COUNT, variableIndex } from '../../src/clinical/variables.js';
import type { AlertMessage } from '../../src/contract/messages.js';
import { DEFAULT_CONFIG } from '../../src/settings/config.js';
import { START } from '../helpers.js';
import { type Charted, statesTold } from './states-told.js';

const MINUTE_MS = 60_000;

/** A line about a mean, told every minute, with the pulse of a body. */
const line = (from: number, to: number, mean: number): Charted[] =>
  Array.from({ length: to - from }, (_, index) => {
    const mapInvasive = mean + (index % 3);
    return [from + index, { mapInvasive, sbpInvasive: mapInvasive + 40, dbpInvasive: mapInvasive - 20 }];
  });
const cuffs = (minutes: readonly number[], mapCuff: number): Charted[] =>
  minutes.map((minute) => [minute, { mapCuff }]);
const together = (...all: readonly Charted[][]) => all.flat().sort((a, b) => a[0] - b[0]);

it('a critical cuff beside a line that is well is one alarm, until the cuff is well too', async () => {
  const everyQuarter = Array.from({ length: 12 }, (_, index) => 20 + 15 * index);
  const bad = together(line(0, 280, 85), cuffs([5], 84), cuffs(everyQuarter, 52));
  expect(await statesTold(bad)).toEqual([
    ['hypotension-severe', 'HIGH', 'RAISED', 52, 30],
    // Sixty-five minutes after the last of them, at 185, the line speaks again.
    ['hypotension-severe', 'HIGH', 'RESOLVED', expect.any(Number), 261],
  ]);
  expect((await statesTold(together(bad, cuffs([190], 83)))).at(-1)).toEqual([
    'hypotension-severe',
    'HIGH',
    'RESOLVED',
    86,
    200,
  ]);
});

it('a critical cuff every hour beside a line that is well is one alarm a day', async () => {
  const hourly = Array.from({ length: 24 }, (_, hour) => 20 + 60 * hour + (hour % 3) * 2);
  const raised = (await statesTold(together(line(0, 1430, 75), cuffs(hourly, 53)))).filter(
    ([, , state]) => state === 'RAISED',
  );
  expect(raised).toEqual([['hypotension-severe', 'HIGH', 'RAISED', 53, 30]]);
});

it('a critical cuff hours after a line that was well, and a critical line beside a cuff that is well, alarm', async () => {
  expect(await statesTold(together(line(0, 5, 85), cuffs([8, 19], 52)))).toEqual([
    ['hypotension-severe', 'HIGH', 'RAISED', 52, 18],
  ]);
  const low = together(line(0, 5, 85), line(5, 40, 52), cuffs([7, 22, 37], 80));
  expect(await statesTold(low)).toEqual([['hypotension-severe', 'HIGH', 'RAISED', 52, 15]]);
});

it('a cuff with which the line agreed does not keep an alarm that the line ends', async () => {
  const better = together(line(0, 30, 52), cuffs([20], 50), line(30, 60, 85));
  expect(await statesTold(better)).toEqual([
    ['hypotension-severe', 'HIGH', 'RAISED', 52, 10],
    ['hypotension-severe', 'HIGH', 'RESOLVED', 85, 40],
  ]);
});

it('line and cuff that contradict each other by turns are one episode, however often the process restarts', () => {
  const cuffCourse = fc.array(
    fc.record({ gap: fc.integer({ min: 1, max: 75 }), mapCuff: fc.integer({ min: 35, max: 55 }) }),
    { minLength: 2, maxLength: 20 },
  );
  const lineCourse = fc.array(
    fc.record({ minute: fc.integer({ min: 0, max: 1500 }), mapInvasive: fc.integer({ min: 66, max: 110 }) }),
    { maxLength: 200 },
  );
  const isRestarted = fc.array(fc.boolean(), { minLength: 20, maxLength: 20 });
  fc.assert(
    fc.property(cuffCourse, lineCourse, isRestarted, (bad, well, restarts) => {
      let last = 0;
      const course = bad.map(({ gap, mapCuff }): Charted => {
        last += gap;
        return [last, { mapCuff }];
      });
      const all = together(
        course,
        well
          .filter(({ minute }) => minute <= last)
          .map(({ minute, mapInvasive }) => [minute, { mapInvasive }]),
      );
      const records = told(all, restarts).filter(({ rule }) => rule === 'hypotension-severe');
      const raised = records.filter(({ state }) => state === 'RAISED');
      const began = START + (course[0][0] + 10) * MINUTE_MS;
      expect(raised.map(({ eventTime }) => eventTime)).toEqual([began]);
      expect(records.filter(({ state }) => state === 'RESOLVED')).toEqual([]);
    }),
  );
});

/** The records of states of one patient whose values come in order, each believed. */
function told(all: readonly Charted[], restarts: readonly boolean[]): AlertMessage[] {
  const policy = new AlertPolicy([], 'v', Number.POSITIVE_INFINITY, DEFAULT_CONFIG.alerts.state);
  const where = { patientId: 'p1', stayId: 's1', wardId: 'W', bedId: '1' };
  policy.place({ ...where, time: START });
  const none = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);
  let signs = new PatientSigns();
  const records: AlertMessage[] = [];
  all.forEach(([minute, values], index) => {
    const eventTime = START + minute * MINUTE_MS;
    records.push(...policy.advanceTo('p1', eventTime - 1));
    for (const [id, value] of Object.entries(values))
      signs.record(variableIndex(id), value, eventTime, eventTime);
    signs.update();
    if (restarts[index % restarts.length]) {
      const kept = signs.toArray();
      signs = new PatientSigns();
      signs.restore(kept);
      signs.update();
    }
    const known = { episodes: signs.active(), reopened: 0, values: none, ages: none };
    records.push(...policy.measure({ ...where, eventTime, ...known }));
  });
  records.push(...policy.advanceTo('p1', START + (all.at(-1)![0] + 10) * MINUTE_MS));
  return records;
}
