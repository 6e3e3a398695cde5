import type { DrugId, Rate } from '../clinical/drugs.js';
import type {
  AckMessage,
  AdtMessage,
  AdtType,
  ImagingMessage,
  NoteMessage,
  Outcome,
  TreatmentMessage,
} from '../contract/messages.js';
import { kindOfNote, MONITOR_ALARM } from '../contract/note-kinds.js';
import type { NoteFacts } from '../notes/facts.js';
import type { DeadLetterReason } from './dead-letter.js';
import type { Encoding } from './encoding.js';

/** Milliseconds since the epoch, UTC. */
export type EpochMs = number;

/** Kinds in the order in which events of one patient with equal event time are applied. */
export const EVENT_KINDS = ['adt', 'vitals', 'labs', 'treatments', 'imaging', 'notes', 'acks'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];
/**
 * ADT messages of one moment in the order in which they are applied: one stay is over before the next begins, and a
 * patient is admitted before they are moved.
 */
const ADT_TYPES: readonly AdtType[] = ['DISCHARGE', 'ADMIT', 'TRANSFER', 'UPDATE'];

/** The place of an event among those of its patient and moment; `type` is that of an ADT message. */
export function rankOf(kind: EventKind, type: AdtType | null): number {
  return type === null ? EVENT_KINDS.indexOf(kind) : ADT_TYPES.indexOf(type) - ADT_TYPES.length;
}

interface EventHead {
  /** Place among the events of one moment, of `rankOf`. */
  readonly rank: number;
  readonly messageId: string;
  readonly patientId: string;
  /** When the content became available. */
  readonly eventTime: EpochMs;
  /** When it was measured or the specimen taken; at most `eventTime`. */
  readonly observedAt: EpochMs;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** The specimen of a laboratory result; null where none is named. */
  readonly specimenId: string | null;
  /** The bed that a monitor says it is at; null where none is told. */
  readonly bedId: string | null;
  /** Variables of which the specimen's result is taken back. */
  readonly withdrawn: readonly number[];
  /** What the encode stage made of a note or image; null before it, and where nothing is encoded. */
  encoding: Encoding | null;
  /** What a note states, and once it is applied, what became of it; null before it is read, and of all else. */
  facts: NoteFacts | null;
  /** Why values are not used, by place: codes of src/clinical/trust.ts, 0 where one is used; null where all are. */
  verdicts: Uint8Array | null;
  /** Place of each value in its message; null where all values of the message are here. */
  places: readonly number[] | null;
  /** Its message was applied before: what became of its values stands with the first. */
  isRepeated: boolean;
  /** What became of its message; null where it was simply used, or nothing new is to be said of it. */
  fate: Exclude<Outcome, 'used' | 'set-aside'> | DeadLetterReason | null;
}

/** Values of one message: `values[i]` of variable `variables[i]`, in that variable's canonical unit. */
export interface ObservationEvent extends EventHead {
  readonly kind: 'vitals' | 'labs';
  readonly variables: readonly number[];
  readonly values: readonly number[];
  readonly body: null;
}
interface BodyEvent<Kind extends EventKind, Body> extends EventHead {
  readonly kind: Kind;
  readonly variables: null;
  readonly values: null;
  readonly body: Body;
}
export type AdtClinicalEvent = BodyEvent<'adt', AdtMessage>;
export type ImagingClinicalEvent = BodyEvent<'imaging', ImagingMessage>;
export type NoteClinicalEvent = BodyEvent<'notes', NoteMessage>;
/** What is charted of an infusion, in the vocabulary of src/clinical/drugs.ts. */
export interface Charting extends Pick<TreatmentMessage, 'action' | 'weightKg' | 'corrects' | 'source'> {
  readonly drug: DrugId;
  /** Tells the infusions of a drug apart; null: there is one. */
  readonly treatmentId: string | null;
  /** Null: not known. */
  readonly rate: Rate | null;
}
export type TreatmentClinicalEvent = BodyEvent<'treatments', Charting>;
export type AckClinicalEvent = BodyEvent<'acks', AckMessage>;

/** A decoded, validated message: the one thing that flows through alignment. */
export type ClinicalEvent =
  | ObservationEvent
  | AdtClinicalEvent
  | TreatmentClinicalEvent
  | ImagingClinicalEvent
  | NoteClinicalEvent
  | AckClinicalEvent;

/** Whether it is an alarm of a monitor, which tells nothing but itself. */
export function isMonitorAlarm(event: ClinicalEvent): boolean {
  return event.kind === 'notes' && kindOfNote(event.body) === MONITOR_ALARM;
}

/** The total order of a patient's events: time, then kind (of ADT, type), then message id. */
export function compareEvents(a: ClinicalEvent, b: ClinicalEvent): number {
  if (a.eventTime !== b.eventTime) return a.eventTime - b.eventTime;
  if (a.rank !== b.rank) return a.rank - b.rank;
  if (a.messageId === b.messageId) return 0;
  return a.messageId < b.messageId ? -1 : 1;
}
