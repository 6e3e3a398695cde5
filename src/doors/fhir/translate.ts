import { type Json, listAt, typeOf } from './json.js';
import { addDocument, addReport } from './notes.js';
import { addObservation } from './observations.js';
import { addStudy } from './pictures.js';
import { addEncounter, addPatient } from './stays.js';
import { type Reading, Taken } from './taken.js';

/** What each kind of resource is made into. */
const KINDS = new Map<string, (resource: Json, reading: Reading, out: Taken) => void>([
  ['Observation', addObservation],
  ['DiagnosticReport', addReport],
  ['Encounter', addEncounter],
  ['Patient', addPatient],
  ['DocumentReference', addDocument],
  ['ImagingStudy', addStudy],
]);
/** Taken as what others refer to: of themselves they say nothing that is used. */
const REFERRED = new Set([
  'Device',
  'DeviceMetric',
  'Endpoint',
  'Location',
  'Organization',
  'Practitioner',
  'PractitionerRole',
  'Provenance',
  'ServiceRequest',
  'Specimen',
]);

/** Kinds of resources that are used. */
export const USED_KINDS: readonly string[] = [...KINDS.keys()];

/** Whether a kind of resource is taken, if only as what others refer to. */
export function isTaken(type: string): boolean {
  return KINDS.has(type) || REFERRED.has(type);
}

/** What comes out of a resource, and how its sender is answered. Never throws. */
export function translate(resource: Json, reading: Reading): Taken {
  const out = new Taken();
  const type = typeOf(resource);
  const { ignore } = reading.sender;
  if (ignore.includes(type)) {
    out.ignore(`${type} is ignored by the sender's file`);
    return out;
  }
  if (REFERRED.has(type)) {
    out.ignore(`a ${type} is read where others refer to it`);
    return out;
  }
  const add = KINDS.get(type);
  if (type === '') return out.refuse(400, 'undecodable', 'the resource does not say its resourceType');
  if (add === undefined)
    return out.refuse(404, 'unsupported-message', `${type.slice(0, 60)} is not taken here`);
  // FHIR R4, 2.5.3: who does not understand them must not go on.
  if (listAt(resource, 'modifierExtension').length > 0)
    return out.refuse(422, 'unsupported-message', 'a modifierExtension is not understood here');
  add(resource, reading, out);
  return out.judged();
}
