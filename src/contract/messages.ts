import type { Sofa } from '../clinical/sofa.js';
import type { PresentState } from '../clinical/state.js';
import type { Contributions } from './contributions.js';
import { withPresentName } from './old-names.js';
import type { Outcomes } from './outcomes.js';
import type { Priority } from './priorities.js';

/** The records of `schemas/*.avsc` as they come out of the decoder: one interface a schema. */

export interface Observation {
  code: string;
  value: number;
  unit: string;
}

interface MessageHead {
  messageId: string;
  patientId: string;
  eventTime: number;
}

interface MeasuredMessage extends MessageHead {
  observedAt: number | null;
  source: string;
  observations: Observation[];
}

export interface VitalSignsMessage extends MeasuredMessage {
  /** Bed of the device; absent: it does not tell. */
  bedId?: string | null;
}

export interface LabResultMessage extends MeasuredMessage {
  specimenId: string | null;
  /** Codes of results that are taken back; absent: none. */
  withdrawn?: string[];
}

export type TreatmentAction = 'START' | 'CHANGE' | 'STOP';

export interface TreatmentMessage extends MessageHead {
  observedAt: number | null;
  source: string;
  treatmentId: string | null;
  drug: string;
  drugSystem: string;
  action: TreatmentAction;
  rate: number | null;
  unit: string | null;
  weightKg: number | null;
  corrects: string | null;
}

export interface ImagingMessage extends MessageHead {
  observedAt: number | null;
  source: string;
  modality: string;
  bodySite: string;
  mediaType: string;
  image: Buffer | null;
  uri: string | null;
}

export interface NoteMessage extends MessageHead {
  observedAt: number | null;
  source: string;
  noteType: string;
  authorRole: string;
  language: string;
  text: string;
}

export type AdtType = 'ADMIT' | 'TRANSFER' | 'DISCHARGE' | 'UPDATE';
export type Sex = 'FEMALE' | 'MALE' | 'OTHER';
export type UnitType = 'CORONARY_CARE' | 'CARDIAC_SURGERY' | 'MEDICAL' | 'SURGICAL' | 'OTHER';

export interface AdtMessage extends MessageHead {
  source: string;
  type: AdtType;
  wardId: string | null;
  bedId: string | null;
  unitType: UnitType | null;
  ageYears: number | null;
  sex: Sex | null;
  heightCm: number | null;
  weightKg: number | null;
}

export type AlertAction = 'ACKNOWLEDGE' | 'SNOOZE' | 'ESCALATE' | 'COMMENT';

export interface AckMessage extends MessageHead {
  alertId: string;
  action: AlertAction;
  actor: string;
  snoozeMs: number | null;
  reason: string | null;
}

export interface MessageOf {
  VitalSigns: VitalSignsMessage;
  LabResult: LabResultMessage;
  Treatment: TreatmentMessage;
  ImagingEvent: ImagingMessage;
  ClinicalNote: NoteMessage;
  AdtEvent: AdtMessage;
  Acknowledgement: AckMessage;
}

/** What the engine writes: the records of the outgoing schemas. */
export interface RiskScoreMessage extends Outcomes {
  scoreId: string;
  patientId: string;
  stayId: string;
  wardId: string | null;
  eventTime: number;
  modelVersion: string;
  news2: number | null;
  news2Missing: string[];
  qsofa: number | null;
  late: boolean;
  contributions: Contributions | null;
  outOfRange: string[];
  shadow: boolean;
  sofa: Sofa | null;
  states: PresentState[];
  /** Records of earlier versions have none. */
  bedId: string | null;
}

/** clinical: about the patient. technical: about what watches the patient, such as a feed, the store or a clock. */
export type AlertClass = 'clinical' | 'technical';
export type AlertState = 'RAISED' | 'ACKNOWLEDGED' | 'SNOOZED' | 'ESCALATED' | 'RESOLVED';

export interface Evidence {
  variable: string;
  value: number;
  unit: string;
  ageMs: number;
  /** How much lower the rule's signal would be without it, as a probability; older alerts lack it. */
  effect?: number | null;
}

