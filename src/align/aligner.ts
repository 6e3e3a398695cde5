import type { Rejection } from '../events/dead-letter.js';
import type {
  AckClinicalEvent,
  AdtClinicalEvent,
  ClinicalEvent,
  EpochMs,
  ImagingClinicalEvent,
  NoteClinicalEvent,
  ObservationEvent,
} from '../events/event.js';
import { type DischargedStay, PatientState } from './patient.js';
import { hashOfId } from './results.js';
import { Carry, type PatientTimeline, type StepGrid, type StepIndex } from './timeline.js';

export interface AlignOptions extends StepGrid {
  /** Least event time between two scores of a patient that vitals alone cause. */
  readonly minScoreIntervalMs: number;
  /** Message ids remembered per patient (a power of two). */
  readonly dedupeWindow: number;
}

/** What alignment tells the stages behind it, in each patient's event-time order. */
export interface AlignmentSink {
  /** A step is final, or final anew after a late event; `carry` folds the steps before it. */
  stepClosed(patient: PatientState, step: StepIndex, carry: Carry): void;
  /** All events up to `time` are in: score now. */
  scoreDue(patient: PatientState, time: EpochMs): void;
  admitted(patient: PatientState): void;
  discharged(patient: PatientState, time: EpochMs): void;
  /** The patient's partition is another process's now. */
  released(patient: PatientState): void;
  acknowledged(patient: PatientState, event: AckClinicalEvent): void;
  rejected(event: ClinicalEvent, rejection: Rejection): void;
}

export interface AlignCounts {
  duplicates: number;
  /** Observations inside duplicate messages. */
  duplicateObservations: number;
  /** Events older than one already applied to the same patient. */
  late: number;
  /** Observations set aside because their event was before admission or after discharge. */
  rejectedObservations: number;
}

/** Discharged stays remembered, so that stragglers are told from new patients. */
const MAX_DISCHARGED = 100_000;
/** Layers a model may have for a long silence to be scored exactly: each sees one ring further back. */
const ATTENTION_LAYERS = 4;

/** Applies ordered events to their patients' timelines and says when steps close and scores are due. */
export class Aligner {
  readonly patients = new Map<string, PatientState>();
  readonly counts: AlignCounts = {
    duplicates: 0,
    duplicateObservations: 0,
    late: 0,
    rejectedObservations: 0,
  };
  readonly #options: AlignOptions;
  readonly #sink: AlignmentSink;
  readonly #discharged = new Map<string, DischargedStay>();
  readonly #pending: PatientState[] = [];
  readonly #scratch = new Carry();

  constructor(options: AlignOptions, sink: AlignmentSink) {
    this.#options = options;
    this.#sink = sink;
  }

