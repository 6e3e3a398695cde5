import { variableIndex } from '../../clinical/variables.js';
import type { StableStay, TimedValue } from './stays.js';

/** Values of a moment by variable id, in canonical units. */
export type Values = Readonly<Record<string, number>>;

/** Minutes since the monitor was put on: the ill patient gets worse until then, and is as ill from then on. */
const ILL_AT = 60;
/** Values come every five minutes, but every minute from shortly before until shortly after it. */
const SPARSE_EVERY = 5;
const DENSE_AROUND = 10;
const CUFF_EVERY = 15;
/** When what is wrong with the values begins. */
export const ARTEFACT_AT = 90;
/** So long the monitor goes on when it is over. */
export const GOES_ON = 60;

/** A patient whose state nobody can miss: by criteria of src/clinical/state.ts in shock, and in respiratory failure. */
const ILL: Values = { heartRate: 148, map: 50, respRate: 39, spo2: 82, temperature: 38.9 };
/** Of a stay that never charted a sign. */
const UNCHARTED: Values = { heartRate: 80, map: 85, respRate: 16, spo2: 97, temperature: 37 };
/** Charted by one of these, the first that has a value. */
const CHARTED_AS: Readonly<Record<string, readonly string[]>> = {
  heartRate: ['heartRate'],
  map: ['mapInvasive', 'mapCuff'],
  respRate: ['respRate'],
  spo2: ['spo2', 'sao2'],
  temperature: ['temperature'],
};
/** How far a sign moves about from minute to minute. */
const RESTLESS: Values = { heartRate: 2, map: 2, respRate: 1, spo2: 0.6, temperature: 0.05 };
/** The laboratory of the ill patient, of the well one, and of both, when the monitor is put on, when something false may come, and after it. */
const ILL_LABS: Values = { lactate: 6, potassium: 6.8 };
const WELL_LABS: Values = { lactate: 1, potassium: 4.2 };
const OTHER_LABS: Values = { glucose: 115, creatinine: 0.9, hemoglobin: 12, pao2: 95, fio2: 0.21 };
export const NEXT_LABS_AFTER = 30;

/** The signs a stay has at a time, or usual ones. */
export function signsAt({ chart, startMs }: StableStay): Values {
  return Object.fromEntries(
    Object.entries(CHARTED_AS).map(([sign, ids]) => {
      const known = ids.map((id) => lastOf(chart.values, variableIndex(id), startMs));
      return [sign, known.find((value) => value !== null) ?? UNCHARTED[sign]];
    }),
  );
}

/** The newest value of a variable up to a time; null where there is none. */
export function lastOf(values: readonly TimedValue[], variable: number, untilMs: number): number | null {
  return values.findLast((each) => each.atMs <= untilMs && each.variable === variable)?.value ?? null;
}

/** One patient on a monitor, well as charted or ill. */
export interface Monitored {
  /** What the monitor would show at a minute were all well with it. */
  readonly at: (minute: number) => Values;
  readonly labs: Values;
}

/** Whether the laboratory says its values at a minute. */
export function hasLabs(minute: number): boolean {
  return [0, ARTEFACT_AT, ARTEFACT_AT + NEXT_LABS_AFTER].includes(minute);
}

/** The patient as well as they were at the start, and the same patient ill. */
export function monitored(well: Values): { readonly well: Monitored; readonly ill: Monitored } {
  return {
    well: { at: (minute) => shown(well, minute), labs: { ...OTHER_LABS, ...WELL_LABS } },
    ill: {
      at: (minute) => {
        const part = Math.min(1, minute / ILL_AT);
        const signs = Object.entries(well).map(([sign, value]) => [sign, value + part * (ILL[sign] - value)]);
        return shown(Object.fromEntries(signs), minute);
      },
      labs: { ...OTHER_LABS, ...ILL_LABS },
    },
  };
}

/** Minutes at which values are sent, with an artefact of so many minutes. */
export function minutesWith(lasts: number): number[] {
  const all = Array.from({ length: ARTEFACT_AT + lasts + GOES_ON + 1 }, (_, minute) => minute);
  const [from, to] = [ARTEFACT_AT - DENSE_AROUND, ARTEFACT_AT + lasts + DENSE_AROUND];
  return all.filter((minute) => (minute >= from && minute <= to) || minute % SPARSE_EVERY === 0);
}

/** Seconds between two values of a monitor that streams, and how long the heart stands still. */
const STREAMED_EVERY_S = 5;
export const ARREST_MIN = 5;

/** What a monitor shows when the heart stops: no beat, a pressure that runs out, a saturation that falls. */
export function arrest({ at }: Monitored): { readonly minute: number; readonly values: Values }[] {
  const { spo2 } = at(ARTEFACT_AT);
  return Array.from({ length: (60 * ARREST_MIN) / STREAMED_EVERY_S }, (_, index) => {
    const since = (index * STREAMED_EVERY_S) / 60;
    const mapInvasive = Math.round(14 + 16 * Math.exp(-3 * since));
    const values = {
      heartRate: 0,
      mapInvasive,
      sbpInvasive: mapInvasive + 3,
      dbpInvasive: mapInvasive - 2,
      spo2: Math.round(Math.max(50, spo2 - 16 * since)),
    };
    return { minute: ARTEFACT_AT + since, values };
  });
}

/** Values of a minute as settings of variables, at their time since admission. */
export function settingsAt(values: Values, atMs: number): TimedValue[] {
  return Object.entries(values).map(([id, value]) => ({ atMs, variable: variableIndex(id), value }));
}

/** What a monitor shows of these signs, a little restless. */
function shown(signs: Values, minute: number): Values {
  const [heartRate, map, respRate, spo2, temperature] = Object.keys(CHARTED_AS).map(
    (sign, index) => signs[sign] + RESTLESS[sign] * restless(minute, index),
  );
  const line = { mapInvasive: map, sbpInvasive: 1.4 * map, dbpInvasive: 0.8 * map };
  const cuff = { mapCuff: map + 1, sbpCuff: 1.4 * map - 2, dbpCuff: 0.8 * map + 2 };
  const all = {
    heartRate,
    ...line,
    respRate,
    spo2: Math.min(100, spo2),
    ...(minute % CUFF_EVERY === 0 ? cuff : {}),
  };
  const whole = Object.entries(all).map(([id, value]) => [id, Math.round(value)]);
  return { ...Object.fromEntries(whole), temperature: Math.round(10 * temperature) / 10 };
}

/** From -1 to 1, the same each time. */
function restless(minute: number, index: number): number {
  return Math.sin(2.4 * minute + 1.7 * index);
}
