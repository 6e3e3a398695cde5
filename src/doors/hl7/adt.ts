import { unitTable } from '../../clinical/units.js';
import { VARIABLES, variableIndex } from '../../clinical/variables.js';
import type { AdtType } from '../../contract/messages.js';
import { TOPICS } from '../../contract/topics.js';
import type { EpochMs } from '../../events/event.js';
import { ageAt } from '../age.js';
import { variableOfCode } from '../loinc.js';
import type { Segment } from './message.js';
import { patientOf } from './patient.js';
import { dateOf, timeOf } from './times.js';
import { type Reading, sexOf, type Translation } from './translation.js';
import { NoNumber, numberIn } from './values.js';

/** What events of a patient's stay mean here (HL7 table 0003). A cancelled admission is over; one that is taken back goes on. */
const TYPES: Readonly<Record<string, AdtType>> = {
  A01: 'ADMIT',
  A02: 'TRANSFER',
  A03: 'DISCHARGE',
  A04: 'ADMIT',
  A06: 'TRANSFER',
  A07: 'TRANSFER',
  A08: 'UPDATE',
  A11: 'DISCHARGE',
  A12: 'TRANSFER',
  A13: 'TRANSFER',
  A31: 'UPDATE',
};
/** Two patients who change beds. */
const SWAP = 'A17';
/** Ids that become one, or are changed: the values under the other id would have to come over. */
const MERGES = /^A(18|24|3[04-79]|4[0-9]|5[01])$/;
/** PV1 says where the patient is, MRG and ROL are of the group before. */
interface Person {
  readonly pid: Segment;
  pv1: Segment | null;
}

/** Makes stays of ADT messages. Whatever happens to no stay is accepted and not used. */
export function addAdt(reading: Reading, out: Translation): void {
  const { message } = reading;
  const { trigger } = message;
  if (MERGES.test(trigger)) {
    const mrg = message.find('MRG');
    const other = mrg === undefined ? '' : `; the other id is ${mrg.text(1) || mrg.text(3)}`;
    const detail = `${trigger} is not applied: what is known of the two ids stays apart${other}`;
    out.refuse('AE', 'unsupported-message', detail);
    return;
  }
  if (trigger === SWAP) {
    for (const person of personsOf(message.segments)) addEvent('TRANSFER', person, reading, out);
    return;
  }
  const type = TYPES[trigger];
  if (type === undefined) {
    out.ignore(`${trigger} says nothing of a stay`);
    return;
  }
  const [person] = personsOf(message.segments);
  if (person !== undefined) addEvent(type, person, reading, out);
}

function personsOf(segments: readonly Segment[]): Person[] {
  const persons: Person[] = [];
  for (const segment of segments) {
    const last = persons.at(-1);
    if (segment.name === 'PID') persons.push({ pid: segment, pv1: null });
    else if (segment.name === 'PV1' && last !== undefined) last.pv1 ??= segment;
  }
  return persons;
}

function addEvent(type: AdtType, { pid, pv1 }: Person, reading: Reading, out: Translation): void {
  const { sender, message } = reading;
  const patientId = patientOf(pid, pv1, sender);
  if (typeof patientId !== 'string') {
    out.reject(patientId.reason, patientId.detail);
    return;
  }
  const eventTime = timeOfEvent(type, pv1, reading);
  const untimed = 'no time in EVN-6, EVN-2, PV1 or MSH-7 that can be read';
  if (!out.hasTime(eventTime, reading, { untimed, ahead: 'the event is' })) return;
  const told = within(type, pv1, sender.wards);
  if (told === null) {
    out.ignore(`the patient is in none of the wards ${sender.wards?.join(', ')}`);
    return;
  }
  out.counts.used++;
  const place = placeOf(pv1, sender.bed);
  const isGone = told === 'DISCHARGE';
  out.add(TOPICS.adt, {
    patientId,
    eventTime,
    source: message.sender,
    type: told,
    wardId: isGone ? null : place.wardId,
    bedId: isGone ? null : place.bedId,
    unitType: isGone ? null : (sender.unitTypes.get(place.wardId ?? '') ?? null),
    ageYears: ageAt(dateOf(pid.text(7)), eventTime),
    sex: sexOf(pid.text(8)),
    ...measuresOf(message.segments),
  } as never);
}

/** What the event is to somebody who sees some wards only: who comes in is admitted, who leaves is gone. Null: nothing. */
function within(type: AdtType, pv1: Segment | null, wards: readonly string[] | undefined): AdtType | null {
  const ward = pv1?.text(3) ?? '';
  if (wards === undefined || ward === '') return type;
  if (wards.includes(ward)) return type;
  const came = pv1?.text(6) ?? '';
  return type === 'TRANSFER' && wards.includes(came) ? 'DISCHARGE' : null;
}

/** EVN-6, when it happened; else the time that PV1 has of it; else when it was entered, or sent. */
function timeOfEvent(type: AdtType, pv1: Segment | null, reading: Reading): EpochMs | null {
  const { message, zone, sentAt, now } = reading;
  const evn = message.find('EVN');
  const ofVisit = type === 'ADMIT' ? pv1?.text(44) : type === 'DISCHARGE' ? pv1?.text(45) : '';
  for (const text of [evn?.text(6), ofVisit, evn?.text(2)]) {
    const time = text === undefined || text === '' ? null : timeOf(text, zone, sentAt ?? now);
    if (time !== null) return time;
  }
  return sentAt;
}

/** Ward and bed of PV1-3. */
export function placeOf(
  pv1: Segment | null,
  label: 'room-bed' | 'bed' | 'room',
): { wardId: string | null; bedId: string | null } {
  if (pv1 === null) return { wardId: null, bedId: null };
  const [ward, room, bed] = [1, 2, 3].map((component) => pv1.text(3, component));
  const parts = label === 'room-bed' ? [room, bed] : label === 'bed' ? [bed] : [room];
  const bedId = parts.filter((part) => part !== '').join('-');
  return { wardId: ward === '' ? null : ward, bedId: bedId === '' ? null : bedId };
}

/** LOINC codes of body height: measured, stated. */
const HEIGHTS = new Set(['8302-2', '3137-7', '3138-5']);
/** To centimetres. */
const LENGTHS = unitTable('cm', { m: 100, '[in_i]': 2.54 });
const WEIGHT = variableIndex('weight');

/** Height and weight, where OBX has them. */
function measuresOf(segments: readonly Segment[]): { heightCm: number | null; weightKg: number | null } {
  const found: { heightCm: number | null; weightKg: number | null } = { heightCm: null, weightKg: null };
  for (const obx of segments) {
    if (obx.name !== 'OBX') continue;
    const code = obx.text(3);
    const isHeight = HEIGHTS.has(code);
    if (!isHeight && variableOfCode(code) !== WEIGHT) continue;
    const units = isHeight ? LENGTHS : VARIABLES[WEIGHT].units;
    const read = numberIn(obx.text(5), units);
    const unit = units.get(obx.text(6));
    if (read instanceof NoNumber || unit === undefined) continue;
    found[isHeight ? 'heightCm' : 'weightKg'] = round(read.value * unit.scale);
  }
  return found;
}

function round(value: number): number {
  return Number(value.toPrecision(6));
}
