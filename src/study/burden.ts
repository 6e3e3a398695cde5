import type { ObservedStay } from '../cohort/stays.js';
import { HOUR_MS, MINUTE_MS } from '../durations.js';
import { percentile } from './bootstrap.js';
import type { RaisedAlert } from './raised-alerts.js';

/** Alarms of one ward no further apart than this are one storm; the span in which ISA-18.2 counts an alarm flood. */
const STORM_GAP_MS = 10 * MINUTE_MS;
/** Hours summed up in one bar. */
const BAND_HOURS = 2;
const BANDS_WITHOUT_CLOCK = 24;
/** Beds a nurse cares for. */
const BEDS_PER_NURSE = [1, 2, 3, 4] as const;
const SHIFTS_PER_DAY = 2;
const SHIFT_MS = (24 * HOUR_MS) / SHIFTS_PER_DAY;

/** An alarm as it is heard. */
type Sounded = Pick<RaisedAlert, 'time'>;

/** Alarms of a part of the time, or of a ward. */
export interface BurdenPart {
  readonly label: string;
  readonly alarms: number;
  readonly patientDays: number;
  readonly alarmsPerPatientDay: number;
}

/** The longest unbroken run of alarms on one ward. */
export interface Storm {
  readonly ward: string;
  readonly start: number;
  readonly minutes: number;
  readonly alarms: number;
}

/** What nurses who care for so many beds hear in twelve hours. */
export interface NurseBurden {
  readonly beds: number;
  /** With every bed occupied all the time. */
  readonly alarmsPerShift: number;
  /** Nurses and shifts there were: the patients of a ward in a half day, in the order of admission, so many to a nurse. */
  readonly shifts: number;
  /** Of these, the number of alarms that 95 % did not exceed, and the most. */
  readonly percentile95: number;
  readonly most: number;
}

/** Who hears how many alarms, and when. */
export interface BurdenFigures {
  /** Whether `byHour` is the hour of the day; else the hours since admission, since the source has no clock. */
  readonly hasClock: boolean;
  readonly byHour: readonly BurdenPart[];
  readonly byWard: readonly BurdenPart[];
  /** By the beds a nurse cares for. */
  readonly byNurse: readonly NurseBurden[];
  readonly longestStorm: Storm | null;
  /** The most alarms of one ward within ten minutes. */
  readonly mostInTenMinutes: number;
}

/** The burden of the alerts raised in each stay, whatever comes of them. */
export function burdenFigures(
  stays: readonly ObservedStay[],
  raised: readonly (readonly Sounded[])[],
  hasClock: boolean,
): BurdenFigures {
  const bands = hasClock ? 24 / BAND_HOURS : BANDS_WITHOUT_CLOCK;
  const bandMs = BAND_HOURS * HOUR_MS;
  const alarmsIn = new Float64Array(bands);
  const timeIn = new Float64Array(bands);
  const wards = new Map<string, { alarms: number[]; ms: number }>();
  stays.forEach((stay, index) => {
    const name = wardOf(stay);
    const ward = wards.get(name) ?? { alarms: [], ms: 0 };
    wards.set(name, ward);
    ward.ms += stay.endAt - stay.admittedAt;
    const origin = hasClock ? 0 : stay.admittedAt;
    const bandOf = (time: number) => Math.floor((time - origin) / bandMs);
    const place = (band: number) => (hasClock ? band % bands : Math.min(bands - 1, band));
    for (let band = bandOf(stay.admittedAt); band * bandMs + origin < stay.endAt; band++) {
      const from = Math.max(stay.admittedAt, origin + band * bandMs);
      const to = Math.min(stay.endAt, origin + (band + 1) * bandMs);
      timeIn[place(band)] += Math.max(0, to - from);
    }
    for (const { time } of raised[index]) {
      alarmsIn[place(bandOf(time))]++;
      ward.alarms.push(time);
    }
  });
  const part = (label: string, alarms: number, ms: number): BurdenPart => {
    const patientDays = ms / (24 * HOUR_MS);
    return { label, alarms, patientDays, alarmsPerPatientDay: alarms / patientDays };
  };
  const total = sum(alarmsIn) / (sum(timeIn) / (24 * HOUR_MS));
  const storms = [...wards].map(([ward, { alarms }]) => ({ ward, ...stormOf(alarms) }));
  const longest = storms.reduce<(typeof storms)[number] | null>(
    (best, each) => (each.storm !== null && each.storm.minutes > (best?.storm?.minutes ?? -1) ? each : best),
    null,
  );
  const shifts = alarmsByShift(stays, raised);
  return {
    hasClock,
    byHour: [...alarmsIn].flatMap((alarms, band) =>
      timeIn[band] === 0
        ? []
        : [part(`${band * BAND_HOURS} to ${(band + 1) * BAND_HOURS}`, alarms, timeIn[band])],
    ),
    byWard: [...wards]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([ward, { alarms, ms }]) => part(ward, alarms.length, ms)),
    byNurse: BEDS_PER_NURSE.map((beds) => {
      const heard = heardByNurses(shifts, beds);
      return {
        beds,
        alarmsPerShift: (total * beds) / SHIFTS_PER_DAY,
        shifts: heard.length,
        percentile95: percentile(heard, 0.95),
        most: heard.at(-1) ?? 0,
      };
    }),
    longestStorm: longest?.storm == null ? null : { ward: longest.ward, ...longest.storm },
    mostInTenMinutes: Math.max(0, ...storms.map(({ peak }) => peak)),
  };
}

