import { reasonOf, USED } from '../clinical/trust.js';
import { VARIABLES } from '../clinical/variables.js';
import type {
  DerivedValue,
  Outcome,
  StayMessage,
  ValueVerdict,
  VerdictMessage,
} from '../contract/messages.js';
import { TOPICS } from '../contract/topics.js';
import type { Origin, Rejection } from '../events/dead-letter.js';
import { problemOf } from '../events/encoding.js';
import type { ClinicalEvent } from '../events/event.js';
import type { Outputs, Reached, StayFacts } from './outputs.js';

/** Values of one record at most: a topic takes no message without a bound. */
const MAX_VALUES = 1000;
const NO_VALUES: ValueVerdict[] = [];

/** What is to be said of messages of which nothing became an event, or not all did: one or more records. */
export function verdictsOfRejections(
  { topic, partition, offset }: Origin,
  rejections: readonly Rejection[],
  event: ClinicalEvent | null,
): VerdictMessage[] {
  const [{ patientId, reason }] = rejections;
  const hasValues = topic === TOPICS.vitals || topic === TOPICS.labs;
  // Of an impossible value there is a dead letter too: it is in the event all the same, with its verdict.
  const isGone = (index: number) => event === null || event.places?.includes(index) === false;
  const values = rejections.flatMap(({ index, reason: why }) =>
    hasValues && index >= 0 && isGone(index) ? [{ index, verdict: 'set-aside', reason: why }] : [],
  );
  if (event !== null && values.length === 0) return [];
  const blank = blankVerdict(patientId ?? '', topic, partition, offset);
  return split({ ...blank, ...(event === null ? { outcome: 'set-aside', reason } : {}) }, values);
}

/** What is to be said of the messages of these events, once they are applied. */
export function verdictsOf(events: readonly ClinicalEvent[]): VerdictMessage[] {
  const told: VerdictMessage[] = [];
  for (const event of events) {
    // Of one that is read again, all was said when it was applied.
    if (event.isRepeated && event.fate === null) continue;
    if (event.fate === null && event.verdicts === null && event.encoding === null && event.facts === null)
      continue;
    const { patientId, topic, partition, offset, encoding } = event;
    const problem = problemOf(encoding);
    const found = encoding?.finding ?? null;
    const finding = found === null ? null : { ...found, caution: found.caution ?? null };
    const values = event.isRepeated ? NO_VALUES : valueVerdicts(event);
    const derived = derivedOf(event);
    const isPlain = values.length + derived.length === 0 && finding === null && problem === null;
    if (event.fate === null && isPlain) continue;
    const blank = blankVerdict(patientId, topic, partition, offset);
    told.push(...split({ ...blank, ...outcomeOf(event), derived, finding, problem }, values));
  }
  return told;
}

/** How the stays stand that began, of which something became known, or that ended: their partition, and the record. */
export function staysOf({ admitted, updated, discharged }: Outputs): VerdictMessage[] {
  return [
    ...admitted.map((patient) => stayVerdict({ patient, ...patient }, null)),
    ...updated.map((facts) => stayVerdict(facts, null)),
    ...discharged.map((patient) => stayVerdict({ patient, ...patient }, patient.lastEventAt)),
  ];
}

/** How far each partition's input is decided on, and how far that was said. */
export class DecidedThrough {
  readonly #reached = new Map<string, Reached>();
  readonly #said = new Map<string, number>();

  note(positions: readonly Reached[]): void {
    for (const position of positions) {
      const key = `${position.topic}/${position.partition}`;
      if (this.#said.get(key) !== position.offset) this.#reached.set(key, position);
    }
  }

  /** What is to be said now: a record of each partition of which more is decided on than was said. */
  take(): VerdictMessage[] {
    const records = new Map<number, VerdictMessage>();
    for (const [key, { topic, partition, offset, from = 0 }] of this.#reached) {
      this.#said.set(key, offset);
      const record = records.get(partition) ?? blankVerdict('', '', partition, -1);
      records.set(partition, record);
      record.through.push({ topic, from, offset });
    }
    this.#reached.clear();
    return [...records.values()];
  }
}

function blankVerdict(patientId: string, topic: string, partition: number, offset: number): VerdictMessage {
  const nothing = { values: NO_VALUES, derived: [], finding: null, problem: null, stay: null };
  return { patientId, topic, partition, offset, outcome: 'used', reason: '', ...nothing, through: [] };
}

function outcomeOf({ fate }: ClinicalEvent): { outcome: Outcome; reason: string } {
  if (fate === null) return { outcome: 'used', reason: '' };
  if (fate === 'late' || fate === 'duplicate') return { outcome: fate, reason: '' };
  return { outcome: 'set-aside', reason: fate };
}

function valueVerdicts({ verdicts, places }: ClinicalEvent): ValueVerdict[] {
  if (verdicts === null) return NO_VALUES;
  const values: ValueVerdict[] = [];
  for (let index = 0; index < verdicts.length; index++) {
    if (verdicts[index] === USED) continue;
    const { verdict, id: reason } = reasonOf(verdicts[index]);
    values.push({ index: places === null ? index : places[index], verdict, reason });
  }
  return values;
}

/** What a note states and is used, where the note is. */
function derivedOf({ facts, fate }: ClinicalEvent): DerivedValue[] {
  if (facts === null || (fate !== null && fate !== 'late')) return [];
  return facts.facts.flatMap((fact) => {
    if (fact.kind !== 'value' || fact.unused !== null) return [];
    const { variable, value, start, end } = fact;
    return [{ variable: VARIABLES[variable].id, value, start, end }];
  });
}

function split(whole: VerdictMessage, values: ValueVerdict[]): VerdictMessage[] {
  if (values.length <= MAX_VALUES) return [{ ...whole, values }];
  const records: VerdictMessage[] = [];
  for (let from = 0; from < values.length; from += MAX_VALUES) {
    records.push({ ...whole, values: values.slice(from, from + MAX_VALUES) });
  }
  return records;
}

function stayVerdict(
  { patient, wardId, bedId, admittedAt }: Omit<StayFacts, 'time' | 'demographics'>,
  dischargedAt: number | null,
): VerdictMessage {
  const { patientId, partition, stayId, reopened } = patient;
  const stay: StayMessage = { stayId, wardId, bedId, admittedAt, dischargedAt, reopened };
  return { ...blankVerdict(patientId, '', partition, -1), stay };
}
