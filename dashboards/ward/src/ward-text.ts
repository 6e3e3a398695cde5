import type { Ward } from './state.js';

/** What keeps the ward from being whole; empty where nothing does. */
export function wardText({ catchingUp, elsewhere }: Pick<Ward, 'catchingUp' | 'elsewhere'>): string {
  if (catchingUp !== null) {
    const { partitions, of } = catchingUp;
    const how =
      of === 0 ? 'the server has not been given its patients yet' : `${partitions} of ${of} parts read`;
    return `Catching up: ${how}. Patients and alerts may be missing below.`;
  }
  if (elsewhere.size === 0) return '';
  const who = elsewhere.size === 1 ? 'One patient is' : `${elsewhere.size} patients are`;
  return `${who} not shown here any more: another server has them now.`;
}