/** Of each ward's half days, the alarms of each patient, in the order of admission. */
function alarmsByShift(stays: readonly ObservedStay[], raised: readonly (readonly Sounded[])[]): number[][] {
  const byAdmission = Array.from(stays.keys()).sort(
    (a, b) => stays[a].admittedAt - stays[b].admittedAt || (stays[a].stayId < stays[b].stayId ? -1 : 1),
  );
  const shifts = new Map<string, number[]>();
  for (const index of byAdmission) {
    const { admittedAt, endAt } = stays[index];
    const ward = wardOf(stays[index]);
    for (let shift = Math.floor(admittedAt / SHIFT_MS); shift * SHIFT_MS < endAt; shift++) {
      let alarms = 0;
      for (const { time } of raised[index]) if (Math.floor(time / SHIFT_MS) === shift) alarms++;
      const key = `${shift} ${ward}`;
      const there = shifts.get(key);
      if (there === undefined) shifts.set(key, [alarms]);
      else there.push(alarms);
    }
  }
  return [...shifts.values()];
}

/** Alarms that each nurse hears in each half day, ascending. */
function heardByNurses(shifts: readonly (readonly number[])[], beds: number): Float64Array {
  const heard: number[] = [];
  for (const alarms of shifts) {
    for (let first = 0; first < alarms.length; first += beds) {
      heard.push(alarms.slice(first, first + beds).reduce((total, each) => total + each, 0));
    }
  }
  return Float64Array.from(heard).sort();
}

function wardOf({ wardId }: ObservedStay): string {
  return wardId ?? 'not recorded';
}

/** The longest run of alarms of one ward, and the most within ten minutes. */
function stormOf(times: readonly number[]): { storm: Omit<Storm, 'ward'> | null; peak: number } {
  const sorted = Float64Array.from(times).sort();
  let storm: Omit<Storm, 'ward'> | null = null;
  let peak = 0;
  let first = 0;
  let oldest = 0;
  for (let index = 0; index < sorted.length; index++) {
    if (index > 0 && sorted[index] - sorted[index - 1] > STORM_GAP_MS) first = index;
    while (sorted[index] - sorted[oldest] >= STORM_GAP_MS) oldest++;
    peak = Math.max(peak, index - oldest + 1);
    const minutes = (sorted[index] - sorted[first]) / MINUTE_MS;
    if (storm === null || minutes > storm.minutes) {
      storm = { start: sorted[first], minutes, alarms: index - first + 1 };
    }
  }
  return { storm, peak };
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
