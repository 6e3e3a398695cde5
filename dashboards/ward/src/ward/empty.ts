import type { Ward } from '../state.js';

/** Why a patient is not shown: that they have left is said only where the server can know it. */
export function absenceText(
  ward: Pick<Ward, 'clock' | 'catchingUp' | 'elsewhere'>,
  patientId: string,
): string {
  if (ward.elsewhere.has(patientId)) return 'With another server now';
  if (ward.catchingUp !== null) return 'Not read yet: the server is catching up';
  return ward.clock === 0 ? 'Waiting for the first data' : 'No longer on the ward';
}

/** What stands where no alert is open: the same holds of alerts. */
export function noAlertText({ catchingUp }: Pick<Ward, 'catchingUp'>): string {
  return catchingUp === null ? 'No open alert.' : 'Catching up. Open alerts are shown as they are read.';
}

/** What stands where no patient is shown: that there is none is said only where the server can know it. */
export function emptyText(
  isLive: boolean,
  { clock, catchingUp, elsewhere }: Pick<Ward, 'clock' | 'catchingUp' | 'elsewhere'>,
): string {
  if (!isLive || (clock === 0 && catchingUp === null)) return 'Waiting for the first data.';
  if (catchingUp !== null) return 'Catching up. The patients are shown as they are read.';
  return elsewhere.size > 0
    ? 'Another server has the patients of this ward now.'
    : 'No patient on this ward.';
}
