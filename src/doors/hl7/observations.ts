import { isNoValue } from '../../clinical/mistaken-units.js';
import { VARIABLES } from '../../clinical/variables.js';
import type { Observation } from '../../contract/messages.js';
import { TOPICS } from '../../contract/topics.js';
import { placeOf } from './adt.js';
import { Contradiction, type Meaning, nameOf } from './codes.js';
import { mdcUnit } from './mdc.js';
import type { Segment } from './message.js';
import { addNote, isProse, type Paragraph, proseOf } from './notes.js';
import { timeOf } from './times.js';
import type { Reading, Translation } from './translation.js';
import { NoNumber, numberOf } from './values.js';

/** OBX-11 (HL7 table 0085): no result yet or ever, not asked, or of the order only. */
const WITHOUT_RESULT = new Set(['I', 'X', 'N', 'O']);
/** A result that is taken back: posted as wrong, or deleted. */
const TAKEN_BACK = new Set(['W', 'D']);

/** What of a report stands above its values: OBR, and the specimen that goes with it. */
interface Report {
  readonly obr: Segment | null;
  specimen: Segment | null;
  readonly values: Segment[];
}

/** A number of the message, as it will be sent, or a result that is taken back. */
interface Value {
  readonly meaning: Meaning;
  /** Null: what was told before is taken back. */
  readonly observation: Observation | null;
  /** When it was measured, or the specimen taken; null: not told. */
  readonly at: number | null;
  /** Null: of vital signs. */
  readonly specimenId: string | null;
  readonly name: string;
}

/** Makes vital signs, laboratory results and notes of ORU and OUL messages. */
export function addObservations(reading: Reading, out: Translation): void {
  const values: Value[] = [];
  for (const report of reportsOf(reading.message.segments)) {
    const prose: Paragraph[] = [];
    for (const obx of report.values) {
      const value = readValue(obx, report, reading, out, prose);
      if (value !== null) values.push(value);
    }
    if (prose.length > 0) addNote(reading, out, prose, report.obr);
  }
  send(one(values, out), reading, out);
}

/** The reports of a message. A specimen stands before them (OUL) or within them, before or behind their values (ORU). */
function reportsOf(segments: readonly Segment[]): Report[] {
  const reports: Report[] = [];
  let specimen: Segment | null = null;
  let report: Report | null = null;
  for (const segment of segments) {
    if (segment.name === 'OBR') {
      report = { obr: segment, specimen, values: [] };
      reports.push(report);
    } else if (segment.name === 'OBX') {
      if (report === null) {
        report = { obr: null, specimen: null, values: [] };
        reports.push(report);
      }
      report.values.push(segment);
    } else if (segment.name === 'SPM') {
      // Behind values of a report it is theirs; else it is of what follows.
      if (report?.obr != null && report.values.length > 0 && report.specimen === null) {
        report.specimen = segment;
      } else {
        specimen = segment;
        report = null;
      }
    }
  }
  return reports;
}

function readValue(
  obx: Segment,
  report: Report,
  reading: Reading,
  out: Translation,
  prose: Paragraph[],
): Value | null {
  const status = obx.text(11).toUpperCase();
  if (WITHOUT_RESULT.has(status)) {
    out.counts.ignored++;
    return null;
  }
  const meaning = reading.codes.meaningOf(obx);
  if (meaning === 'ignore') {
    out.counts.ignored++;
    return null;
  }
  const name = nameOf(obx);
  if (meaning instanceof Contradiction) return rejected(out, 'unknown-code', meaning.detail);
  if (meaning === null) {
    const type = obx.text(2).toUpperCase();
    if (isProse(type)) prose.push(proseOf(obx));
    else if (obx.raw(5) === '') out.counts.ignored++;
    else out.addUnmapped(name, `${obx.raw(5)} ${obx.text(6)}`.trim().slice(0, 80), obx.text(3, 2));
    return null;
  }
  const variable = VARIABLES[meaning.variable];
  const isLab = variable.kind === 'lab';
  const head = {
    meaning,
    name: `${name}@${obx.text(4)}`,
    at: observedAt(obx, report, reading, isLab),
    specimenId: isLab ? specimenOf(report) : null,
  };
  if (TAKEN_BACK.has(status)) {
    if (isLab) return { ...head, observation: null };
    const detail = `${variable.id} ${obx.raw(5)} is taken back (OBX-11 ${status}); what was used of it stays`;
    return rejected(out, 'withdrawn', detail);
  }
  const read = numberOf(obx, meaning);
  if (read instanceof NoNumber) {
    if (!read.isEmpty) return rejected(out, 'not-a-number', `${variable.id}: ${read.detail}`);
    out.counts.ignored++;
    return null;
  }
  const unit = unitOf(obx, meaning, reading) ?? read.unit;
  if (!variable.units.has(unit)) {
    const known = [...variable.units.keys()].filter((each) => each !== '').join(', ');
    const given = unit === '' ? 'without a unit' : `in ${JSON.stringify(unit.slice(0, 40))}`;
    return rejected(out, 'unknown-unit', `${variable.id} ${given}; known: ${known}`);
  }
  if (read.isBound) out.counts.bounds++;
  const value =
    meaning.factor === undefined ? read.value : Number((read.value * meaning.factor).toPrecision(12));
  return { ...head, observation: { code: variable.code, value, unit } };
}

