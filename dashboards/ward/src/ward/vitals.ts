import { isSilentBeside, SILENT_MONITOR_MS, STALE_MS } from '../../../../src/clinical/sources.js';
import { MINUTE_MS } from '../../../../src/durations.js';
import type { PatientView, ValueView } from '../protocol.js';

/** The same for what nurses chart by the hour rather than a monitor sends: cuff pressure and temperature. */
export const CHARTED_STALE_MS = 90 * MINUTE_MS;

/** One vital sign as a tile shows it. */
export interface Vital {
  readonly name: string;
  readonly unit: string;
  /** Null: never measured. */
  readonly text: string | null;
  /** Shown smaller beside it: the mean pressure. */
  readonly detail?: string;
  /** Age of the oldest part shown, in ms. */
  readonly ageMs: number;
  readonly stale: boolean;
  /** Of what is told of it now, something is not used. */
  readonly doubted: boolean;
}

/** Of a pressure, the variables of the source that is shown. */
const SOURCE_OF: Readonly<Record<string, RegExp | undefined>> = { 'BP art': /Invasive$/, 'BP cuff': /Cuff$/ };

type Shown = Omit<Vital, 'doubted'>;

/** The five vital signs of a tile at `now` (event time), in reading order. */
export function vitalsOf(patient: PatientView, now: number): Vital[] {
  const values: Readonly<Record<string, ValueView | undefined>> = patient.values;
  const oxygen = spokenFor(values.spo2, values.sao2);
  const ofOne = (name: string, unit: string, view: ValueView | undefined): Shown =>
    vital(name, unit, view?.value.toFixed(0) ?? null, [view], now, STALE_MS);
  const { temperature } = values;
  const isSao2 = oxygen !== undefined && oxygen === values.sao2;
  const shown: readonly (readonly [vital: Shown, variables: RegExp])[] = [
    [ofOne('HR', '/min', values.heartRate), /^heartRate$/],
    [bloodPressure(values, now), /^(sbp|dbp|map)(Invasive|Cuff)$/],
    [ofOne('RR', '/min', values.respRate), /^respRate$/],
    [ofOne(isSao2 ? 'SaO₂' : 'SpO₂', '%', oxygen), isSao2 ? /^sao2$/ : /^spo2$/],
    [
      vital('Temp', '°C', temperature?.value.toFixed(1) ?? null, [temperature], now, CHARTED_STALE_MS),
      /^temperature$/,
    ],
  ];
  const notUsed = Object.keys(patient.doubted ?? {});
  const silent = (patient.feed?.silent ?? []).filter((variable) => values[variable] !== undefined);
  const isSilent = ({ name }: Shown, variables: RegExp) =>
    silent.some((variable) => variables.test(variable) && SOURCE_OF[name]?.test(variable) !== false);
  return shown.map(([each, variables]) => ({
    ...each,
    stale: each.stale || isSilent(each, variables),
    doubted: notUsed.some((variable) => variables.test(variable)),
  }));
}

export function isStale(at: number, now: number): boolean {
  return now - at > STALE_MS;
}

/** Arterial line, or the cuff where the line is silent: as NEWS2 takes them. */
function bloodPressure(values: Readonly<Record<string, ValueView | undefined>>, now: number): Shown {
  const invasive = [values.sbpInvasive, values.dbpInvasive, values.mapInvasive];
  const cuff = [values.sbpCuff, values.dbpCuff, values.mapCuff];
  const chosen = spokenFor(newest(invasive), newest(cuff));
  const isInvasive = chosen !== undefined && invasive.includes(chosen);
  const parts = isInvasive ? invasive : cuff;
  // A part left behind by the others is not shown beside them as if it were of the same moment.
  const shown = parts.map((part) =>
    part && chosen && (!isStale(part.at, now) || isStale(chosen.at, now)) ? part : undefined,
  );
  const [systolic, diastolic, mean] = shown.map((part) => part?.value.toFixed(0) ?? '–');
  const text = chosen === undefined ? null : `${systolic}/${diastolic}`;
  const name = chosen === undefined ? 'BP' : isInvasive ? 'BP art' : 'BP cuff';
  const limit = isInvasive ? STALE_MS : CHARTED_STALE_MS;
  return {
    ...vital(name, 'mmHg', text, shown, now, limit),
    ...(text === null ? {} : { detail: `(${mean})` }),
  };
}

function vital(
  name: string,
  unit: string,
  text: string | null,
  parts: readonly (ValueView | undefined)[],
  now: number,
  staleAfterMs: number,
): Shown {
  const ages = parts.flatMap((part) => (part === undefined ? [] : Math.max(0, now - part.at)));
  const ageMs = Math.max(0, ...ages);
  return { name, unit, text, ageMs, stale: ageMs > staleAfterMs };
}

/** The preferred value, or the other where the preferred source is silent: the rule of the scores. */
function spokenFor(preferred: ValueView | undefined, other: ValueView | undefined): ValueView | undefined {
  if (preferred === undefined || other === undefined) return preferred ?? other;
  return isSilentBeside(-preferred.at, -other.at, SILENT_MONITOR_MS) ? other : preferred;
}

function newest(parts: readonly (ValueView | undefined)[]): ValueView | undefined {
  return parts.reduce((best, part) => (part && (!best || part.at > best.at) ? part : best), undefined);
}
