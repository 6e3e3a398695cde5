import { describe, expect, it } from 'vitest';
import { type ObservedStay, SIGNALS, watchHours } from '../../src/cohort/stays.js';
import { burdenFigures } from '../../src/study/burden.js';
import { NO_CHARTS } from './scored-stay.js';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const DAY0 = Date.UTC(2026, 0, 5);

function stay(id: string, wardId: string, fromHour: number, hours: number): ObservedStay {
  const admittedAt = DAY0 + fromHour * HOUR;
  const none = new Float64Array(0);
  return {
    patientId: id,
    stayId: id,
    wardId,
    admittedAt,
    endAt: admittedAt + hours * HOUR,
    isOver: true,
    demographics: { ageYears: null, sex: null, heightCm: null, weightKg: null, unitType: null },
    observations: 0,
    alarms: [],
    times: none,
    signals: Object.fromEntries(SIGNALS.map((id) => [id, none])) as ObservedStay['signals'],
    charted: NO_CHARTS,
  };
}

describe('alarm burden', () => {
  const stays = [stay('1', 'A', 0, 24), stay('2', 'A', 0, 24), stay('3', 'A', 0, 24), stay('4', 'B', 12, 12)];
  // Ward A: alarms at 06:00, 06:08, 06:16 (one storm) and 20:00; ward B: at 13:00.
  const raised = [[360, 1200], [368], [376], [60]].map((minutes, index) =>
    minutes.map((minute) => ({ time: stays[index].admittedAt + minute * MINUTE, rule: 'r' })),
  );
  const figures = burdenFigures(stays, raised, true);

  it('is told by hour of the day, over the patients who were there', () => {
    expect(figures.byHour.map(({ alarms }) => alarms)).toEqual([0, 0, 0, 3, 0, 0, 1, 0, 0, 0, 1, 0]);
    // Before noon three patients, after noon four: a twelfth of a day each.
    expect(figures.byHour[0].patientDays).toBeCloseTo(3 / 12, 12);
    expect(figures.byHour[6].patientDays).toBeCloseTo(4 / 12, 12);
    expect(figures.byHour[3].alarmsPerPatientDay).toBeCloseTo(12, 12);
  });

  it('is told by ward and by the beds a nurse cares for', () => {
    expect(figures.byWard).toEqual([
      { label: 'A', alarms: 4, patientDays: 3, alarmsPerPatientDay: 4 / 3 },
      { label: 'B', alarms: 1, patientDays: 0.5, alarmsPerPatientDay: 2 },
    ]);
    // 5 alarms in 3.5 patient-days, twelve hours, two beds.
    expect(figures.byNurse[1]).toMatchObject({ beds: 2, alarmsPerShift: expect.closeTo(5 / 3.5, 12) });
    // One nurse a bed: six half days on ward A with 1, 1, 1, 1, 0 and 0 alarms, one on ward B with 1.
    expect(figures.byNurse[0]).toMatchObject({ beds: 1, shifts: 7, percentile95: 1, most: 1 });
    // Three beds a nurse: both half days of ward A and that of ward B have one nurse, with 3, 1 and 1.
    expect(figures.byNurse[2]).toMatchObject({ shifts: 3, percentile95: expect.closeTo(2.8, 12), most: 3 });
    // Two beds a nurse: in the morning on ward A one hears 2 and one 1.
    expect(figures.byNurse[1]).toMatchObject({ shifts: 5, most: 2 });
  });

  it('has the longest storm of one ward', () => {
    expect(figures.longestStorm).toEqual({ ward: 'A', start: DAY0 + 6 * HOUR, minutes: 16, alarms: 3 });
    expect(figures.mostInTenMinutes).toBe(2);
  });

  it('goes by hours since admission where there is no clock, and is nothing where there are no alarms', () => {
    const apart = burdenFigures(stays, raised, false);
    expect(apart.byHour[0]).toMatchObject({ label: '0 to 2', alarms: 1 });
    expect(apart.byHour).toHaveLength(12);
    const quiet = burdenFigures(
      stays,
      stays.map(() => []),
      true,
    );
    expect(quiet).toMatchObject({ longestStorm: null, mostInTenMinutes: 0 });
    expect(quiet.byNurse[3]).toMatchObject({ alarmsPerShift: 0, percentile95: 0, most: 0 });
  });
});

it('the hour to watch counts from the first admission of a patient who came twice', () => {
  const [first, again, other] = [stay('1', 'A', 0, 4), stay('1', 'A', 30, 4), stay('2', 'A', 10, 4)];
  const hourOf = watchHours([again, first, other]);
  expect(hourOf(first, first.admittedAt + 2 * HOUR)).toBe(2.1);
  expect(hourOf(again, again.admittedAt + 2 * HOUR)).toBe(32.1);
  expect(hourOf(other, other.admittedAt + 90 * MINUTE)).toBe(1.6);
});
