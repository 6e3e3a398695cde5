import { hashOfId } from '../align/results.js';
import { drugOf } from '../clinical/drugs.js';
import { NO_SOFA, SOFA_PARTS, type Sofa } from '../clinical/sofa.js';
import type { PresentState } from '../clinical/state.js';
import { VARIABLES } from '../clinical/variables.js';
import { NO_CONTRIBUTIONS } from '../contract/contributions.js';
import type {
  AlertMessage,
  DeadLetterMessage,
  RiskScoreMessage,
  StayMessage,
  VerdictMessage,
} from '../contract/messages.js';
import type { Outcomes } from '../contract/outcomes.js';
import type { Finding } from '../events/encoding.js';
import type {
  Charting,
  ImagingClinicalEvent,
  NoteClinicalEvent,
  ObservationEvent,
  TreatmentClinicalEvent,
} from '../events/event.js';
import {
  floatValue,
  maybeFloatValue,
  maybeUint8Value,
  textValue,
  timeValue,
  UINT8_MAX,
  UINT32_MAX,
  uintValue,
} from './values.js';

export type Row = readonly unknown[];
export type Table = keyof typeof COLUMNS;

/** In the order of a row's values. */
export const COLUMNS = {
  observations: [
    'patient_id',
    'event_time',
    'variable',
    'value',
    'delay_ms',
    'message_id',
    'result',
    'verdict',
    'verdict_reason',
  ],
  scores: [
    'patient_id',
    'stay_id',
    'ward_id',
    'bed_id',
    'event_time',
    'model_version',
    'mortality',
    'circulatory',
    'respiratory',
    'deterioration',
    'news2',
    'qsofa',
    'late',
    'effect_text',
    'effect_image',
    'out_of_range',
    'states',
    'state_since',
    'state_values',
    'state_variables',
    'sofa_total',
    'sofa_respiration',
    'sofa_coagulation',
    'sofa_liver',
    'sofa_cardiovascular',
    'sofa_nervous',
    'sofa_renal',
    'hypotension',
    'sepsis',
  ],
  shadow_scores: [
    'patient_id',
    'stay_id',
    'event_time',
    'model_version',
    'mortality',
    'circulatory',
    'respiratory',
    'deterioration',
    'hypotension',
    'sepsis',
  ],
  stays: ['stay_id', 'patient_id', 'ward_id', 'bed_id', 'admitted_at', 'discharged_at', 'version'],
  alert_events: [
    'alert_id',
    'sequence',
    'patient_id',
    'ward_id',
    'rule',
    'priority',
    'state',
    'onset_time',
    'event_time',
    'body',
    'signal',
    'label',
    'unit',
    'value',
    'threshold',
  ],
  dead_letters: [
    'dead_letter_id',
    'topic',
    'partition',
    'offset',
    'reason',
    'detail',
    'patient_id',
    'event_time',
    'raw',
    'count',
  ],
  notes: [
    'patient_id',
    'message_id',
    'event_time',
    'observed_at',
    'note_type',
    'author_role',
    'language',
    'source',
    'text',
  ],
  images: [
    'patient_id',
    'message_id',
    'event_time',
    'observed_at',
    'modality',
    'body_site',
    'media_type',
    'uri',
    'finding',
    'problem',
    'bytes',
  ],
  treatments: [
    'patient_id',
    'message_id',
    'event_time',
    'observed_at',
    'treatment_id',
    'drug',
    'action',
    'rate',
    'unit',
    'weight_kg',
    'corrects',
    'source',
  ],
} as const;
export const TABLES = Object.keys(COLUMNS) as Table[];

/** Takes a row. */
export type PutRow = (table: Table, row: Row) => void;

/** Verdict and reason of values that are not used, by place. */
export type Marks = ReadonlyMap<number, readonly [verdict: string, reason: string]>;

