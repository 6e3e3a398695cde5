import { DAY_MS } from '../durations.js';
import type { EpochMs } from '../events/event.js';

/** Years that are complete; of infants with a fraction. Null where no date of birth is known that somebody alive can have. */
export function ageAt(born: EpochMs | null, at: EpochMs): number | null {
  if (born === null || born > at || new Date(born).getUTCFullYear() < 1880) return null;
  const years = (at - born) / (365.2425 * DAY_MS);
  return years < 2 ? Math.floor(years * 100) / 100 : Math.floor(years + 1e-9);
}