  /** Applies events that are complete up to some time and sorted by `compareEvents`; ends with the scores then due. */
  apply(events: readonly ClinicalEvent[]): void {
    for (let index = 0; index < events.length; index++) this.#applyOne(events[index]);
    for (const patient of this.#pending) this.#scoreIfPending(patient);
    this.#pending.length = 0;
  }

  /** Takes over a patient from a snapshot; one that is already here is kept. */
  restore(patient: PatientState): boolean {
    if (this.patients.has(patient.patientId)) return false;
    this.patients.set(patient.patientId, patient);
    return true;
  }

  /** The stay that was the patient's last, where it is over and not forgotten. */
  dischargedStay(patientId: string): DischargedStay | undefined {
    return this.#discharged.get(patientId);
  }

  /** Takes over a stay that is over. */
  restoreDischarged(stay: DischargedStay): void {
    if (!this.patients.has(stay.patientId)) this.#discharged.set(stay.patientId, stay);
  }

  /** Forgets the stays that ended before `time`, and returns them. */
  forgetDischarged(time: EpochMs): DischargedStay[] {
    const forgotten = [...this.#discharged.values()].filter(({ at }) => at < time);
    for (const { patientId } of forgotten) this.#discharged.delete(patientId);
    return forgotten;
  }

  /** Forgets the patients of partitions that are another process's now. */
  release(partitions: ReadonlySet<number>): void {
    for (const { patientId, partition } of this.#discharged.values()) {
      if (partitions.has(partition)) this.#discharged.delete(patientId);
    }
    for (const patient of this.patients.values()) {
      if (!partitions.has(patient.partition)) continue;
      this.patients.delete(patient.patientId);
      this.#sink.released(patient);
    }
  }

  #applyOne(event: ClinicalEvent): void {
    const patient = this.#patientOf(event);
    if (patient === null) return;
    if (isApplied(patient, event) || !patient.recentIds.add(event.messageId)) {
      this.#countDuplicate(event);
      return;
    }
    const { eventTime } = event;
    if (eventTime < patient.admittedAt) {
      this.#reject(
        event,
        'before-admission',
        `the stay begins ${new Date(patient.admittedAt).toISOString()}`,
      );
      return;
    }
    const isLate = eventTime < patient.lastEventAt;
    if (isLate) {
      // Such a score could as well have been given at the end of an earlier batch.
      this.#scoreIfPending(patient);
      this.counts.late++;
      patient.revised = true;
    } else if (eventTime > patient.lastEventAt) {
      this.#scoreIfPending(patient);
      patient.lastEventAt = eventTime;
      this.#closeStepsBefore(patient, eventTime);
    }
    switch (event.kind) {
      case 'vitals':
      case 'labs':
        this.#applyObservations(patient, event, isLate);
        break;
      case 'adt':
        this.#applyAdt(patient, event);
        return;
      case 'acks':
        this.#sink.acknowledged(patient, event);
        return;
      case 'notes':
      case 'imaging':
        this.#applyDocument(patient, event, isLate);
        break;
    }
    this.#requestScore(patient, event.kind !== 'vitals', isLate);
  }

  #patientOf(event: ClinicalEvent): PatientState | null {
    const known = this.patients.get(event.patientId);
    if (known !== undefined) return known;
    const before = this.#discharged.get(event.patientId);
    const isAdmission = event.kind === 'adt' && event.body.type === 'ADMIT';
    if (before !== undefined && isApplied(before, event)) {
      this.#countDuplicate(event);
      return null;
    }
    if (before !== undefined && !(isAdmission && event.eventTime > before.at)) {
      this.#reject(event, 'after-discharge', `the stay ended ${new Date(before.at).toISOString()}`);
      return null;
    }
    this.#discharged.delete(event.patientId);
    const { dedupeWindow } = this.#options;
    const patient = new PatientState(event, this.#options, dedupeWindow);
    this.patients.set(event.patientId, patient);
    if (event.kind === 'adt') patient.updateFrom(event.body);
    this.#sink.admitted(patient);
    return patient;
  }