/** Bytes that a row takes in memory, about: what its array, its numbers and the characters of its texts do. */
export function bytesOfRow(row: Row): number {
  let bytes = 32;
  for (const value of row) bytes += typeof value === 'string' ? 24 + value.length : 16;
  return bytes;
}

/** Of a note. */
export function noteRow({ patientId, messageId, eventTime, observedAt, body }: NoteClinicalEvent): Row {
  const { noteType, authorRole, language, source, text } = body;
  const ids = [textValue(patientId), textValue(messageId), timeValue(eventTime), timeValue(observedAt)];
  return [...ids, ...[noteType, authorRole, language, source, text].map(textValue)];
}

/** As JSON, without a caution where there is none. */
function findingValue({
  label,
  probability,
  encoder,
  caution,
}: Finding | NonNullable<VerdictMessage['finding']>) {
  return JSON.stringify({ label, probability, encoder, ...(caution == null ? {} : { caution }) });
}

/** Of an image, with what was found in it. */
export function imageRow(
  event: ImagingClinicalEvent,
  finding: VerdictMessage['finding'] | Finding,
  problem: string | null,
): Row {
  const { patientId, messageId, eventTime, observedAt, body } = event;
  const { modality, bodySite, mediaType, uri, image } = body;
  const ids = [textValue(patientId), textValue(messageId), timeValue(eventTime), timeValue(observedAt)];
  const what = [textValue(modality), textValue(bodySite), textValue(mediaType)];
  const found = [
    finding === null ? '' : findingValue(finding),
    problem ?? '',
    image?.toString('base64') ?? '',
  ];
  return [...ids, ...what, uri === null ? null : textValue(uri), ...found];
}

/** A rate stands as it is read, in µg or units a minute; null where it is not known. */
export function treatmentRow(event: TreatmentClinicalEvent): Row {
  const { patientId, messageId, eventTime, observedAt, body } = event;
  const { treatmentId, drug, action, rate, weightKg, corrects, source } = body;
  const ids = [textValue(patientId), textValue(messageId), timeValue(eventTime), timeValue(observedAt)];
  const what = [textValue(treatmentId), drug, action];
  const dose = [maybeFloatValue(rate?.perMinute ?? null), unitOfRate(body), maybeFloatValue(weightKg)];
  return [...ids, ...what, ...dose, textValue(corrects), textValue(source)];
}

function unitOfRate({ drug, rate }: Charting): string {
  if (rate === null) return '';
  const amount = drugOf(drug).unit === 'U/min' ? 'U' : 'ug';
  return rate.isPerKg ? `${amount}/kg/min` : `${amount}/min`;
}

/** One row a value, and one a result that is taken back. `marks` are verdict and reason of values that are not used, by their place among those of the event. */
export function observationRows(event: ObservationEvent, marks: Marks | null): Row[] {
  const { patientId, eventTime, observedAt, messageId, variables, values } = event;
  const result = event.kind === 'labs' ? hashOfId(event.specimenId) || observedAt : 0;
  const [patient, message, time] = [textValue(patientId), textValue(messageId), timeValue(eventTime)];
  // The column holds 32 bits: 49 days.
  const delay = uintValue(eventTime - observedAt);
  const rows: Row[] = [];
  for (let index = 0; index < variables.length; index++) {
    const [verdict, reason] = marks?.get(index) ?? ALL_IS_WELL;
    const value = floatValue(values[index]);
    rows.push([
      patient,
      time,
      VARIABLES[variables[index]].id,
      value,
      delay,
      message,
      result,
      verdict,
      reason,
    ]);
  }
  for (const variable of event.withdrawn)
    rows.push([patient, time, VARIABLES[variable].id, 'nan', delay, message, result, WITHDRAWN, '']);
  return rows;
}

/** Verdict of the row of a message that takes a result back: it has no value. */
export const WITHDRAWN = 'withdrawn';
const ALL_IS_WELL = ['used', ''] as const;

