import { VARIABLES } from '../../../../src/clinical/variables.js';
import { UNIT_TEXT } from '../../../../src/contract/amounts.js';
import { FORECASTS } from '../../../../src/contract/outcomes.js';
import { HOUR_MS, MINUTE_MS } from '../../../../src/durations.js';
import type { MarkedValue, Series, Timeline } from '../protocol.js';

/** One line of a track. */
export interface Line {
  readonly id: string;
  /** What it is called beside the other lines of its track; empty where it is alone. */
  readonly name: string;
  readonly times: readonly number[];
  readonly values: readonly number[];
  /** Where each value stands for several: what they lie between. */
  readonly low?: readonly number[] | undefined;
  readonly high?: readonly number[] | undefined;
}

/** A value that is not used, beside a line. */
export interface DoubtMark {
  /** Place of the line in its track. */
  readonly line: number;
  readonly time: number;
  readonly value: number;
  readonly verdict: MarkedValue['verdict'];
  readonly reason: string;
}

/** One chart of the stack: lines that share a scale. */
export interface Track {
  readonly id: string;
  readonly label: string;
  readonly unit: string;
  readonly decimals: number;
  readonly kind: 'risk' | 'vital' | 'lab';
  readonly lines: readonly Line[];
  /** Oldest first; drawn apart from the lines. */
  readonly doubted: readonly DoubtMark[];
  /** A silence longer than this breaks a line; Infinity: values hold until the next. */
  readonly gapMs: number;
  /** The scale reaches at least from here to there. */
  readonly range: readonly [number, number];
  /** Height of the chart in CSS pixels. */
  readonly height: number;
}

const MONITOR_GAP_MS = 15 * MINUTE_MS;
const CHARTED_GAP_MS = 5 * HOUR_MS;

const VARIABLE_BY_ID = new Map(VARIABLES.map((variable) => [variable.id, variable]));

type VitalRow = readonly [
  id: string,
  label: string,
  variables: readonly (readonly [variable: string, name: string])[],
  gapMs: number,
  range: readonly [number, number],
  height: number,
];

/**
 * How charts of vital signs look that share one, or for which what is drawn at least is known: so small changes of a steady value
 * do not look large. Every other vital sign has a plain chart below these.
 */
const VITALS: readonly VitalRow[] = [
  ['heartRate', 'Heart rate', [['heartRate', '']], MONITOR_GAP_MS, [50, 120], 84],
  [
    'arterial',
    'BP, arterial line',
    [
      ['sbpInvasive', 'sys'],
      ['mapInvasive', 'mean'],
      ['dbpInvasive', 'dia'],
    ],
    MONITOR_GAP_MS,
    [40, 160],
    104,
  ],
  [
    'cuff',
    'BP, cuff',
    [
      ['sbpCuff', 'sys'],
      ['mapCuff', 'mean'],
      ['dbpCuff', 'dia'],
    ],
    CHARTED_GAP_MS,
    [40, 160],
    84,
  ],
  ['respRate', 'Respiratory rate', [['respRate', '']], MONITOR_GAP_MS, [8, 30], 68],
  ['spo2', 'SpO₂', [['spo2', '']], MONITOR_GAP_MS, [85, 100], 68],
  ['temperature', 'Temperature', [['temperature', '']], CHARTED_GAP_MS, [36, 39], 60],
  ['fio2', 'FiO₂', [['fio2', '']], CHARTED_GAP_MS, [0.2, 0.6], 56],
  ['gcs', 'Glasgow Coma Scale', [['gcs', '']], CHARTED_GAP_MS, [3, 15], 56],
  ['acvpu', 'Consciousness, ACVPU', [['acvpu', '']], CHARTED_GAP_MS, [0, 4], 56],
];
const HAS_ROW = new Set(VITALS.flatMap(([, , parts]) => parts.map(([variable]) => variable)));

/** Labs in the order in which an intensivist looks for them; the others follow by label. */
const LAB_ORDER = [
  'lactate',
  'ph',
  'pao2',
  'creatinine',
  'potassium',
  'platelets',
  'wbc',
  'bilirubin',
  'crp',
];
const PLAIN_HEIGHT = 52;

