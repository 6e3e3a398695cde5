import { VARIABLES } from '../clinical/variables.js';
import type { AdtMessage, Observation } from '../contract/messages.js';
import { TOPICS } from '../contract/topics.js';
import { MINUTE_MS } from '../durations.js';
import type { SourceMessage } from '../events/source-message.js';

/** A value as charted, in a unit its variable knows; `variable` −1: the code is passed on as it is. */
export interface ChartedValue {
  /** Milliseconds since admission at which it was available. */
  readonly atMs: number;
  readonly variable: number;
  readonly code: string;
  readonly unit: string;
  readonly value: number;
}

/** One stay as a file has it: times since admission. */
export interface HistoricStay {
  readonly patientId: string;
  readonly admission: Partial<
    Pick<AdtMessage, 'ageYears' | 'sex' | 'heightCm' | 'weightKg' | 'unitType' | 'wardId'>
  >;
  /** In the order of the file. */
  readonly values: readonly ChartedValue[];
  /** When it is over. */
  readonly endMs: number;
}

/** Times since admission only: replay places the first admissions here. */
export const FIRST_ADMISSION = Date.UTC(2012, 0, 1);
/** Beds of the ward a replay fills with one stay after the other. */
export const BEDS = 64;

/** The messages of stays that lie side by side, admitted at one moment, in event-time order. Null: a bed that stays empty. */
export function wardMessages(
  stays: readonly (HistoricStay | null)[],
  admittedAt: number,
  source: string,
): SourceMessage[] {
  return stays
    .flatMap((stay, bed) => (stay === null ? [] : messagesOf(stay, bed, admittedAt, source)))
    .sort((a, b) => a.eventTime - b.eventTime);
}

/** Groups stays into wards of 64 beds; each ward is admitted when the longest stay before it is over. */
export async function* wardsOf(
  stays: AsyncIterable<HistoricStay | null>,
  turnoverMs: number,
  source: string,
  done: (stays: number) => void,
): AsyncGenerator<SourceMessage> {
  let ward: (HistoricStay | null)[] = [];
  let admittedAt = FIRST_ADMISSION;
  for await (const stay of stays) {
    ward.push(stay);
    if (ward.length < BEDS) continue;
    yield* wardMessages(ward, admittedAt, source);
    done(occupied(ward));
    ward = [];
    admittedAt += turnoverMs;
  }
  yield* wardMessages(ward, admittedAt, source);
  done(occupied(ward));
}

function occupied(ward: readonly (HistoricStay | null)[]): number {
  return ward.reduce((count, stay) => count + (stay === null ? 0 : 1), 0);
}

function messagesOf(stay: HistoricStay, bed: number, admittedAt: number, source: string): SourceMessage[] {
  const { patientId, admission, endMs } = stay;
  const admit = adt(`${patientId}:admit`, patientId, 'ADMIT', admittedAt, source);
  admit.bedId = `Bed ${String(bed + 1).padStart(2, '0')}`;
  // History that names no ward is a ward of its own: nobody is to look for its patients.
  Object.assign(admit, { wardId: source }, admission);
  const discharge = adt(`${patientId}:discharge`, patientId, 'DISCHARGE', admittedAt + endMs, source);
  return [
    { topic: TOPICS.adt, key: patientId, eventTime: admittedAt, record: admit },
    ...observations(stay, admittedAt, source),
    { topic: TOPICS.adt, key: patientId, eventTime: discharge.eventTime, record: discharge },
  ];
}

/** Values charted at one moment become one message a topic. */
function observations(
  { patientId, values }: HistoricStay,
  admittedAt: number,
  source: string,
): SourceMessage[] {
  const groups = new Map<string, Observation[]>();
  const messages: SourceMessage[] = [];
  for (const { atMs, variable, code, unit, value } of values) {
    const topic = VARIABLES[variable]?.kind === 'lab' ? TOPICS.labs : TOPICS.vitals;
    const messageId = `${patientId}:${topic}:${atMs / MINUTE_MS}`;
    const observation: Observation = { code, value, unit };
    const group = groups.get(messageId);
    if (group !== undefined) {
      group.push(observation);
      continue;
    }
    const started = [observation];
    groups.set(messageId, started);
    const eventTime = admittedAt + atMs;
    const head = { messageId, patientId, eventTime, observedAt: null, source };
    const record = { ...head, observations: started, specimenId: null };
    messages.push({ topic, key: patientId, eventTime, record });
  }
  return messages;
}

function adt(
  messageId: string,
  patientId: string,
  type: AdtMessage['type'],
  eventTime: number,
  source: string,
): AdtMessage {
  return {
    messageId,
    patientId,
    eventTime,
    source,
    type,
    wardId: null,
    bedId: null,
    unitType: null,
    ageYears: null,
    sex: null,
    heightCm: null,
    weightKg: null,
  };
}
