import { reasonCode } from '../clinical/trust.js';
import type { Rejection } from '../events/dead-letter.js';
import {
  type AckClinicalEvent,
  type AdtClinicalEvent,
  type ClinicalEvent,
  type EpochMs,
  type ImagingClinicalEvent,
  isMonitorAlarm,
  type NoteClinicalEvent,
  type ObservationEvent,
} from '../events/event.js';
import { type DischargedStay, DischargedStays, isOf, isStillHere, TAKE_BACK_MS } from './discharged.js';
import { chartedOf } from './infusions.js';
import { recordNote } from './note-values.js';
import { judgeValues } from './other-bed.js';
import { type Changes, PatientState } from './patient.js';
import type { RecentIds } from './recent-ids.js';
import { recordDocument, recordValues, stepIn } from './record.js';
import { RunningSummary, type StepGrid, type StepIndex } from './timeline.js';
import { isEmpty, TrustCounts, usableOf } from './trust-counts.js';

export interface AlignOptions extends StepGrid {
  /** Least event time between two scores of a patient that vitals alone cause. */
  readonly minScoreIntervalMs: number;
  /** Message ids remembered per patient (a power of two). */
  readonly dedupeWindow: number;
}

/** What alignment tells the stages behind it, in each patient's event-time order. */
export interface AlignmentSink {
  /** A step is final, or final anew after a late event; `summary` folds the steps before it. */
  stepClosed(patient: PatientState, step: StepIndex, summary: RunningSummary): void;
  /** All events up to `time` are in: score now. */
  scoreDue(patient: PatientState, time: EpochMs): void;
  /** All events up to `time` are in, and no score is due; or a late value has just come. */
  measured(patient: PatientState, time: EpochMs): void;
  admitted(patient: PatientState): void;
  /** Word has come of where the patient lies, since when, or who they are. */
  updated(patient: PatientState): void;
  /** A discharge is taken back: the stay goes on. */
  reopened(patient: PatientState): void;
  discharged(patient: PatientState, time: EpochMs): void;
  /** The patient's partition is another process's now. */
  released(patient: PatientState): void;
  /** What a person did, also where the patient is not known. */
  acknowledged(event: AckClinicalEvent): void;
  /** Values are not used, or are used again. */
  judged(patient: PatientState, time: EpochMs): void;
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

const NO_READING = reasonCode('no-reading');
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
  /** Values that are not used, by variable and reason. */
  readonly untrusted = new TrustCounts();
  readonly #options: AlignOptions;
  readonly #sink: AlignmentSink;
  readonly #discharged = new DischargedStays();
  readonly #pending: PatientState[] = [];
  readonly #scratch = new RunningSummary();

  constructor(options: AlignOptions, sink: AlignmentSink) {
    this.#options = options;
    this.#sink = sink;
  }

