import { isNoValue } from '../../clinical/mistaken-units.js';
import { VARIABLES } from '../../clinical/variables.js';
import type { Observation } from '../../contract/messages.js';
import { TOPICS } from '../../contract/topics.js';
import type { EpochMs } from '../../events/event.js';
import { Contradiction, type Meaning } from '../hl7/codes.js';
import { NoNumber } from '../hl7/values.js';
import { codingsOf, nameOf, placeOf, textsOf, unitOf, wordsOf } from './codings.js';
import { firstText, type Json, listAt, objectAt, textAt } from './json.js';
import { patientOf } from './patient.js';
import { literalOf } from './references.js';
import type { Reading, Taken } from './taken.js';
import { timeIn } from './times.js';
import { givenIn, numberOf, shownOf } from './values.js';

/** No result yet, or none ever. */
const WITHOUT_RESULT = new Set(['registered', 'cancelled', 'unknown']);
/** FHIR R4, 10.1.4: these say that what was told before was wrong. */
const TAKEN_BACK = 'entered-in-error';

/** A number of a resource, as it will be sent. */
interface Value {
  readonly meaning: Meaning;
  readonly observation: Observation;
}

/** Makes vital signs and laboratory results of an Observation; `report` stands for what it does not say itself. */
export function addObservation(resource: Json, reading: Reading, out: Taken, report?: Json): void {
  const status = textAt(resource, 'status');
  const values: Value[] = [];
  if (WITHOUT_RESULT.has(status)) {
    out.ignore(`the observation is ${status}`);
    return;
  }
  const subject = objectAt(resource, 'subject') ?? objectAt(report, 'subject');
  const patientId = patientOf(subject, report ?? resource, reading, out);
  if (patientId === null) return;
  const isVital = listAt(resource, 'category').some((each) => textsOf(each).includes('vital-signs'));
  for (const part of [resource, ...listAt(resource, 'component')]) {
    const about = { status, isVital, place: placeOf(part) || placeOf(resource) };
    const value = readPart(part, about, reading, out);
    if (value !== null) values.push(value);
  }
  send(one(values, out), { resource, report, patientId }, reading, out);
}

/** What is known of a value from the resource around it. */
interface About {
  readonly status: string;
  readonly isVital: boolean;
  readonly place: string;
}

function readPart(part: Json, { status, isVital, place }: About, reading: Reading, out: Taken): Value | null {
  const code = objectAt(part, 'code');
  const given = givenIn(part);
  const meaning = given === null ? 'ignore' : reading.codes.meaningOfCodes(codingsOf(code, isVital), place);
  if (given === null || meaning === 'ignore') {
    // A panel has no value of its own.
    if (given !== null || objectAt(part, 'dataAbsentReason') !== undefined) out.counts.ignored++;
    return null;
  }
  if (meaning instanceof Contradiction) return rejected(out, 'unknown-code', meaning.detail);
  if (meaning === null) {
    out.addUnmapped(nameOf(code), shownOf(given), wordsOf(code));
    return null;
  }
  const variable = VARIABLES[meaning.variable];
  if (status === TAKEN_BACK) {
    const detail = `${variable.id} ${shownOf(given)} was entered in error; what was used of it stays until another result replaces it`;
    return rejected(out, 'withdrawn', detail);
  }
  const read = numberOf(given, meaning);
  if (read instanceof NoNumber) {
    if (!read.isEmpty) return rejected(out, 'not-a-number', `${variable.id}: ${read.detail}`);
    out.counts.ignored++;
    return null;
  }
  const unit = read.unit || unitOf(objectAt(part, 'valueQuantity'), meaning, reading.sender);
  if (!variable.units.has(unit)) {
    const known = [...variable.units.keys()].filter((each) => each !== '').join(', ');
    const told = unit === '' ? 'without a unit' : `in ${JSON.stringify(unit.slice(0, 40))}`;
    return rejected(out, 'unknown-unit', `${variable.id} ${told}; known: ${known}`);
  }
  const { factor } = meaning;
  const value = factor === undefined ? read.value : Number((read.value * factor).toPrecision(12));
  return { meaning, observation: { code: variable.code, value, unit } };
}

