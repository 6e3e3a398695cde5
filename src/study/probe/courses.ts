import { VARIABLES } from '../../clinical/variables.js';
import { MINUTE_MS } from '../../durations.js';
import type { HistoricStay } from '../../sources/historic-stay.js';
import { ARTEFACTS, type Artefact, sentAt } from './artefacts.js';
import {
  ARREST_MIN,
  ARTEFACT_AT,
  arrest,
  GOES_ON,
  lastOf,
  minutesWith,
  monitored,
  settingsAt,
  signsAt,
} from './monitor.js';
import { isLab, PROBE_SIGNS, type ProbeSign, type Setting, valuesOf } from './signs.js';
import type { StableStay, TimedValue } from './stays.js';

/** How long a sign stays moved, in minutes. */
export const DURATIONS = [10, 60, 180] as const;
/** So long after the last moved value the sign is back. */
const BACK_AFTER_MIN = 5;
/** And so long after that it is looked whether all is as before. */
export const RETURN_MIN = 360;
/** A moved vital sign is charted every five minutes at first, then every quarter of an hour. */
const CHARTED_AT = [0, 5, ...Array.from({ length: 12 }, (_, quarter) => 15 * (quarter + 1))];

/** One sign moved to one value for so many minutes. */
export interface Intervention {
  readonly sign: ProbeSign;
  readonly value: number;
  readonly minutes: number;
}

/** One way in which a stay may go on, as a patient of its own. */
export type Variant = {
  /** Minutes since the start at which it ends. */
  readonly until: number;
} & (
  | { readonly kind: 'as charted' }
  | ({ readonly kind: 'intervention'; readonly backAt: number } & Intervention)
  | { readonly kind: 'monitored'; readonly isIll: boolean; readonly artefact: Artefact | null }
  | { readonly kind: 'arrest' }
);

/** The patient without an artefact is watched as long as with the longest. */
const LONGEST = Math.max(...ARTEFACTS.map(({ minutes }) => minutes));

/** All variants of a stay; the first is the stay as charted. */
export const VARIANTS: readonly Variant[] = [
  { kind: 'as charted', until: backAt(Math.max(...DURATIONS)) + RETURN_MIN },
  ...PROBE_SIGNS.flatMap((sign) =>
    valuesOf(sign).flatMap((value) =>
      DURATIONS.map((minutes): Variant => {
        const back = backAt(minutes);
        return {
          kind: 'intervention',
          sign,
          value,
          minutes,
          backAt: back,
          until: back + RETURN_MIN,
        };
      }),
    ),
  ),
  ...[false, true].flatMap((isIll) =>
    [null, ...ARTEFACTS].map((artefact): Variant => {
      const until = ARTEFACT_AT + (artefact?.minutes ?? LONGEST) + GOES_ON;
      return { kind: 'monitored', isIll, artefact, until };
    }),
  ),
  { kind: 'arrest', until: ARTEFACT_AT + ARREST_MIN },
];

function backAt(minutes: number): number {
  return minutes + BACK_AFTER_MIN;
}

/** The stay of a variant, under a patient id of its own. */
export function courseOf(stay: StableStay, variant: Variant, patientId: string): HistoricStay {
  const { admission } = stay.chart;
  const endMs = stay.startMs + variant.until * MINUTE_MS;
  const values = valuesIn(stay, variant).filter(({ atMs }) => atMs <= endMs);
  return { patientId, admission, values: values.map(coded), endMs };
}

function coded({ atMs, variable, value }: TimedValue): HistoricStay['values'][number] {
  const { code, unit } = VARIABLES[variable];
  return { atMs, variable, code, unit, value };
}

function valuesIn(stay: StableStay, variant: Variant): readonly TimedValue[] {
  switch (variant.kind) {
    case 'as charted':
      return stay.chart.values;
    case 'intervention':
      return moved(stay, variant, variant.backAt);
    case 'monitored':
      return onMonitor(stay, variant.isIll, variant.artefact);
    case 'arrest':
      return arrested(stay);
  }
}

/** The stay as charted but for the moved sign; afterwards it has the value it would have had by then, or the normal one. */
function moved(
  { chart, startMs }: StableStay,
  { sign, value, minutes }: Intervention,
  back: number,
): TimedValue[] {
  const backMs = startMs + back * MINUTE_MS;
  const charted = chart.values;
  const has = ({ variable }: Setting) =>
    charted.some((each) => each.variable === variable && each.atMs <= startMs);
  const set = sourcesOf(sign, value, has);
  const normal = sourcesOf(sign, sign.normal, has);
  const variables = new Set(set.map(({ variable }) => variable));
  const rest = charted.filter(
    ({ variable, atMs }) => !variables.has(variable) || atMs < startMs || atMs >= backMs,
  );
  const times = isLab(sign) ? [0] : [...CHARTED_AT.filter((minute) => minute < minutes), minutes];
  const during = times.flatMap((minute) =>
    set.map((each) => ({ ...each, atMs: startMs + minute * MINUTE_MS })),
  );
  const after = normal
    .filter(({ variable }) => !rest.some((each) => each.variable === variable && each.atMs === backMs))
    .map(({ variable, value: usual }) => ({
      atMs: backMs,
      variable,
      value: lastOf(charted, variable, backMs) ?? usual,
    }));
  return [...rest, ...during, ...after];
}

/** Of a sign with several sources those that the stay has; the last where it has none. */
function sourcesOf(
  { settings }: ProbeSign,
  value: number,
  has: (setting: Setting) => boolean,
): readonly Setting[] {
  const sources = settings(value);
  const used = sources.filter((source) => source.some(has));
  return (used.length > 0 ? used : sources.slice(-1)).flat();
}

/** The stay from its start on a monitor, well or ill; the monitor and its laboratory replace what was charted of the same. */
function onMonitor(stay: StableStay, isIll: boolean, artefact: Artefact | null): TimedValue[] {
  const { chart, startMs } = stay;
  const { well, ill } = monitored(signsAt(stay));
  const [patient, other] = isIll ? [ill, well] : [well, ill];
  const shown = minutesWith(artefact?.minutes ?? LONGEST).flatMap((minute) =>
    settingsAt(sentAt(minute, patient, other, isIll, artefact, ARTEFACT_AT), startMs + minute * MINUTE_MS),
  );
  const own = new Set(shown.map(({ variable }) => variable));
  return [...chart.values.filter(({ variable, atMs }) => atMs < startMs || !own.has(variable)), ...shown];
}

/** The well patient on the monitor, whose heart then stops. */
function arrested(stay: StableStay): TimedValue[] {
  const { well } = monitored(signsAt(stay));
  const stopsMs = stay.startMs + ARTEFACT_AT * MINUTE_MS;
  const after = arrest(well).flatMap(({ minute, values }) =>
    settingsAt(values, stay.startMs + minute * MINUTE_MS),
  );
  return [...onMonitor(stay, false, null).filter(({ atMs }) => atMs < stopsMs), ...after];
}
