import type { AdtType, Sex } from '../../contract/messages.js';
import { TOPICS } from '../../contract/topics.js';
import type { EpochMs } from '../../events/event.js';
import { ageAt } from '../age.js';
import { textsOf } from './codings.js';
import { firstText, type Json, listAt, objectAt, textAt } from './json.js';
import { ownId, patientOf } from './patient.js';
import { literalOf, type Scope } from './references.js';
import type { Reading, Taken } from './taken.js';
import { dayOf, timeIn } from './times.js';

const SEXES: ReadonlyMap<string, Sex> = new Map(
  Object.entries<Sex>({ female: 'FEMALE', male: 'MALE', other: 'OTHER' }),
);
const UNDER_WAY = new Set(['arrived', 'triaged', 'in-progress', 'onleave']);
/** An admission that is cancelled, or was never one, is over. */
const VOID = new Set(['cancelled', 'entered-in-error']);

interface Place {
  readonly wardId: string | null;
  readonly bedId: string | null;
}

/** Where a patient lies from a moment on. */
interface Stop extends Place {
  readonly from: EpochMs;
}

const NOWHERE: Place = { wardId: null, bedId: null };

/** Makes an update of age and sex of a Patient. */
export function addPatient(resource: Json, reading: Reading, out: Taken): void {
  const patientId = ownId(resource, reading.sender, out);
  if (patientId === null) return;
  const other = listAt(resource, 'link').find((link) => textAt(link, 'type').startsWith('replace'));
  if (other !== undefined) {
    const detail = `a merge is not applied: what is known of the two patients stays apart (link ${textAt(other, 'type')})`;
    out.refuse(422, 'unsupported-message', detail);
    return;
  }
  addEvent(
    'UPDATE',
    changeOf(resource, reading) ?? reading.now,
    NOWHERE,
    { patientId, patient: resource },
    reading,
    out,
  );
}

/** Makes the admission, the moves and the discharge of an Encounter, as far as it has them. */
export function addEncounter(resource: Json, reading: Reading, out: Taken): void {
  const status = textAt(resource, 'status');
  const isOver = status === 'finished';
  const subject = objectAt(resource, 'subject');
  const patientId = patientOf(subject, resource, reading, out);
  if (patientId === null) return;
  const who = { patientId, patient: reading.scope.find(subject, resource) };
  const changed = changeOf(resource, reading) ?? reading.now;
  if (VOID.has(status)) {
    addEvent('DISCHARGE', changed, NOWHERE, who, reading, out);
    return;
  }
  if (!UNDER_WAY.has(status) && !isOver) {
    out.ignore(`the encounter is ${status || 'without status'}`);
    return;
  }
  const period = objectAt(resource, 'period');
  const start = timeIn(textAt(period, 'start'), reading);
  const stops = stopsOf(resource, start ?? changed, isOver, reading);
  const { wards } = reading.sender;
  let isHere = false;
  // Without a beginning, all that is known is where the patient lies.
  const arrival: AdtType = start === null ? 'UPDATE' : 'ADMIT';
  for (const { from, ...place } of stops) {
    const belongs = wards === undefined || place.wardId === null || wards.includes(place.wardId);
    if (belongs) addEvent(isHere ? 'TRANSFER' : arrival, from, place, who, reading, out);
    else if (isHere) addEvent('DISCHARGE', from, NOWHERE, who, reading, out);
    isHere = belongs;
  }
  if (!isHere && out.messages.length === 0 && out.rejections.length === 0) {
    out.ignore(`the patient is in none of the wards ${wards?.join(', ')}`);
  }
  if (isOver && isHere)
    addEvent('DISCHARGE', timeIn(textAt(period, 'end'), reading) ?? changed, NOWHERE, who, reading, out);
}