function rejected(out: Translation, reason: Parameters<Translation['reject']>[0], detail: string): null {
  out.counts.rejected++;
  out.reject(reason, detail);
  return null;
}

/** The unit that is meant; null where OBX-6 is empty and the sender's file says nothing. */
function unitOf(obx: Segment, { unit, values }: Meaning, { sender }: Reading): string | null {
  if (unit !== undefined) return unit;
  const given = obx.first(6);
  const [code, text] = [given.text(1), given.text(2)];
  for (const spelling of [code, text]) {
    const taught = sender.units.get(spelling);
    if (taught !== undefined) return taught;
  }
  const standard = mdcUnit(code) ?? mdcUnit(text);
  if (standard !== undefined) return standard;
  // The number of a word has no unit.
  return code === '' ? (values === undefined ? null : '') : code;
}

/**
 * OBX-14, else OBR-7; of a laboratory result, when the specimen was taken before these. The first that is there counts: where it cannot be
 * read, a vital sign has no time (NaN), and that of a specimen is not known (null).
 */
function observedAt(
  obx: Segment,
  { obr, specimen }: Report,
  reading: Reading,
  isLab: boolean,
): number | null {
  const taken = isLab ? specimen?.text(17) : '';
  const text = taken || obx.text(14) || obr?.text(7);
  if (text === undefined || text === '') return null;
  const time = timeOf(text, reading.zone, reading.sentAt ?? reading.now);
  return time ?? (isLab ? null : Number.NaN);
}

/** The number of the specimen, else of the report: a result and what corrects it have the same. */
function specimenOf({ obr, specimen }: Report): string | null {
  const number = specimen?.text(2) || obr?.text(3) || obr?.text(2);
  return number === undefined || number === '' ? null : number.slice(0, 200);
}

/**
 * One value of a variable at a moment and of a specimen: of two probes under one code, or of a rate by two methods, the one that is
 * believed first and has a reading.
 */
function one(values: readonly Value[], out: Translation): Value[] {
  const kept = new Map<string, Value>();
  for (const value of values) {
    const key = `${value.meaning.variable} ${value.at} ${value.specimenId}`;
    const other = kept.get(key);
    if (other === undefined || isBetter(value, other)) kept.set(key, value);
    if (other !== undefined) out.counts.ignored++;
  }
  return [...kept.values()];
}

function isBetter(value: Value, other: Value): boolean {
  const [has, otherHas] = [value, other].map(
    ({ observation }) => observation !== null && !isNoValue(observation.value),
  );
  return has !== otherHas ? has : value.meaning.rank < other.meaning.rank;
}

/** Messages of the values: one a topic, moment and specimen. */
function send(values: readonly Value[], reading: Reading, out: Translation): void {
  const groups = new Map<string, Value[]>();
  for (const value of values) {
    const { kind } = VARIABLES[value.meaning.variable];
    const key = `${kind} ${value.at} ${value.specimenId}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  for (const group of groups.values()) sendGroup(group, reading, out);
}

function sendGroup(group: readonly Value[], reading: Reading, out: Translation): void {
  const [{ meaning, at, specimenId }] = group;
  const isLab = VARIABLES[meaning.variable].kind === 'lab';
  const { sentAt, patientId, message } = reading;
  // A laboratory result is there when it is sent; a monitor's value when it is measured.
  const eventTime = isLab ? (sentAt ?? at) : (at ?? sentAt);
  const names = group.map(({ name }) => name).join(', ');
  const untimed = `no time, or none that can be read: ${names}`;
  if (!out.hasTime(eventTime, reading, { untimed, ahead: `${names}:` })) {
    out.counts.rejected += group.length;
    return;
  }
  out.counts.used += group.length;
  const head = { patientId, eventTime, observedAt: isLab ? at : null, source: message.sender };
  const observations = group.flatMap(({ observation }) => observation ?? []);
  const withdrawn = group.flatMap(({ meaning: { variable }, observation }) =>
    observation === null ? [VARIABLES[variable].code] : [],
  );
  const gone = withdrawn.length === 0 ? {} : { withdrawn };
  if (isLab) out.add(TOPICS.labs, { ...head, specimenId, observations, ...gone } as never);
  else out.add(TOPICS.vitals, { ...head, observations, ...bedOf(reading) } as never);
}

/** The bed that the monitor is at, where it says so and that is to be looked at. */
function bedOf({ message, sender }: Reading): { bedId?: string } {
  const { bedId } = placeOf(message.find('PV1') ?? null, sender.bed);
  return sender.checkBed && bedId !== null ? { bedId } : {};
}
