import type { AlarmFigures } from '../alarms.js';
import type { Interval95 } from '../bootstrap.js';
import type { Estimate } from '../mortality.js';

/** `0.852 [0.837, 0.866]`; a dash where the figure is not defined. */
export function withInterval({ value, interval: [low, high] }: Estimate, decimals = 3): string {
  if (!Number.isFinite(value)) return '–';
  if (!Number.isFinite(low)) return fixed(value, decimals);
  return `${fixed(value, decimals)} [${fixed(low, decimals)}, ${fixed(high, decimals)}]`;
}

/** As `withInterval`, of a figure and its interval apart. */
export function estimated(value: number, interval: Interval95, decimals = 3): string {
  return withInterval({ value, interval }, decimals);
}

/** With a true minus sign; a dash where it is not finite. */
export function fixed(value: number, decimals = 3): string {
  return Number.isFinite(value) ? value.toFixed(decimals).replace('-', '−') : '–';
}

/** `37 (12.3 %)`. */
export function share(part: number, whole: number): string {
  return whole === 0 ? String(part) : `${part} (${((100 * part) / whole).toFixed(1)} %)`;
}

/** As far down as is worth printing. */
export function pValue(p: number): string {
  if (Number.isNaN(p)) return '–';
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** `25 of 79`. */
export function caughtOf({ caught, events }: AlarmFigures): string {
  return `${caught} of ${events}`;
}

/** With a capital first letter. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