  /** Applies events that are complete up to some time and sorted by `compareEvents`; ends with the scores then due. */
  apply(events: readonly ClinicalEvent[]): void {
    for (let index = 0; index < events.length; index++) {
      const event = events[index];
      this.#applyOne(event);
      // A partition's events are in order: its last one in a row is the newest.
      if (events[index + 1]?.partition !== event.partition)
        this.#discharged.passed(event.partition, event.eventTime);
    }
    for (const patient of this.#pending) this.#endMoment(patient);
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

  /** Takes over a stay that is over; false where the patient is here. */
  restoreDischarged(stay: DischargedStay): boolean {
    if (this.patients.has(stay.patientId)) return false;
    this.#discharged.add(stay);
    return true;
  }

  /** Forgets the stays that ended before their partition's time, and returns them. */
  forgetDischarged(timeOf: (partition: number) => EpochMs): DischargedStay[] {
    return this.#discharged.forgetBefore(timeOf);
  }

  /** Forgets the patients of partitions that are another process's now. */
  release(partitions: ReadonlySet<number>): void {
    this.#discharged.release(partitions);
    for (const patient of this.patients.values()) {
      if (!partitions.has(patient.partition)) continue;
      this.patients.delete(patient.patientId);
      this.#sink.released(patient);
    }
  }

  #applyOne(event: ClinicalEvent): void {
    const known = this.patients.get(event.patientId);
    // Shown as it is, it tells nothing of the patient: it opens no stay, and their clock stays where it is.
    if (isMonitorAlarm(event)) return;
    const patient = known ?? this.#comingPatient(event);
    if (patient === null) return;
    if (known !== undefined && this.#isKnown(event, known, known.recentIds)) return;
    const { eventTime } = event;
    if (eventTime < patient.earliest) {
      this.#rejectBefore(event, patient);
      return;
    }
    if (event.kind === 'acks') {
      // What a person does tells nothing of the patient, so their clock stays where it is.
      if (eventTime > patient.lastEventAt) this.#endMoment(patient);
      this.#sink.acknowledged(event);
      return;
    }
    const isLate = eventTime < patient.lastEventAt;
    if (isLate) {
      // Such a score could as well have been given at the end of an earlier batch.
      this.#endMoment(patient);
      this.counts.late++;
      event.fate = 'late';
      // What is charted of treatments is in no step.
      if (event.kind !== 'treatments') patient.revised = true;
    } else if (eventTime > patient.lastEventAt) {
      this.#endMoment(patient);
      patient.lastEventAt = eventTime;
      this.#closeStepsBefore(patient, eventTime);
    }
    switch (event.kind) {
      case 'vitals':
      case 'labs':
        this.#applyObservations(patient, event, isLate);
        break;
      case 'treatments':
        patient.timeline.signs.chart(chartedOf(event));
        // No input of the model: told with the rest of the moment, and no score is due for it.
        if (isLate) this.#endMoment(patient);
        else this.#pending.push(patient);
        return;
      case 'adt':
        if (event.body.type === 'DISCHARGE') this.#discharge(patient, event);
        else this.#applyAdt(patient, event, isLate);
        return;
      case 'notes':
      case 'imaging':
        this.#applyDocument(patient, event, isLate);
        break;
    }
    this.#requestScore(patient, event.kind !== 'vitals', isLate);
  }

  /** The patient of an event who is not here; null where the event neither begins a stay nor takes a discharge back. */
  #comingPatient(event: ClinicalEvent): PatientState | null {
    if (isEmpty(event)) {
      this.#rejectEmpty(event);
      return null;
    }
    const before = this.#discharged.get(event.patientId);
    if (before === undefined) {
      if (event.kind === 'acks') {
        this.#sink.acknowledged(event);
        return null;
      }
      if (!isOf(event, 'DISCHARGE')) return this.#open(event, Number.NEGATIVE_INFINITY);
      const { patientId, partition, eventTime: at } = event;
      this.#discharged.add({ patientId, partition, at, appliedTo: null, state: null, update: null });
      return null;
    }
    if (this.#isKnown(event, before, before.state?.recentIds)) return null;
    if (isOf(event, 'ADMIT') && event.eventTime >= before.at) {
      this.#discharged.delete(event.patientId);
      return this.#open(event, before.at);
    }
    if (isOf(event, 'UPDATE') && event.eventTime > before.at) {
      before.state?.updateFrom(event.body);
      if (event.eventTime >= (before.update?.eventTime ?? before.at)) before.update = event.body;
      return null;
    }
    if (isStillHere(event, before)) return this.#takeBack(event, before);
    this.#reject(event, 'after-discharge', `the stay ended ${new Date(before.at).toISOString()}`);
    return null;
  }

  /** A new stay; nothing before `earliest` is of it. */
  #open(event: ClinicalEvent, earliest: EpochMs): PatientState {
    const patient = new PatientState(event, this.#options, this.#options.dedupeWindow);
    patient.earliest = earliest;
    patient.recentIds.add(event.messageId);
    this.patients.set(event.patientId, patient);
    if (event.kind === 'adt') patient.updateFrom(event.body);
    this.#sink.admitted(patient);
    return patient;
  }

  /** The stay goes on where it ended; where that is too long ago, a new one begins. */
  #takeBack(event: ClinicalEvent, before: DischargedStay): PatientState {
    const { state, update, at } = before;
    this.#discharged.delete(event.patientId);
    if (state === null || event.eventTime - at > TAKE_BACK_MS) {
      const patient = this.#open(event, at);
      if (update !== null && changes(patient.updateFrom(update))) this.#sink.updated(patient);
      return patient;
    }
    state.reopened++;
    this.patients.set(event.patientId, state);
    this.#sink.reopened(state);
    return state;
  }

  /** Values are judged before anything else sees them: only those that are used are recorded. */
  #applyObservations(patient: PatientState, event: ObservationEvent, isLate: boolean): void {
    const { timeline, trust } = patient;
    const wasClear = trust.isClear;
    const unusable = event.variables.length - usableOf(event);
    judgeValues(patient, event, isLate);
    patient.feed.note(event);
    if (event.verdicts !== null) this.untrusted.add(event.variables, event.verdicts, unusable);
    if (!wasClear || !trust.isClear) this.#sink.judged(patient, event.eventTime);
    const step = isLate ? stepIn(timeline, event.eventTime) : timeline.openStep;
    if (step < timeline.oldestStep) return;
    const changed = recordValues(timeline, step, event);
    if (changed < timeline.openStep) this.#reviseFrom(patient, changed);
  }