/** The tracks of a timeline, top to bottom. A track without a value is left out, but risk. */
export function tracksOf({ variables, scores, doubted = [] }: Timeline): Track[] {
  // Either failure is above its parts, and says no more than they do.
  const outputs = FORECASTS.filter(({ id }) => id !== 'deterioration').flatMap(({ id, text, hours }) =>
    probabilityLine(id, `${text}, ${hours} h`, scores.times, scores[id]),
  );
  const risk: Track = {
    id: 'risk',
    label: outputs.length === 0 ? 'Forecast: risk of death in hospital' : 'Forecast: risk',
    unit: '%',
    decimals: 0,
    kind: 'risk',
    lines: [
      ...probabilityLine(
        'mortality',
        outputs.length === 0 ? '' : 'death in hospital',
        scores.times,
        scores.mortality,
      ),
      ...outputs,
    ],
    doubted: [],
    gapMs: MONITOR_GAP_MS,
    range: [0, 20],
    height: 132,
  };
  const marked = new Set(doubted.map(({ variable }) => variable));
  const vitals = VITALS.flatMap(([id, label, parts, gapMs, range, height]): Track[] => {
    const lines = parts.flatMap(([variable, name]) =>
      lineOf(variable, name, variables[variable], marked.has(variable)),
    );
    if (lines.length === 0) return [];
    const { unit, decimals } = VARIABLE_BY_ID.get(lines[0].id)!;
    const marks = doubtMarks(lines, doubted);
    return [
      {
        id,
        label,
        unit: UNIT_TEXT[unit] ?? unit,
        decimals,
        kind: 'vital',
        lines,
        doubted: marks,
        gapMs,
        range,
        height,
      },
    ];
  });
  const labRank = (id: string) => (LAB_ORDER.includes(id) ? LAB_ORDER.indexOf(id) : LAB_ORDER.length);
  const others = plainTracks(variables, doubted, 'vital', CHARTED_GAP_MS, () => 0);
  const labs = plainTracks(variables, doubted, 'lab', Number.POSITIVE_INFINITY, labRank);
  return [risk, ...vitals, ...others, ...labs];
}

/** The times at which there is a probability, and it in per cent; no line where there is none at all, but of mortality. */
function probabilityLine(
  id: string,
  name: string,
  times: readonly number[],
  values: readonly (number | null)[],
): Line[] {
  const known = times.flatMap((time, index) => {
    const value = values[index];
    return value === null || value === undefined ? [] : [{ time, value: 100 * value }];
  });
  if (known.length === 0 && id !== 'mortality') return [];
  return [{ id, name, times: known.map(({ time }) => time), values: known.map(({ value }) => value) }];
}

function doubtMarks(lines: readonly Line[], doubted: readonly MarkedValue[]): DoubtMark[] {
  return doubted.flatMap(({ variable, at, value, verdict, reason }) => {
    const line = lines.findIndex(({ id }) => id === variable);
    return line < 0 ? [] : [{ line, time: at, value, verdict, reason }];
  });
}

/** One chart a variable of a kind that no row speaks of, by rank and then by label; its scale is that of its values. */
function plainTracks(
  used: Timeline['variables'],
  doubted: readonly MarkedValue[],
  kind: Series['kind'],
  gapMs: number,
  rank: (id: string) => number,
): Track[] {
  const variables = { ...used };
  for (const { variable } of doubted) {
    const known = VARIABLE_BY_ID.get(variable);
    if (known !== undefined) variables[variable] ??= { ...known, times: [], values: [] };
  }
  const marked = new Set(doubted.map(({ variable }) => variable));
  const shown = Object.entries(variables).filter(
    ([id, series]) => series.kind === kind && !HAS_ROW.has(id) && (series.times.length > 0 || marked.has(id)),
  );
  shown.sort(([a, { label: one }], [b, { label: other }]) => rank(a) - rank(b) || one.localeCompare(other));
  return shown.map(([id, { label, unit, decimals, times, values, low, high }]) => {
    const lines = [{ id, name: '', times, values, low, high }];
    const marks = doubtMarks(lines, doubted);
    const scale = values.length > 0 ? values : marks.map(({ value }) => value);
    const spread = 0.1 * Math.max(...scale.map(Math.abs), 10 ** -decimals);
    return {
      id,
      label,
      unit: UNIT_TEXT[unit] ?? unit,
      decimals,
      kind,
      lines,
      doubted: marks,
      gapMs,
      range: [Math.min(...scale) - spread, Math.max(...scale) + spread],
      height: PLAIN_HEIGHT,
    };
  });
}

/** A line of what is used; an empty one where there is only what is not. */
function lineOf(id: string, name: string, series: Series | undefined, isMarked: boolean): Line[] {
  if (series === undefined || series.times.length === 0)
    return isMarked ? [{ id, name, times: [], values: [] }] : [];
  const { times, values, low, high } = series;
  return [{ id, name, times, values, low, high }];
}

/** Columns for uPlot: one ascending time axis in seconds, and a column a line, null where the line is broken. */
export type Columns = [number[], ...(number | null | undefined)[][]];

/** The lines of a track on one axis; a line without a value at a time is `undefined` there, and null within a silence. */
export function columnsOf(
  lines: readonly Line[],
  gapMs: number,
  pick: (line: Line) => readonly number[],
): Columns {
  const seconds = new Set<number>();
  for (const { times } of lines) {
    times.forEach((time, index) => {
      seconds.add(time);
      const next = times[index + 1];
      if (next !== undefined && next - time > gapMs) seconds.add((time + next) / 2);
    });
  }
  const axis = [...seconds].sort((a, b) => a - b);
  const places = new Map(axis.map((time, index) => [time, index]));
  const columns = lines.map((line) => {
    const column: (number | null | undefined)[] = new Array(axis.length).fill(undefined);
    const values = pick(line);
    line.times.forEach((time, index) => {
      column[places.get(time)!] = values[index];
      const next = line.times[index + 1];
      if (next !== undefined && next - time > gapMs) column[places.get((time + next) / 2)!] = null;
    });
    return column;
  });
  return [axis.map((time) => time / 1000), ...columns];
}
