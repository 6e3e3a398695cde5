import { UNIT_TEXT } from '../../contract/amounts.js';
import type { InterventionFigures, MonotoneFigures, ProbeFigures } from './figures.js';
import { laddersOf, PROBE_SIGNS, type ProbeSign, type RiskName } from './signs.js';

/** One sign in one direction, as a row of a table says it. */
export interface LadderRow {
  readonly sign: ProbeSign;
  readonly direction: 'low' | 'high';
  /** The mildest value that is critical; null where none is. */
  readonly criticalFrom: number | null;
  /** Of the critical values of each duration, the least share of stays alarmed, in the order of the durations; NaN where none. */
  readonly alarmed: readonly number[];
  /** Of all critical values. */
  readonly longestDelay: number;
  /** What is shown of the risks: the mildest critical value for an hour, or the worst where none is. */
  readonly shown: InterventionFigures;
  /** What the risk that has to see the sign is then, less what it is where the sign is given as often at its normal value. */
  readonly overNormal: number;
  /** Of all risks. */
  readonly violations: number;
  readonly open: number;
  readonly largestFall: number;
}

/** What stands at the top of a report. */
export interface Headline {
  /** Critical interventions, over signs, values and times. */
  readonly critical: number;
  /** Those of which every stay was alarmed within ten minutes. */
  readonly criticalAlarmed: number;
  readonly longestDelay: number;
  readonly signs: number;
  /** Signs whose mildest critical value, held for an hour, raises the risk that has to see it by at least 0.02. */
  readonly signsSeen: number;
  /** Those that raise it so over the same sign given as often at its normal value. */
  readonly signsOverNormal: number;
  readonly criticalSigns: number;
  readonly monotoneViolations: number;
  readonly steps: number;
  /** Falls at other steps. */
  readonly open: number;
  readonly clinicalAlerts: number;
  readonly technicalNotices: number;
  readonly openBefore: number;
  readonly wronglyResolved: number;
}

/** An alarm of state comes within so many minutes of the first value. */
export const MOST_DELAY = 10;
/** A critical sign held for an hour raises its risk by so much. */
export const LEAST_RISE = 0.02;
const HOUR = 60;

export function ladderRows({ interventions, monotone }: ProbeFigures): LadderRow[] {
  return PROBE_SIGNS.flatMap((sign) =>
    laddersOf(sign).map((ladder) => rowOf(sign, ladder, interventions, monotone)),
  );
}

function rowOf(
  sign: ProbeSign,
  ladder: readonly number[],
  interventions: readonly InterventionFigures[],
  monotone: readonly MonotoneFigures[],
): LadderRow {
  const direction = ladder[1] < ladder[0] ? 'low' : 'high';
  const own = interventions.filter((each) => each.sign === sign.id && ladder.includes(each.value));
  const critical = own.filter(({ isCritical }) => isCritical);
  const criticalFrom = ladder.find((value) => critical.some((each) => each.value === value)) ?? null;
  const durations = [...new Set(own.map(({ minutes }) => minutes))];
  const shown = own.find(
    ({ value, minutes }) => minutes === HOUR && value === (criticalFrom ?? ladder[ladder.length - 1]),
  )!;
  const normal = own.find(({ value, minutes }) => minutes === HOUR && value === sign.normal)!;
  const falls = monotone.filter((each) => each.sign === sign.id && each.direction === direction);
  return {
    sign,
    direction,
    criticalFrom,
    alarmed: durations.map((minutes) =>
      least(critical.filter((each) => each.minutes === minutes).map(({ stateAlarm }) => stateAlarm)),
    ),
    longestDelay: most(critical.map(({ delayMinutes }) => delayMinutes)),
    shown,
    overNormal: ownDelta(shown, sign) - ownDelta(normal, sign),
    violations: falls.reduce((sum, { violations }) => sum + violations, 0),
    open: falls.reduce((sum, { open }) => sum + open, 0),
    largestFall: Math.max(0, ...falls.map(({ largest }) => largest)),
  };
}

export function headlineOf(figures: ProbeFigures): Headline {
  const { interventions, monotone, monotoneViolations, artefacts } = figures;
  const critical = interventions.filter(({ isCritical }) => isCritical);
  const isInTime = ({ stateAlarm, delayMinutes }: InterventionFigures) =>
    stateAlarm === 1 && delayMinutes <= MOST_DELAY;
  const rows = ladderRows(figures).filter(({ criticalFrom }) => criticalFrom !== null);
  const total = (of: (each: (typeof artefacts)[number]) => number) =>
    artefacts.reduce((sum, each) => sum + of(each), 0);
  return {
    critical: critical.length,
    criticalAlarmed: critical.filter(isInTime).length,
    longestDelay: most(critical.map(({ delayMinutes }) => delayMinutes)),
    signs: new Set(interventions.map(({ sign }) => sign)).size,
    criticalSigns: rows.length,
    signsOverNormal: rows.filter(({ overNormal }) => overNormal >= LEAST_RISE).length,
    signsSeen: rows.filter(({ sign, shown }) => ownDelta(shown, sign) >= LEAST_RISE).length,
    monotoneViolations,
    steps: monotone.reduce((sum, { steps }) => sum + steps, 0),
    open: monotone.reduce((sum, { open }) => sum + open, 0),
    clinicalAlerts: total(({ clinicalAlerts }) => clinicalAlerts),
    technicalNotices: total(({ technicalNotices }) => technicalNotices),
    openBefore: total(({ openBefore }) => openBefore),
    wronglyResolved: total(({ wronglyResolved }) => wronglyResolved),
  };
}

const DELTAS = {
  mortality: 'deltaMortality',
  circulatory: 'deltaCirculatory',
  hypotension: 'deltaHypotension',
  respiratory: 'deltaRespiratory',
} as const;

export function deltaOf(figures: InterventionFigures, risk: RiskName): number {
  return figures[DELTAS[risk]];
}

/** The change of the risk that has to see the sign first. */
function ownDelta(figures: InterventionFigures, { risk }: ProbeSign): number {
  const own = deltaOf(figures, risk);
  return risk === 'hypotension' && Number.isNaN(own) ? deltaOf(figures, 'circulatory') : own;
}

/** How the risks are called in tables. */
export const RISK_LABELS: Readonly<Record<RiskName, string>> = {
  mortality: 'death',
  circulatory: 'circulatory',
  hypotension: 'hypotension',
  respiratory: 'respiratory',
};

function least(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : Math.min(...values);
}

/** NaN where none is known. */
function most(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.length === 0 ? Number.NaN : Math.max(...known);
}

/** The unit as a clinician writes it. */
export function unitOf({ unit }: ProbeSign): string {
  return UNIT_TEXT[unit] ?? unit;
}

/** A value with its unit. */
export function withUnit(sign: ProbeSign, value: number): string {
  return `${value} ${unitOf(sign)}`.trim();
}
