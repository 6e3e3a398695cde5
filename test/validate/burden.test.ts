import { describe, expect, it } from 'vitest';
import { burdenFigures } from '../../src/validate/burden.js';
import type { ObservedStay } from '../../src/validate/stays.js';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const DAY0 = Date.UTC(2026, 0, 5);
const NONE = { times: new Float64Array(0), values: new Float64Array(0) };

/** A stay whose risk is 1 at some minutes after its admission, and 0 in between. */
function stay(
  id: string,
  wardId: string,
  fromHour: number,
  hours: number,
  alarmMinutes: readonly number[],
): ObservedStay {
  const admittedAt = DAY0 + fromHour * HOUR;
  const times = Float64Array.from(alarmMinutes, (minute) => admittedAt + minute * MINUTE);
  const values = Float64Array.from(times, () => 1);
  const unknown = Float64Array.from(times, () => Number.NaN);
  return {
    patientId: id,
    stayId: id,
    wardId,
    admittedAt,
    endAt: admittedAt + hours * HOUR,
    isOver: true,
    demographics: { ageYears: null, sex: null, heightCm: null, weightKg: null, unitType: null },
    observations: 0,
    times,
    signals: {
      model: values,
      circulatory: unknown,
      respiratory: unknown,
      deterioration: unknown,
      news2: unknown,
      qsofa: unknown,
      map: unknown,
      spo2: unknown,
    },
    charted: { mapInvasive: NONE, mapCuff: NONE, lactate: NONE, pao2: NONE, fio2: NONE, mechVent: NONE },
  };
}

describe('alarm burden', () => {
  // Ward A: alarms at 06:00, 06:08, 06:16 (one storm) and 20:00; ward B: one, and one silenced within half an hour.
  const stays = [
    stay('1', 'A', 0, 24, [360, 1200]),
    stay('2', 'A', 0, 24, [368]),
    stay('3', 'A', 0, 24, [376]),
    stay('4', 'B', 12, 12, [60, 80]),
  ];
  const figures = burdenFigures(stays, 'model', 0.5, true);

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
    expect(figures.byNurse[1]).toEqual({ beds: 2, alarmsPerShift: expect.closeTo(5 / 3.5, 12) });
  });

  it('has the longest storm of one ward', () => {
    expect(figures.longestStorm).toEqual({ ward: 'A', start: DAY0 + 6 * HOUR, minutes: 16, alarms: 3 });
    expect(figures.mostInTenMinutes).toBe(2);
  });

  it('goes by hours since admission where there is no clock, and is nothing where there are no alarms', () => {
    const apart = burdenFigures(stays, 'model', 0.5, false);
    expect(apart.byHour[0]).toMatchObject({ label: '0 to 2', alarms: 1 });
    expect(apart.byHour).toHaveLength(12);
    const quiet = burdenFigures(stays, 'model', 2, true);
    expect(quiet).toMatchObject({ longestStorm: null, mostInTenMinutes: 0 });
  });
});
