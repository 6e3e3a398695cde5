import { expect, it } from 'vitest';
import { type ObservedStay, SIGNALS } from '../../src/cohort/stays.js';
import { soundedAlarms } from '../../src/study/alarms.js';
import { subgroupAlarms } from '../../src/study/subgroup-alarms.js';
import { NO_CHARTS } from './scored-stay.js';

const NONE = new Float64Array(0);

/** Sixty stays of a day: of every three women, an event of one is caught; of every three men, those of two. */
const STAYS = Array.from({ length: 60 }, (_, index): ObservedStay => {
  const sex = index % 2 === 0 ? 'FEMALE' : 'MALE';
  return {
    patientId: String(index),
    stayId: String(index),
    wardId: null,
    admittedAt: 0,
    endAt: 24 * 3_600_000,
    isOver: true,
    demographics: { ageYears: 70, sex, heightCm: null, weightKg: null, unitType: null },
    observations: 1,
    alarms: [],
    times: NONE,
    signals: Object.fromEntries(SIGNALS.map((id) => [id, NONE])) as ObservedStay['signals'],
    charted: NO_CHARTS,
  };
});
const ALARMS = soundedAlarms(
  STAYS.map((_, index) => {
    const isCaught = Math.floor(index / 2) % 3 < (index % 2 === 0 ? 1 : 2);
    return { alarms: 2, trueAlarms: isCaught ? 1 : 0, events: 1, hours: 24, leads: isCaught ? [1] : [] };
  }),
);

it('the group in which fewer events are caught is said to be worse, with its figures', () => {
  const groups = subgroupAlarms(STAYS, ALARMS, { seed: 1, resamples: 400 });
  const [female, male] = groups.filter(({ by }) => by === 'sex');
  expect(female).toMatchObject({ group: 'female', patients: 30, events: 30, verdict: 'worse' });
  expect(male).toMatchObject({ group: 'male', patients: 30, events: 30, verdict: 'better' });
  expect(female.recall.value).toBeCloseTo(1 / 3, 12);
  expect(female.precision.value).toBeCloseTo(1 / 6, 12);
  expect(female.alarmsPerPatientDay).toEqual({ value: 2, interval: [2, 2] });
  expect(female.difference.value).toBeCloseTo(-1 / 3, 12);
  expect(female.difference.interval[1]).toBeLessThan(0);
  expect(male.difference.interval[0]).toBeCloseTo(-female.difference.interval[1], 12);
  // Where all are in one group, there are no others to compare with.
  expect(groups.find(({ by }) => by === 'age')).toMatchObject({
    group: '65 to 79',
    patients: 60,
    verdict: 'too few',
  });
  expect(groups.find(({ by }) => by === 'age')!.difference.value).toBeNaN();
});
