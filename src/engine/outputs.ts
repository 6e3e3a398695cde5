import type { PatientStates } from '../alerts/policy.js';
import type { ScoredMoment } from '../alerts/rule-watch.js';
import type { MeasuredMoment } from '../alerts/state-watch.js';
import type { TrustState } from '../alerts/trust-notices.js';
import type { Demographics, PatientState } from '../align/patient.js';
import type { StepIndex } from '../align/timeline.js';
import type { Position } from '../bus/bus.js';
import type { Sofa } from '../clinical/sofa.js';
import type { PresentState } from '../clinical/state.js';
import type { Contributions } from '../contract/contributions.js';
import type { AckMessage, AlertMessage, DeadLetterMessage, VerdictMessage } from '../contract/messages.js';
import type {
  ClinicalEvent,
  EpochMs,
  ImagingClinicalEvent,
  NoteClinicalEvent,
  ObservationEvent,
  TreatmentClinicalEvent,
} from '../events/event.js';
import type { FeedState } from './feed-watch.js';
import type { SilentPatient } from './silent.js';

/** One evaluation of the model, with the bedside scores of the same moment. */
export interface Score extends ScoredMoment {
  readonly step: StepIndex;
  readonly contributions: Contributions;
  /** NEWS2 inputs that were not available. */
  readonly news2Missing: readonly string[];
  readonly qsofa: number | null;
  readonly sofa: Sofa;
  /** The states that are there at `eventTime`. */
  readonly states: readonly PresentState[];
  /** Variables whose last value is beyond the model's training range, where it is clamped. */
  readonly outOfRange: readonly string[];
  /** A late event had revised a closed step before this score. */
  readonly late: boolean;
}

/** A score of a model in shadow, with its version. */
export interface ShadowScore extends Score {
  readonly modelVersion: string;
}

/** What is known of a stay as of `time`, besides what was measured. */
export interface StayFacts {
  readonly patient: PatientState;
  readonly time: EpochMs;
  readonly wardId: string | null;
  readonly bedId: string | null;
  readonly admittedAt: EpochMs;
  readonly demographics: Readonly<Demographics>;
}

/** The facts of a stay as they stand: a copy, since the patient moves on while a batch is under way. */
export function factsOf(patient: PatientState): StayFacts {
  const { lastEventAt: time, wardId, bedId, admittedAt, demographics } = patient;
  return { patient, time, wardId, bedId, admittedAt, demographics: { ...demographics } };
}

/** What alignment decided, in each patient's order; a score's risk is set when its batch has run. */
export type Action =
  | { readonly kind: 'admitted' | 'updated' | 'reopened'; readonly facts: StayFacts }
  | { readonly kind: 'score'; readonly score: Score; readonly partition: number }
  | { readonly kind: 'measured'; readonly moment: MeasuredMoment; readonly partition: number }
  | { readonly kind: 'act'; readonly message: AckMessage; readonly event: ClinicalEvent }
  | { readonly kind: 'restored'; readonly patient: PatientState; readonly alerts: string }
  | { readonly kind: 'recalled'; readonly patient: PatientState; readonly alerts: string }
  | { readonly kind: 'released'; readonly patient: Departed }
  | { readonly kind: 'discharged'; readonly patient: PatientState; readonly time: EpochMs };

/** Whom this process watches no more. */
export type Departed = Pick<PatientState, 'patientId' | 'partition'>;

/**
 * How far a topic is dealt with; `from` is the first offset read since the partition is this process's, 0 where left out: for the sinks, and no
 * part of what is committed.
 */
export type Reached = Position & { readonly from?: number };

/** What one batch of input led to: handed to every sink before its offsets are committed. */
export interface Outputs {
  /** Patients of whom there was an event. */
  readonly patients: ReadonlySet<string>;
  readonly observations: readonly ObservationEvent[];
  /** What is not used of patients' values, as it became so; of a patient of whom all is used again, once. */
  readonly trust: readonly TrustState[];
  /** Of patients whose vital signs have ceased or come again, or come at another pace, how that is now. */
  readonly feeds: FeedState[];
  /** Notes and images, with what their encoders made of them. */
  readonly notes: readonly NoteClinicalEvent[];
  readonly images: readonly ImagingClinicalEvent[];
  /** What is charted of infusions. */
  readonly treatments: readonly TreatmentClinicalEvent[];
  readonly admitted: PatientState[];
  readonly discharged: PatientState[];
  /** Stays of which something became known, or that go on since a discharge was taken back; in order. */
  readonly updated: StayFacts[];
  /** Taken over from a snapshot, with their open alerts; or here again, since a discharge was taken back. */
  readonly restored: { readonly patient: PatientState; readonly alerts: readonly AlertMessage[] }[];
  /** Silent for so long that they have left memory. */
  readonly silent: readonly SilentPatient[];
  /** Silent no more: in memory again, as they were. */
  readonly recalled: { readonly patient: PatientState }[];
  /** Still on the ward, but from now on another process's. */
  readonly released: Departed[];
  readonly scores: Score[];
  /** Of the model in shadow, where there is one. */
  readonly shadowScores?: readonly ShadowScore[];
  /** Of each patient whose state was told or has changed, how it is now. */
  readonly states: PatientStates[];
  readonly alerts: AlertMessage[];
  readonly deadLetters: DeadLetterMessage[];
  /** What is to be said of messages that were not simply used. */
  readonly verdicts: VerdictMessage[];
  /** Where the input may be committed to. */
  readonly positions: readonly Reached[];
}

/** Results of no input. */
export function emptyOutputs(): Outputs {
  return {
    patients: new Set(),
    observations: [],
    trust: [],
    feeds: [],
    notes: [],
    images: [],
    treatments: [],
    admitted: [],
    discharged: [],
    updated: [],
    restored: [],
    silent: [],
    recalled: [],
    released: [],
    scores: [],
    states: [],
    alerts: [],
    deadLetters: [],
    verdicts: [],
    positions: [],
  };
}

/** A place results go to. */
export interface Sink {
  /**
   * Takes the results; resolves when it takes more. It does not wait for a place that may be slow or away: nothing pushes an
   * alert while a sink keeps the input waiting. Once it rejects, the pipeline ends.
   */
  write(outputs: Outputs): Promise<void>;
  /** Resolves when everything written is safe there; called before the input is committed for good. */
  flush?(): Promise<void>;
  close?(): Promise<void>;
}
