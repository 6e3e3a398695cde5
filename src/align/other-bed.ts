import { reasonCode } from '../clinical/trust.js';
import type { ObservationEvent } from '../events/event.js';
import type { PatientState } from './patient.js';

const OTHER_BED = reasonCode('other-bed');

/** Judges the values of an event; those of a monitor at another bed are doubted, whatever they are. */
export function judgeValues(patient: PatientState, event: ObservationEvent, isLate: boolean): void {
  if (isAtOtherBed(patient, event)) patient.trust.doubtAll(event, OTHER_BED);
  else patient.trust.judge(event, isLate);
}

/**
 * Whether a monitor says that it is at another bed than admissions say of the patient, when it measured: then it may be another patient's.
 * Where either is not told, nothing is known.
 */
function isAtOtherBed(patient: PatientState, { bedId, observedAt }: ObservationEvent): boolean {
  if (bedId === null) return false;
  const placed = patient.bedAt(observedAt);
  return placed !== null && placed !== bedId && !isSameBed(bedId, placed);
}

/** Whether two labels mean one bed: the words and numbers of one are the last ones of the other, as "2-05" and "5" are. */
export function isSameBed(label: string, other: string): boolean {
  const [short, long] = [partsOf(label), partsOf(other)].sort((a, b) => a.length - b.length);
  return short.every((part, index) => part === long[long.length - short.length + index]);
}

function partsOf(label: string): string[] {
  const parts =
    label
      .normalize('NFC')
      .toLowerCase()
      .match(/\p{L}+|\p{N}+/gu) ?? [];
  return parts.map((part) => part.replace(/^0+(?=.)/, ''));
}