/** At discharge version 1 replaces version 0; each time that a discharge is taken back, two higher ones replace these. */
export function stayRow(patientId: string, stay: StayMessage): Row {
  const { stayId, wardId, bedId, admittedAt, dischargedAt, reopened } = stay;
  const where = [textValue(stayId), textValue(patientId), textValue(wardId), textValue(bedId)];
  const version = uintValue(2 * reopened + (dischargedAt === null ? 0 : 1), UINT8_MAX);
  return [...where, timeValue(admittedAt), dischargedAt === null ? null : timeValue(dischargedAt), version];
}

const NO_STATES: Row = [[], [], [], []];

export function scoreRow(score: RiskScoreMessage): Row {
  const { patientId, stayId, wardId, bedId, eventTime, modelVersion, news2, qsofa, late, outOfRange } = score;
  const { text, image } = score.contributions ?? NO_CONTRIBUTIONS;
  const ids = [textValue(patientId), textValue(stayId), textValue(wardId), textValue(bedId)];
  const bedside = [maybeUint8Value(news2), maybeUint8Value(qsofa), late];
  const effects = [maybeFloatValue(text), maybeFloatValue(image), outOfRange];
  const what = [...ids, timeValue(eventTime), modelVersion, ...firstOutcomes(score), ...bedside, ...effects];
  return [
    ...what,
    ...stateColumns(score.states),
    ...sofaColumns(score.sofa ?? NO_SOFA),
    ...laterOutcomes(score),
  ];
}

/** Of a model in shadow. */
export function shadowScoreRow(score: RiskScoreMessage): Row {
  const { patientId, stayId, eventTime, modelVersion } = score;
  const where = [textValue(patientId), textValue(stayId), timeValue(eventTime), modelVersion];
  return [...where, ...firstOutcomes(score), ...laterOutcomes(score)];
}

function stateColumns(states: readonly PresentState[]): Row {
  if (states.length === 0) return NO_STATES;
  return [
    states.map(({ criterion }) => criterion),
    states.map(({ since }) => timeValue(since)),
    states.map(({ value }) => floatValue(value)),
    states.map(({ variable }) => variable),
  ];
}

function sofaColumns(sofa: Sofa): Row {
  return [sofa.total, ...SOFA_PARTS.map((part) => sofa[part])].map(maybeUint8Value);
}

/** Those that were there first stand together; the others are at the end of a row. */
function firstOutcomes({ mortality, circulatory, respiratory, deterioration }: Outcomes): Row {
  return [floatValue(mortality), ...[circulatory, respiratory, deterioration].map(maybeFloatValue)];
}

/** Those that came later. */
function laterOutcomes({ hypotension, sepsis }: Outcomes): Row {
  return [hypotension, sepsis].map(maybeFloatValue);
}

export function alertRow(alert: AlertMessage): Row {
  const { alertId, sequence, patientId, wardId, rule, priority, state, onsetTime, eventTime } = alert;
  const ids = [textValue(alertId), uintValue(sequence), textValue(patientId), textValue(wardId)];
  const times = [timeValue(onsetTime), timeValue(eventTime)];
  const { signal, label, unit, value, threshold } = alert;
  const crossing = [...[signal, label, unit].map(textValue), ...[value, threshold].map(maybeFloatValue)];
  return [...ids, textValue(rule), priority, state, ...times, JSON.stringify(alert), ...crossing];
}

export function deadLetterRow(letter: DeadLetterMessage): Row {
  const { deadLetterId, topic, partition, offset, reason, detail, patientId, eventTime, raw, count } = letter;
  const where = [
    deadLetterId,
    textValue(topic),
    uintValue(partition),
    uintValue(offset, Number.MAX_SAFE_INTEGER),
  ];
  const patient = patientId === null ? null : textValue(patientId);
  const time = eventTime === null ? null : timeValue(eventTime);
  const what = [reason, textValue(detail), patient, time];
  return [...where, ...what, raw.toString('base64'), uintValue(count, UINT32_MAX)];
}