  #applyObservations(patient: PatientState, event: ObservationEvent, isLate: boolean): void {
    const { timeline } = patient;
    const step = isLate ? timeline.stepOf(event.eventTime) : timeline.openStep;
    if (step < timeline.oldestStep) return;
    const { kind, variables, values, observedAt } = event;
    let changed = step;
    if (kind === 'labs') changed = recordResults(timeline, step, event);
    else {
      for (let index = 0; index < variables.length; index++) {
        timeline.record(step, variables[index], values[index], observedAt);
      }
    }
    if (changed < timeline.openStep) this.#reviseFrom(patient, changed);
  }

  /** Keeps the encoding of a note or image; without one, it only asks for a score. */
  #applyDocument(
    patient: PatientState,
    { kind, messageId, eventTime, encoding }: NoteClinicalEvent | ImagingClinicalEvent,
    isLate: boolean,
  ): void {
    if (encoding === null || encoding.embedding === null) return;
    const { timeline } = patient;
    const step = isLate ? timeline.stepOf(eventTime) : timeline.openStep;
    if (step < timeline.oldestStep) return;
    const documents = kind === 'notes' ? timeline.notes : timeline.images;
    const isNewest = documents.record(step, { messageId, eventTime, embedding: encoding.embedding });
    if (isNewest && step < timeline.openStep) this.#reviseFrom(patient, step);
  }

  #applyAdt(patient: PatientState, event: AdtClinicalEvent): void {
    patient.updateFrom(event.body);
    if (event.body.type !== 'DISCHARGE') return;
    this.#scoreIfPending(patient);
    this.patients.delete(patient.patientId);
    const { patientId, partition, appliedTo } = patient;
    this.#discharged.set(patientId, { patientId, partition, at: event.eventTime, appliedTo });
    if (this.#discharged.size > MAX_DISCHARGED) {
      this.#discharged.delete(this.#discharged.keys().next().value as string);
    }
    this.#sink.discharged(patient, event.eventTime);
  }

  /**
   * Closes the steps that have passed. Of a silence so long that no attention reaches over it, only its two ends are
   * walked through: in between, the ring is empty.
   */
  #closeStepsBefore(patient: PatientState, time: EpochMs): void {
    const { timeline } = patient;
    const { steps } = timeline.grid;
    const step = timeline.stepOf(time);
    const emptyFrom = timeline.openStep + steps;
    const resumeAt = step - ATTENTION_LAYERS * steps;
    while (timeline.openStep < step) {
      if (timeline.openStep === emptyFrom && resumeAt > emptyFrom) timeline.openStep = resumeAt;
      this.#sink.stepClosed(patient, timeline.openStep, timeline.carry);
      timeline.advance();
    }
  }

  /** A late event changed a closed step: it and all closed steps behind it are final anew. */
  #reviseFrom(patient: PatientState, from: StepIndex): void {
    const { timeline } = patient;
    const carry = this.#scratch;
    timeline.eachClosed(from, carry, (step) => this.#sink.stepClosed(patient, step, carry));
    timeline.foldBefore(timeline.carry, timeline.openStep);
  }

  #requestScore(patient: PatientState, isForced: boolean, isLate: boolean): void {
    if (isLate || !Number.isNaN(patient.scorePendingAt)) return;
    const isDue =
      isForced ||
      patient.revised ||
      patient.lastEventAt - patient.lastScoreAt >= this.#options.minScoreIntervalMs;
    if (!isDue) return;
    patient.scorePendingAt = patient.lastEventAt;
    this.#pending.push(patient);
  }

  #scoreIfPending(patient: PatientState): void {
    const time = patient.scorePendingAt;
    if (Number.isNaN(time)) return;
    patient.scorePendingAt = Number.NaN;
    this.#sink.scoreDue(patient, time);
    patient.lastScoreAt = time;
    patient.revised = false;
  }

  #countDuplicate({ variables }: ClinicalEvent): void {
    this.counts.duplicates++;
    this.counts.duplicateObservations += variables?.length ?? 0;
  }

  #reject(event: ClinicalEvent, reason: 'before-admission' | 'after-discharge', detail: string): void {
    this.counts.rejectedObservations += event.variables?.length ?? 0;
    const { patientId, eventTime } = event;
    this.#sink.rejected(event, { reason, detail, patientId, eventTime, index: -1 });
  }
}

/** Records what a laboratory tells, corrections among it; gives the oldest step that changed. */
function recordResults(timeline: PatientTimeline, step: StepIndex, event: ObservationEvent): StepIndex {
  const { variables, values, observedAt, eventTime } = event;
  const specimen = hashOfId(event.specimenId);
  const message = hashOfId(event.messageId);
  let changed = step;
  for (let index = 0; index < variables.length; index++) {
    const what = { variable: variables[index], value: values[index] };
    const result = { ...what, specimen, message, observedAt, eventTime };
    changed = Math.min(changed, timeline.recordResult(step, result));
  }
  return changed;
}

/** Whether a snapshot has the event in it. Of what a wrong partitioner put into another partition, offsets tell nothing. */
function isApplied(
  { appliedTo, partition }: Pick<PatientState, 'appliedTo' | 'partition'>,
  event: ClinicalEvent,
): boolean {
  return appliedTo !== null && partition === event.partition && event.offset < (appliedTo[event.topic] ?? 0);
}
