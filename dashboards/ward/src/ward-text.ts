import { MINUTE_MS } from '../../../src/durations.js';
import { ageText } from './format.js';
import type { Ward } from './state.js';

/**
 * Says that the server does not know all of the ward yet; empty where it does. The beds of parts that are not restored are not known: their
 * number is not either. Of what nobody reads, that is said instead.
 */
export function catchingUpText({ catchingUp, patients }: Pick<Ward, 'catchingUp' | 'patients'>): string {
  if (catchingUp === null) return '';
  const { partitions, of, restored = of } = catchingUp;
  const beds = [...patients.values()];
  if (beds.length > 0 && beds.every(({ notLive }) => notLive?.cause === 'unread')) return '';
  const current = beds.filter(({ notLive }) => notLive === undefined || notLive.cause === 'silent').length;
  const atLeast = restored < of ? 'at least ' : '';
  const how =
    of === 0
      ? 'the server has not been given its patients yet'
      : beds.length === 0
        ? `${partitions} of ${of} parts read, no bed is known yet`
        : `${current} of ${atLeast}${beds.length} beds`;
  return `Catching up: ${how}. Patients and alerts may be missing below, and values are as old as they say.`;
}

/** Says that the viewer's clock is wrong; empty where it is right. */
export function clockText(aheadMs: number): string {
  if (aheadMs === 0) return '';
  const direction = aheadMs > 0 ? 'ahead of' : 'behind';
  const far =
    Math.abs(aheadMs) < 2 * MINUTE_MS
      ? `${Math.round(Math.abs(aheadMs) / 1000)} s`
      : ageText(Math.abs(aheadMs));
  return `The clock of this computer is ${far} ${direction} the server's: ages are shown by the server's.`;
}

/** Says where patients are who were shown here and are not any more; empty where there are none. */
export function elsewhereText(elsewhere: Ward['elsewhere']): string {
  if (elsewhere.size === 0) return '';
  const who = elsewhere.size === 1 ? 'One patient is' : `${elsewhere.size} patients are`;
  return `${who} not shown here any more: another server has them now.`;
}
