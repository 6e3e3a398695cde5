import type { RunningSummary } from '../align/timeline.js';
import { MAX_SF_SPO2 } from '../clinical/signs.js';
import { type Scaling, standardise } from '../clinical/standardise.js';
import { variableIndex } from '../clinical/variables.js';
import { HOUR_MS } from '../durations.js';

const SPO2 = variableIndex('spo2');
const FIO2 = variableIndex('fio2');
const OXYGEN_FLOW = variableIndex('oxygenFlow');
const MECH_VENT = variableIndex('mechVent');

/** Whether oxygen is given is charted rarely where nothing changes: what was charted within this long holds. Ours. */
const OXYGEN_HOLDS_MS = 12 * HOUR_MS;
/** FiO2 of room air, as a fraction. */
const ROOM_AIR = 0.21;

/** SpO2/FiO2 tells hypoxaemia up to an SpO2 of 97 % (Rice et al., Chest 2007;132:410-417). */
const RATIOS: readonly (Scaling & {
  readonly oxygen: 'last' | 'recent' | 'min';
  readonly of: 'last' | 'recent' | 'max';
})[] = [
  { id: 'derived.spo2Ratio.last', transform: 'log', center: 5.4, scale: 0.35, oxygen: 'last', of: 'last' },
  {
    id: 'derived.spo2Ratio.recent',
    transform: 'log',
    center: 5.4,
    scale: 0.35,
    oxygen: 'recent',
    of: 'recent',
  },
  { id: 'derived.spo2Ratio.worst', transform: 'log', center: 5.2, scale: 0.4, oxygen: 'min', of: 'max' },
];

/** Quantities of a model of many cohorts, beside those of derived.ts: of what every cohort can give. */
export const EXTENDED_NAMES: readonly string[] = [...RATIOS.map(({ id }) => id), 'oxygen.on', 'time.hours'];
/** How the ratios are standardised. */
export const EXTENDED_SCALING: readonly Scaling[] = RATIOS.map(({ id, transform, center, scale }) => ({
  id,
  transform,
  center,
  scale,
}));

/**
 * Writes them: SpO2/FiO2, 0 where unknown; 1 where oxygen or ventilation was charted in the last 12 hours, else 0; and the
 * logarithm of hours since admission, which does not end with the ring. Shape [EXTENDED_NAMES].
 */
export function encodeExtended(
  summary: RunningSummary,
  elapsedMs: number,
  out: Float32Array,
  offset: number,
): void {
  const { seen } = summary;
  let at = offset;
  const hasBoth = seen[SPO2] > 0 && seen[FIO2] > 0;
  for (const ratio of RATIOS) {
    const value = hasBoth
      ? Math.min(MAX_SF_SPO2, summary[ratio.oxygen][SPO2]) / summary[ratio.of][FIO2]
      : Number.NaN;
    out[at++] = Number.isFinite(value) ? standardise(ratio, value) : 0;
  }
  const holds = (variable: number, above: number) =>
    seen[variable] > 0 &&
    elapsedMs - summary.lastAt[variable] <= OXYGEN_HOLDS_MS &&
    summary.last[variable] > above;
  out[at++] = holds(FIO2, ROOM_AIR) || holds(OXYGEN_FLOW, 0) || holds(MECH_VENT, 0) ? 1 : 0;
  out[at] = Math.log1p(Math.max(0, elapsedMs) / HOUR_MS) / 4;
}