function addEvent(
  type: AdtType,
  eventTime: EpochMs,
  place: Place,
  { patientId, patient }: { readonly patientId: string; readonly patient: Json | undefined },
  reading: Reading,
  out: Taken,
): void {
  if (!out.hasTime(eventTime, reading, 'the event')) return;
  const { sender, source } = reading;
  out.counts.used++;
  out.add(TOPICS.adt, {
    patientId,
    eventTime,
    source,
    type,
    ...place,
    unitType: sender.unitTypes.get(place.wardId ?? '') ?? null,
    ageYears: ageAt(dayOf(textAt(patient, 'birthDate')), eventTime),
    sex: SEXES.get(textAt(patient, 'gender')) ?? null,
    heightCm: null,
    weightKg: null,
  } as never);
}

/** When a resource was last changed; else when its bundle was made; null where neither is told. */
function changeOf(resource: Json, reading: Reading): EpochMs | null {
  return timeIn(textAt(objectAt(resource, 'meta'), 'lastUpdated'), reading) ?? reading.sentAt;
}

/**
 * Where the patient lay, one after the other. Locations of one time are one place: a ward, a room and a bed may be listed each. One
 * without a time of its own is where the patient lies now and, as far as is known, lay from the beginning.
 */
function stopsOf(resource: Json, start: EpochMs, isOver: boolean, reading: Reading): Stop[] {
  const byTime = new Map<EpochMs, Place[]>();
  const places = listAt(resource, 'location').filter(
    (each) => !['planned', 'reserved'].includes(textAt(each, 'status')),
  );
  const changed = isOver ? null : changeOf(resource, reading);
  for (const each of places) {
    const begun = timeIn(textAt(objectAt(each, 'period'), 'start'), reading);
    const times = begun !== null ? [Math.max(start, begun)] : [start, Math.max(start, changed ?? start)];
    for (const from of new Set(times)) {
      const known = byTime.get(from) ?? [];
      byTime.set(from, [...known, placeOf(each, resource, reading.scope)]);
    }
  }
  if (!byTime.has(start)) byTime.set(start, []);
  const provider = nameOf(objectAt(resource, 'serviceProvider'), resource, reading.scope);
  const stops = [...byTime].sort(([a], [b]) => a - b);
  return stops.map(([from, told]) => ({
    from,
    wardId: told.map((each) => each.wardId).find((id) => id !== null) ?? provider,
    bedId: told.map((each) => each.bedId).find((id) => id !== null) ?? null,
  }));
}

/** The ward or bed that a location of an encounter names, by its physical type; a bed's ward is the one that it is part of. */
function placeOf(told: Json, within: Json, scope: Scope): Place {
  const reference = objectAt(told, 'location');
  const location = scope.find(reference, within);
  const name = nameOf(reference, within, scope);
  const types = [objectAt(told, 'physicalType'), objectAt(location, 'physicalType')].flatMap(textsOf);
  const above = objectAt(location, 'partOf');
  const isBed = types.includes('bd') || types.includes('ro');
  if (!isBed && above === undefined) return { wardId: name, bedId: null };
  return { wardId: above === undefined ? null : wardAbove(above, within, scope), bedId: name };
}

/** The ward that a place is part of: the last before a building or site, or before nothing. */
function wardAbove(reference: Json, within: Json, scope: Scope, depth = 0): string | null {
  const location = scope.find(reference, within);
  const above = objectAt(location, 'partOf');
  const types = textsOf(objectAt(location, 'physicalType'));
  // A room is of a ward.
  if (types.includes('ro') && above !== undefined && depth < 5)
    return wardAbove(above, within, scope, depth + 1);
  return nameOf(reference, within, scope);
}

/** What people call a place: its name, identifier, or what the reference says of it. */
function nameOf(reference: Json | undefined, within: Json, scope: Scope): string | null {
  const target = scope.find(reference, within);
  const name =
    firstText(target, 'name', 'alias') ||
    textAt(reference, 'display') ||
    textAt(objectAt(reference, 'identifier'), 'value') ||
    textAt(listAt(target, 'identifier')[0], 'value') ||
    literalOf(reference)?.id;
  return name ? name : null;
}