function rejected(out: Taken, reason: Parameters<Taken['reject']>[0], detail: string): null {
  out.reject(reason, detail);
  return null;
}

/** One value of a variable: of a rate by two methods, the one that is believed first and has a reading. */
function one(values: readonly Value[], out: Taken): Value[] {
  const kept = new Map<number, Value>();
  for (const value of values) {
    const other = kept.get(value.meaning.variable);
    if (other === undefined || isBetter(value, other)) kept.set(value.meaning.variable, value);
    if (other !== undefined) out.counts.ignored++;
  }
  return [...kept.values()];
}

function isBetter(value: Value, other: Value): boolean {
  const [has, otherHas] = [value, other].map(({ observation }) => !isNoValue(observation.value));
  return has !== otherHas ? has : value.meaning.rank < other.meaning.rank;
}

/** What a value was told in. */
interface Told {
  readonly resource: Json;
  readonly report: Json | undefined;
  readonly patientId: string;
}

/** A message of the vital signs, and one of the laboratory results. */
function send(
  values: readonly Value[],
  { resource, report, patientId }: Told,
  reading: Reading,
  out: Taken,
): void {
  const at = effectiveOf(resource, reading) ?? (report === undefined ? null : effectiveOf(report, reading));
  const told = toldAt(resource, reading) ?? (report === undefined ? null : toldAt(report, reading));
  const sentAt = told ?? reading.sentAt;
  for (const kind of ['vital', 'lab'] as const) {
    const group = values.filter(({ meaning }) => VARIABLES[meaning.variable].kind === kind);
    if (group.length === 0) continue;
    const isLab = kind === 'lab';
    // A laboratory result is there when it is issued; a monitor's value when it is measured.
    const observedAt = Number.isNaN(at) ? null : at;
    const eventTime = isLab ? (sentAt ?? observedAt) : (at ?? sentAt);
    const names = group.map(({ observation }) => observation.code).join(', ');
    if (!out.hasTime(eventTime, reading, names)) continue;
    out.counts.used += group.length;
    const head = { patientId, eventTime, observedAt: isLab ? observedAt : null, source: reading.source };
    const observations = group.map(({ observation }) => observation);
    if (isLab)
      out.add(TOPICS.labs, {
        ...head,
        specimenId: specimenOf(resource, report, reading),
        observations,
      } as never);
    else out.add(TOPICS.vitals, { ...head, observations } as never);
  }
}

/** When it was measured, or the specimen taken; null: not told; NaN: told, but no time to the minute. */
function effectiveOf(resource: Json, reading: Reading): EpochMs | null {
  const period = objectAt(resource, 'effectivePeriod');
  const timing = objectAt(resource, 'effectiveTiming')?.event;
  const text =
    firstText(resource, 'effectiveDateTime', 'effectiveInstant') ||
    firstText(period, 'end', 'start') ||
    (Array.isArray(timing) ? String(timing.at(-1)) : '');
  return text === '' ? null : (timeIn(text, reading) ?? Number.NaN);
}

/** When it was made available: issued, else last changed. */
function toldAt(resource: Json, reading: Reading): EpochMs | null {
  const text = textAt(resource, 'issued') || textAt(objectAt(resource, 'meta'), 'lastUpdated');
  return timeIn(text, reading);
}

/** What a result and its correction share: the specimen, else the report, else the resource itself. */
function specimenOf(resource: Json, report: Json | undefined, { scope }: Reading): string | null {
  const reference = objectAt(resource, 'specimen') ?? listAt(report, 'specimen')[0];
  const specimen = scope.find(reference, report ?? resource);
  const number =
    textAt(objectAt(specimen, 'accessionIdentifier'), 'value') ||
    textAt(listAt(specimen, 'identifier')[0], 'value') ||
    textAt(objectAt(reference, 'identifier'), 'value') ||
    literalOf(reference)?.id ||
    textAt(listAt(report, 'identifier')[0], 'value') ||
    textAt(listAt(resource, 'identifier')[0], 'value') ||
    textAt(resource, 'id');
  return number ? number.slice(0, 200) : null;
}