  /** Keeps the encoding of a note or image, and what a note states; without either, it only asks for a score. */
  #applyDocument(
    patient: PatientState,
    event: NoteClinicalEvent | ImagingClinicalEvent,
    isLate: boolean,
  ): void {
    const { timeline } = patient;
    const step = isLate ? stepIn(timeline, event.eventTime) : timeline.openStep;
    const stated =
      event.kind === 'notes' ? recordNote(patient, step, event, isLate) : Number.POSITIVE_INFINITY;
    const changed = Math.min(stated, recordDocument(timeline, step, event));
    if (changed < timeline.openStep) this.#reviseFrom(patient, changed);
  }

  #applyAdt(patient: PatientState, event: AdtClinicalEvent, isLate: boolean): void {
    const changed = patient.updateFrom(event.body);
    if (!changes(changed)) return;
    if (isLate && changed.demographics) {
      const { timeline } = patient;
      this.#reviseFrom(patient, Math.max(timeline.oldestStep, timeline.stepOf(event.eventTime)));
    }
    this.#sink.updated(patient);
  }

  /** Ends the stay, unless the patient was admitted or transferred since, or at that moment: in order of time, that comes after it. */
  #discharge(patient: PatientState, event: AdtClinicalEvent): void {
    const { eventTime: at } = event;
    const { patientId, partition, appliedTo, openedAt, newestAdmission, newestTransfer } = patient;
    if (at < openedAt) {
      if (changes(patient.beginAfter(at))) this.#sink.updated(patient);
      this.#rejectBefore(event, patient);
      return;
    }
    const hereAt = Math.max(newestAdmission, newestTransfer);
    if (at <= hereAt) {
      const what = newestAdmission === hereAt ? 'admitted again' : 'transferred';
      this.#reject(event, 'before-admission', `the patient was ${what} ${new Date(hereAt).toISOString()}`);
      return;
    }
    this.#endMoment(patient);
    this.patients.delete(patientId);
    this.#discharged.add({ patientId, partition, at, appliedTo, state: patient, update: null });
    this.#sink.discharged(patient, at);
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
      this.#sink.stepClosed(patient, timeline.openStep, timeline.summary);
      timeline.advance();
    }
  }

  /** A late event changed a closed step: it and all closed steps behind it are final anew. */
  #reviseFrom(patient: PatientState, from: StepIndex): void {
    const { timeline } = patient;
    const summary = this.#scratch;
    timeline.eachClosed(from, summary, (step) => this.#sink.stepClosed(patient, step, summary));
    timeline.foldBefore(timeline.summary, timeline.openStep);
  }

  #requestScore(patient: PatientState, isForced: boolean, isLate: boolean): void {
    if (isLate) this.#endMoment(patient);
    if (isLate || !Number.isNaN(patient.scorePendingAt)) return;
    const sinceScore = patient.lastEventAt - patient.lastScoreAt;
    const isDue = isForced || patient.revised || sinceScore >= this.#options.minScoreIntervalMs;
    if (isDue) patient.scorePendingAt = patient.lastEventAt;
    else if (!patient.timeline.signs.hasNews) return;
    this.#pending.push(patient);
  }

  /** All events of the patient's newest moment are in. */
  #endMoment(patient: PatientState): void {
    const time = patient.scorePendingAt;
    const hasNews = patient.timeline.signs.takeNews();
    if (Number.isNaN(time)) {
      if (hasNews) this.#sink.measured(patient, patient.lastEventAt);
      return;
    }
    patient.scorePendingAt = Number.NaN;
    this.#sink.scoreDue(patient, time);
    patient.lastScoreAt = time;
    patient.revised = false;
  }

  /** Whether the event's message came before; what became of one that is only read again is said already. */
  #isKnown(event: ClinicalEvent, stay: PatientState | DischargedStay, ids: RecentIds | undefined): boolean {
    if (!isApplied(stay, event)) {
      if (ids?.add(event.messageId) !== false) return false;
      event.fate = 'duplicate';
    }
    event.isRepeated = true;
    this.counts.duplicates++;
    this.counts.duplicateObservations += usableOf(event);
    return true;
  }

  /** Nothing of the message is a reading, and nobody is known here: a monitor without a patient opens no stay. */
  #rejectEmpty(event: ClinicalEvent): void {
    if (event.verdicts?.some((code) => code === NO_READING))
      this.#reject(event, 'no-reading', 'no value of the message is a reading, and the patient is not here');
  }

  #rejectBefore(event: ClinicalEvent, { earliest, admittedAt }: PatientState): void {
    const begins = new Date(Math.max(earliest, admittedAt)).toISOString();
    this.#reject(event, 'before-admission', `the stay begins ${begins}`);
  }

  #reject(
    event: ClinicalEvent,
    reason: 'before-admission' | 'after-discharge' | 'no-reading',
    detail: string,
  ): void {
    event.fate = reason;
    this.counts.rejectedObservations += usableOf(event);
    const { patientId, eventTime } = event;
    this.#sink.rejected(event, { reason, detail, patientId, eventTime, index: -1 });
  }
}

/** Whether a snapshot has the event in it. Of what a wrong partitioner put into another partition, offsets tell nothing. */
function isApplied(
  { appliedTo, partition }: Pick<PatientState, 'appliedTo' | 'partition'>,
  event: ClinicalEvent,
): boolean {
  return appliedTo !== null && partition === event.partition && event.offset < (appliedTo[event.topic] ?? 0);
}

const changes = ({ stay, demographics }: Changes): boolean => stay || demographics;
