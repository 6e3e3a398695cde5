import { IdFault, readId } from '../../contract/ids.js';
import type { Sender } from '../hl7/sender.js';
import { type Json, listAt, objectAt, textAt, typeOf } from './json.js';
import { conditionalOf, literalOf } from './references.js';
import type { Reading, Taken } from './taken.js';

/** Types of identifiers (HL7 table 0203) in the order in which one is taken where a sender's file names none. */
const TYPES = ['MR', 'PI', 'PT', 'PN', ''];

/**
 * The id of the patient a resource is about; null, and the resource refused, where there is none. Where the sender's file names a type
 * or an authority, it is that identifier and nothing else; else the logical id that references have, else an identifier: so one patient
 * has one id however a sender refers to them.
 */
export function patientOf(
  reference: Json | undefined,
  within: Json,
  { scope, sender }: Pick<Reading, 'scope' | 'sender'>,
  out: Taken,
): string | null {
  const literal = literalOf(reference);
  const target = scope.find(reference, within);
  const kind = typeOf(target) || literal?.type || textAt(reference, 'type') || 'Patient';
  if (kind !== 'Patient') return refused(out, 'missing-id', `the subject is a ${kind}, not a Patient`);
  const given = [objectAt(reference, 'identifier'), conditionalOf(reference)].filter(
    (each) => each !== undefined,
  );
  return idOf(literal?.id ?? textAt(target, 'id'), [...listAt(target, 'identifier'), ...given], sender, out);
}

/** The id of a Patient resource. */
export function ownId(patient: Json, sender: Sender, out: Taken): string | null {
  return idOf(textAt(patient, 'id'), listAt(patient, 'identifier'), sender, out);
}

function idOf(logical: string, identifiers: readonly Json[], sender: Sender, out: Taken): string | null {
  const { type, authority } = sender.patient;
  const isNamed = type !== undefined || authority !== undefined;
  const id = !isNamed && logical !== '' ? logical : chosen(identifiers, sender);
  if (id === undefined) {
    const which = [type, authority].filter((each) => each !== undefined).join(' of ');
    return refused(
      out,
      'missing-id',
      `no patient is named${which === '' ? '' : ` by an identifier ${which}`}`,
    );
  }
  const read = readId(id);
  if (read instanceof IdFault) return refused(out, read.reason, `the patient's id ${read.detail}`);
  out.patientId = read;
  return read;
}

function refused(out: Taken, reason: 'missing-id' | 'invalid-id', detail: string): null {
  out.refuse(422, reason, detail);
  return null;
}

function chosen(identifiers: readonly Json[], { patient: { type, authority } }: Sender): string | undefined {
  const fitting = identifiers.filter((each) => {
    if (textAt(each, 'value') === '' || textAt(each, 'use') === 'old') return false;
    if (authority !== undefined && textAt(each, 'system') !== authority) return false;
    return type === undefined || typesOf(each).includes(type);
  });
  const best =
    TYPES.map((each) => fitting.find((identifier) => typesOf(identifier).includes(each))).find(Boolean) ??
    fitting[0];
  return best === undefined ? undefined : textAt(best, 'value');
}

function typesOf(identifier: Json): string[] {
  const codes = listAt(objectAt(identifier, 'type'), 'coding').map((coding) => textAt(coding, 'code'));
  return codes.length === 0 ? [''] : codes;
}
