import type { RunningSummary } from '../align/timeline.js';
import type { Scaling } from '../clinical/standardise.js';
import { variableIndex } from '../clinical/variables.js';

const HEART_RATE = variableIndex('heartRate');
const PAO2 = variableIndex('pao2');
const SAO2 = variableIndex('sao2');
const FIO2 = variableIndex('fio2');
const BUN = variableIndex('bun');
const CREATININE = variableIndex('creatinine');
const URINE = variableIndex('urine');
const WEIGHT = variableIndex('weight');
const MAP = [variableIndex('mapInvasive'), variableIndex('mapCuff')] as const;
const SBP = [variableIndex('sbpInvasive'), variableIndex('sbpCuff')] as const;
const DBP = [variableIndex('dbpInvasive'), variableIndex('dbpCuff')] as const;

/** What a patient's steps up to now add up to; `hours` since admission, at least one. */
interface Window {
  readonly summary: RunningSummary;
  readonly hours: number;
}

type Quantity = readonly [
  name: string,
  transform: 'linear' | 'log',
  center: number,
  scale: number,
  of: (window: Window) => number,
];
type Field = 'last' | 'recent' | 'mean' | 'min' | 'max';

/** Of a line and a cuff, the one read last. NaN where neither was read. */
function newer([line, cuff]: readonly [number, number], field: Field): (window: Window) => number {
  return ({ summary }) => {
    if (summary.seen[line] === 0) return at(summary, cuff, field);
    if (summary.seen[cuff] === 0) return at(summary, line, field);
    return at(summary, summary.lastAt[cuff] > summary.lastAt[line] ? cuff : line, field);
  };
}

function at(summary: RunningSummary, variable: number, field: Field): number {
  return summary.seen[variable] === 0 ? Number.NaN : summary[field][variable];
}

function ratio(above: number, ofAbove: Field, below: number, ofBelow: Field): (window: Window) => number {
  return ({ summary }) => at(summary, above, ofAbove) / at(summary, below, ofBelow);
}

function shockIndex(ofRate: Field, ofPressure: Field): (window: Window) => number {
  const pressure = newer(SBP, ofPressure);
  return (window) => at(window.summary, HEART_RATE, ofRate) / pressure(window);
}

const systolic = newer(SBP, 'last');
const diastolic = newer(DBP, 'last');
/** Of the hours charted, spread over all hours since admission: mL an hour. */
const urineRate = ({ summary, hours }: Window) => (at(summary, URINE, 'mean') * summary.seen[URINE]) / hours;

/**
 * Centre and spread of set A, rounded. Shock index: Allgöwer & Burri 1967; PaO2/FiO2: Berlin definition, JAMA 2012;307:2526;
 * urea nitrogen to creatinine and urine per kg and hour: KDIGO 2012.
 */
const QUANTITIES: readonly Quantity[] = [
  ['map.last', 'linear', 79, 15, newer(MAP, 'last')],
  ['map.recent', 'linear', 79, 13, newer(MAP, 'recent')],
  ['map.windowMean', 'linear', 79, 11, newer(MAP, 'mean')],
  ['map.windowMin', 'linear', 60, 14, newer(MAP, 'min')],
  ['sbp.last', 'linear', 119, 23, systolic],
  ['sbp.recent', 'linear', 119, 21, newer(SBP, 'recent')],
  ['sbp.windowMean', 'linear', 119, 18, newer(SBP, 'mean')],
  ['sbp.windowMin', 'linear', 93, 20, newer(SBP, 'min')],
  ['pulsePressure.last', 'linear', 60, 19, (window) => systolic(window) - diastolic(window)],
  ['shockIndex.last', 'linear', 0.76, 0.22, shockIndex('last', 'last')],
  ['shockIndex.recent', 'linear', 0.76, 0.21, shockIndex('recent', 'recent')],
  ['shockIndex.windowMean', 'linear', 0.76, 0.19, shockIndex('mean', 'mean')],
  ['shockIndex.worst', 'linear', 1.2, 0.4, shockIndex('max', 'min')],
  ['pfRatio.last', 'log', 5.4, 0.5, ratio(PAO2, 'last', FIO2, 'last')],
  ['pfRatio.recent', 'log', 5.4, 0.45, ratio(PAO2, 'recent', FIO2, 'recent')],
  ['pfRatio.worst', 'log', 4.9, 0.6, ratio(PAO2, 'min', FIO2, 'max')],
  ['sfRatio.last', 'log', 5.3, 0.3, ratio(SAO2, 'last', FIO2, 'last')],
  ['ureaCreatinine.last', 'log', 3.0, 0.5, ratio(BUN, 'last', CREATININE, 'last')],
  ['urinePerHour', 'log', 4.2, 0.9, urineRate],
  ['urinePerHourKg', 'log', 0.8, 0.45, (window) => urineRate(window) / at(window.summary, WEIGHT, 'mean')],
  [
    'urineHours',
    'linear',
    0.6,
    0.3,
    ({ summary, hours }) => (summary.seen[URINE] === 0 ? Number.NaN : summary.seen[URINE] / hours),
  ],
];

export const DERIVED_NAMES: readonly string[] = QUANTITIES.map(([name]) => `derived.${name}`);

/** How each derived quantity is standardised, in the order of `DERIVED_NAMES`. */
export const DERIVED_SCALING: readonly Scaling[] = QUANTITIES.map(([, transform, center, scale], index) => ({
  id: DERIVED_NAMES[index],
  transform,
  center,
  scale,
}));

/**
 * Writes quantities clinicians derive from several variables, standardised and clipped, 0 where they cannot be told.
 * `summary` holds all steps up to now, the open one with them, `hours` since admission. Shape [DERIVED_NAMES].
 */
export function encodeDerived(
  summary: RunningSummary,
  hours: number,
  clip: number,
  out: Float32Array,
  offset: number,
): void {
  const window = { summary, hours: Math.max(1, hours) };
  for (let index = 0; index < QUANTITIES.length; index++) {
    const [, transform, center, scale, of] = QUANTITIES[index];
    const value = of(window);
    const z = ((transform === 'log' ? Math.log1p(Math.max(0, value)) : value) - center) / scale;
    // Neither a division by 0 nor a missing part says anything.
    out[offset + index] = Number.isFinite(value) ? Math.max(-clip, Math.min(clip, z)) : 0;
  }
}
