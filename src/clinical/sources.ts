import { MINUTE_MS } from '../durations.js';

/**
 * Which of several sources of one quantity speaks for it: an arterial line or a cuff, a pulse oximeter or a blood gas, what
 * a nurse charts in two ways. One rule for scores and for what is shown.
 */

/** Monitors send a value a minute, cuffs in an ICU cycle at 5 to 15 minutes. */
const MONITOR_MS = 15 * MINUTE_MS;
/** What a monitor sent is old after this: shown, but not as current. */
export const STALE_MS = MONITOR_MS;
/** A monitored source is silent where another source of the quantity is newer by more than this. */
export const SILENT_MONITOR_MS = MONITOR_MS;
/** The same for oxygen and consciousness, which people chart: at least hourly where NEWS2 is 5 or more (RCP 2017, clinical response). */
export const SILENT_CHART_MS = 60 * MINUTE_MS;

/** Whether a source whose last value is so old (ms) is silent beside another's; NaN where a source has no value. */
export function isSilentBeside(ageMs: number, otherAgeMs: number, limitMs: number): boolean {
  return ageMs - otherAgeMs > limitMs;
}
