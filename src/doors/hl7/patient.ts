import { IdFault, readId } from '../../contract/ids.js';
import type { Repetition, Segment } from './message.js';
import type { Sender } from './sender.js';

/** Types of identifiers (HL7 table 0203) in the order in which one is taken where a sender's file names none: of this hospital first. */
const TYPES = ['MR', 'PI', 'PT', 'PN', ''];

/** Why a message names no patient. */
export interface NoPatient {
  readonly reason: 'missing-id' | 'invalid-id';
  readonly detail: string;
}

/** The id of the patient that a message is about. */
export function patientOf(
  pid: Segment | undefined,
  pv1: Segment | null | undefined,
  { patient }: Sender,
): string | NoPatient {
  const { field } = patient;
  const segment = field.startsWith('PID') ? pid : pv1;
  const number = Number(field.split('-')[1]);
  const given = segment?.repetitions(number) ?? [];
  const identifiers = given.filter((each) => fits(each, patient));
  const chosen =
    patient.type === undefined && field === 'PID-3'
      ? (TYPES.map((type) => identifiers.find((each) => each.text(5) === type)).find(Boolean) ??
        identifiers[0])
      : identifiers[0];
  if (chosen === undefined) {
    const which = [patient.type, patient.authority].filter((each) => each !== undefined).join(' of ');
    return { reason: 'missing-id', detail: `${field} has no identifier${which === '' ? '' : ` ${which}`}` };
  }
  const id = readId(chosen.text(1));
  return id instanceof IdFault ? { reason: id.reason, detail: `${field} ${id.detail}` } : id;
}

function fits(identifier: Repetition, { type, authority }: Sender['patient']): boolean {
  if (type !== undefined && identifier.text(5) !== type) return false;
  return authority === undefined || identifier.text(4) === authority;
}