/** One transition in the life of an alert. Technical notices have no value, threshold and risk of death; some are about no one patient. */
export interface AlertMessage {
  alertId: string;
  class: AlertClass;
  sequence: number;
  /** Empty: about no one patient. */
  patientId: string;
  stayId: string;
  wardId: string | null;
  bedId: string | null;
  rule: string;
  priority: Priority;
  state: AlertState;
  onsetTime: number;
  eventTime: number;
  /** Which signal, or sign of the patient's state, `value` is of: see `SIGNALS` and `SIGNS`. Null: a technical notice, or a record of an earlier version. */
  signal: string | null;
  /** What is alarmed, in words for a clinician. Null: as `signal`. */
  label: string | null;
  /** UCUM unit of `value` and `threshold`; 1 is a probability. Null: as `signal`. */
  unit: string | null;
  value: number | null;
  threshold: number | null;
  mortality: number | null;
  trend: number;
  news2: number | null;
  modelVersion: string;
  /** Older alerts lack it. */
  contributions?: Contributions | null;
  evidence: Evidence[];
  actor: string | null;
  reason: string | null;
  /** Of a technical notice: what is wrong, where, and what to do. */
  detail: string | null;
  /** Where it was raised; `wardId` and `bedId` are where the patient is now. */
  raisedWardId: string | null;
  raisedBedId: string | null;
  /** On the record of a move to another ward: the ward left, empty where it was not known. Else null. */
  leftWardId: string | null;
  /** What notes stated of the patient, as of this record, oldest first; empty or absent where none did. */
  context?: NoteContext[];
}

/** What a note stated of a patient that is no value; `eventTime` is the note's. */
export interface NoteContext {
  eventTime: number;
  noteId: string;
  /** In words for a clinician. */
  text: string;
}

/** An alert record that was kept as JSON, also by an earlier version. */
export function alertOf(json: string): AlertMessage {
  return withPresentFields(JSON.parse(json) as AlertMessage);
}

/**
 * The record with the fields that an earlier version did not have: then all were clinical, and named where they were raised. The
 * order of those that are there stays, so that what is kept again is the same.
 */
export function withPresentFields(kept: AlertMessage | EarlierAlert): AlertMessage {
  const alert = withPresentName(kept);
  const { class: kind = 'clinical', detail = null, wardId, bedId, leftWardId = null } = alert;
  const { signal = null, label = null, unit = null } = alert;
  const { raisedWardId = wardId, raisedBedId = bedId } = alert;
  const place = { raisedWardId, raisedBedId, leftWardId };
  return { ...alert, class: kind, detail, signal, label, unit, ...place };
}

type LaterField =
  | 'class'
  | 'detail'
  | 'signal'
  | 'label'
  | 'unit'
  | 'raisedWardId'
  | 'raisedBedId'
  | 'leftWardId';
type EarlierAlert = Omit<AlertMessage, LaterField> & Partial<Pick<AlertMessage, LaterField>>;

export interface DeadLetterMessage {
  deadLetterId: string;
  topic: string;
  partition: number;
  offset: number;
  reason: string;
  detail: string;
  patientId: string | null;
  eventTime: number | null;
  raw: Buffer;
  /** Values, or demographic fields, of the message that it stands for. */
  count: number;
}

export interface ExplanationRequestMessage {
  requestId: string;
  patientId: string;
  outcome: string;
}

export interface ExplanationAnswerMessage {
  requestId: string;
  patientId: string;
  engine: string;
  explanation: {
    stayId: string;
    eventTime: number;
    modelVersion: string;
    outcome: string;
    value: number | null;
    contributions: Contributions;
    newestText: number | null;
    newestImage: number | null;
    variables: Evidence[];
  } | null;
  failure: string | null;
}

/** Of a message as a whole; what is set aside is in `ward.deadletter`. */
export type Outcome = 'used' | 'late' | 'duplicate' | 'set-aside';

/** A value of a message that was not used. */
export interface ValueVerdict {
  /** Its place in the message. */
  index: number;
  verdict: string;
  reason: string;
}

/** A value that a note states and that became one of the patient's, in its variable's unit; the sentence is from `start` to `end`. */
export interface DerivedValue {
  variable: string;
  value: number;
  start: number;
  end: number;
}

/** A stay as it stands from now on; `dischargedAt` is null while it lasts. */
export interface StayMessage {
  stayId: string;
  wardId: string | null;
  bedId: string | null;
  admittedAt: number;
  dischargedAt: number | null;
  reopened: number;
}

/** What the engine made of a message that it did not simply use, or how a stay stands, or how far the input is decided on. */
export interface VerdictMessage {
  patientId: string;
  /** Empty: about no one message. */
  topic: string;
  partition: number;
  offset: number;
  outcome: Outcome;
  reason: string;
  values: ValueVerdict[];
  derived: DerivedValue[];
  finding: { label: string; probability: number; encoder: string; caution: string | null } | null;
  problem: string | null;
  stay: StayMessage | null;
  through: { topic: string; from: number; offset: number }[];
}

export interface PatientSnapshotMessage {
  formatVersion: number;
  patientId: string;
  stayId: string;
  eventTime: number;
  modelVersion: string;
  positions: Record<string, number>;
  compression: 'NONE' | 'DEFLATE' | 'ZSTD';
  state: Buffer;
}
