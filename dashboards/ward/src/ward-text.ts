import type { CatchingUpView } from './protocol.js';
import type { Ward } from './state.js';

/** Says that the server does not know all of the ward yet; empty where it does. */
export function catchingUpText(catchingUp: CatchingUpView | null): string {
  if (catchingUp === null) return '';
  const { partitions, of } = catchingUp;
  const how =
    of === 0 ? 'the server has not been given its patients yet' : `${partitions} of ${of} parts read`;
  return `Catching up: ${how}. Patients and alerts may be missing below.`;
}

/** Says where patients are who were shown here and are not any more; empty where there are none. */
export function elsewhereText(elsewhere: Ward['elsewhere']): string {
  if (elsewhere.size === 0) return '';
  const who = elsewhere.size === 1 ? 'One patient is' : `${elsewhere.size} patients are`;
  return `${who} not shown here any more: another server has them now.`;
}
