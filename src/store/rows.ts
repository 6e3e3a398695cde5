import type { PatientState } from '../align/patient.js';
import { hashOfId } from '../align/results.js';
import { drugOf } from '../clinical/drugs.js';
import { SOFA_PARTS } from '../clinical/sofa.js';
import { reasonOf, USED } from '../clinical/trust.js';
import { VARIABLES } from '../clinical/variables.js';
import type { AlertMessage, DeadLetterMessage } from '../contract/messages.js';
import type { Outcomes } from '../contract/outcomes.js';
import type { Outputs, Score } from '../engine/outputs.js';
import { problemOf } from '../events/encoding.js';
import type { Charting, EpochMs } from '../events/event.js';
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

/** In the order of a row's values. New ones go to the end: a spool may hold rows of a version that did not have them yet. */
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

/** Takes a row, and the event time of what it tells. */
export type PutRow = (table: Table, row: Row, eventTime: EpochMs | null) => void;

/** The rows of results: every value is one that its column takes. */
export function putRows(outputs: Outputs, modelVersion: string, put: PutRow): void {
  const { admitted, updated, discharged, scores, shadowScores = [], alerts, deadLetters } = outputs;
  putDocuments(outputs, put);
  putTreatments(outputs, put);
  putObservations(outputs, put);
  for (const patient of admitted) put('stays', stayRow(patient, patient, null), patient.admittedAt);
  for (const facts of updated) put('stays', stayRow(facts.patient, facts, null), facts.time);
  for (const patient of discharged) {
    const { lastEventAt } = patient;
    put('stays', stayRow(patient, patient, lastEventAt), lastEventAt);
  }
  for (const score of scores) put('scores', scoreRow(score, modelVersion), score.eventTime);
  for (const { patientId, stayId, eventTime, modelVersion: version, ...score } of shadowScores) {
    const where = [textValue(patientId), textValue(stayId), timeValue(eventTime), version];
    put('shadow_scores', [...where, ...firstOutcomes(score), ...laterOutcomes(score)], eventTime);
  }
  for (const alert of alerts) put('alert_events', alertRow(alert), alert.eventTime);
  for (const letter of deadLetters) put('dead_letters', deadLetterRow(letter), letter.eventTime);
}

/** Bytes that a row takes in memory, about: what its array, its numbers and the characters of its texts do. */
export function bytesOfRow(row: Row): number {
  let bytes = 32;
  for (const value of row) bytes += typeof value === 'string' ? 24 + value.length : 16;
  return bytes;
}

function putDocuments({ notes, images }: Outputs, put: PutRow): void {
  for (const { patientId, messageId, eventTime, observedAt, body } of notes) {
    const { noteType, authorRole, language, source, text } = body;
    const ids = [textValue(patientId), textValue(messageId), timeValue(eventTime), timeValue(observedAt)];
    put('notes', [...ids, ...[noteType, authorRole, language, source, text].map(textValue)], eventTime);
  }
  for (const { patientId, messageId, eventTime, observedAt, body, encoding } of images) {
    const { modality, bodySite, mediaType, uri, image } = body;
    const ids = [textValue(patientId), textValue(messageId), timeValue(eventTime), timeValue(observedAt)];
    const what = [textValue(modality), textValue(bodySite), textValue(mediaType)];
    const finding = encoding?.finding ? JSON.stringify(encoding.finding) : '';
    const found = [finding, problemOf(encoding) ?? '', image?.toString('base64') ?? ''];
    put('images', [...ids, ...what, uri === null ? null : textValue(uri), ...found], eventTime);
  }
}

/** A rate stands as it is read, in µg or units a minute; null where it is not known. */
function putTreatments({ treatments }: Outputs, put: PutRow): void {
  for (const { patientId, messageId, eventTime, observedAt, body } of treatments) {
    const { treatmentId, drug, action, rate, weightKg, corrects, source } = body;
    const ids = [textValue(patientId), textValue(messageId), timeValue(eventTime), timeValue(observedAt)];
    const what = [textValue(treatmentId), drug, action];
    const dose = [maybeFloatValue(rate?.perMinute ?? null), unitOfRate(body), maybeFloatValue(weightKg)];
    put('treatments', [...ids, ...what, ...dose, textValue(corrects), textValue(source)], eventTime);
  }
}

function unitOfRate({ drug, rate }: Charting): string {
  if (rate === null) return '';
  const amount = drugOf(drug).unit === 'U/min' ? 'U' : 'ug';
  return rate.isPerKg ? `${amount}/kg/min` : `${amount}/min`;
}

function putObservations({ observations }: Outputs, put: PutRow): void {
  for (const event of observations) {
    // What became of its values is stored already, before the snapshot that knows it.
    if (event.isRepeated) continue;
    const { patientId, eventTime, observedAt, messageId, variables, values, verdicts } = event;
    const result = event.kind === 'labs' ? hashOfId(event.specimenId) || observedAt : 0;
    const [patient, message, time] = [textValue(patientId), textValue(messageId), timeValue(eventTime)];
    // The column holds 32 bits: 49 days.
    const delay = uintValue(eventTime - observedAt);
    for (let index = 0; index < variables.length; index++) {
      const { id } = VARIABLES[variables[index]];
      const code = verdicts === null ? USED : verdicts[index];
      const verdict = code === USED ? ALL_IS_WELL : verdictRow(code);
      const row = [patient, time, id, floatValue(values[index]), delay, message, result, ...verdict];
      put('observations', row, eventTime);
    }
  }
}

const ALL_IS_WELL: Row = ['used', ''];

function verdictRow(code: number): Row {
  const { verdict, id } = reasonOf(code);
  return [verdict, id];
}

/** At discharge version 1 replaces version 0; each time that a discharge is taken back, two higher ones replace these. */
function stayRow(
  { stayId, patientId, reopened }: PatientState,
  { wardId, bedId, admittedAt }: Pick<PatientState, 'wardId' | 'bedId' | 'admittedAt'>,
  dischargedAt: EpochMs | null,
): Row {
  const where = [textValue(stayId), textValue(patientId), textValue(wardId), textValue(bedId)];
  const version = uintValue(2 * reopened + (dischargedAt === null ? 0 : 1), UINT8_MAX);
  return [...where, timeValue(admittedAt), dischargedAt === null ? null : timeValue(dischargedAt), version];
}

const NO_STATES: Row = [[], [], [], []];

function scoreRow(score: Score, modelVersion: string): Row {
  const { patientId, stayId, wardId, bedId, eventTime, news2, qsofa, late, outOfRange } = score;
  const { text, image } = score.contributions;
  const ids = [textValue(patientId), textValue(stayId), textValue(wardId), textValue(bedId)];
  const bedside = [maybeUint8Value(news2), maybeUint8Value(qsofa), late];
  const effects = [maybeFloatValue(text), maybeFloatValue(image), outOfRange];
  const what = [...ids, timeValue(eventTime), modelVersion, ...firstOutcomes(score), ...bedside, ...effects];
  return [...what, ...stateColumns(score.states), ...sofaColumns(score.sofa), ...laterOutcomes(score)];
}

function stateColumns(states: Score['states']): Row {
  if (states.length === 0) return NO_STATES;
  return [
    states.map(({ criterion }) => criterion),
    states.map(({ since }) => timeValue(since)),
    states.map(({ value }) => floatValue(value)),
    states.map(({ variable }) => variable),
  ];
}

function sofaColumns(sofa: Score['sofa']): Row {
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

function alertRow(alert: AlertMessage): Row {
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
