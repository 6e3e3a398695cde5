import { Aligner, type AlignmentSink, type AlignOptions } from '../../src/align/aligner.js';
import type { PatientState } from '../../src/align/patient.js';
import type { RunningSummary } from '../../src/align/timeline.js';
import { variableIndex } from '../../src/clinical/variables.js';
import type { ClinicalEvent } from '../../src/events/event.js';
import { adt, eventOf, HOUR_MS, labs, START, vitals } from '../helpers.js';

/** An aligner whose outputs are written down, and short events for it. */

export const MINUTE_MS = 60_000;
export const OPTIONS: AlignOptions = {
  stepMs: HOUR_MS,
  steps: 6,
  minScoreIntervalMs: 10_000,
  dedupeWindow: 64,
};
export const HEART_RATE = variableIndex('heartRate');

/** An aligner and all it says, as lines: what, and when in minutes since START. */
export class Recorder implements AlignmentSink {
  readonly aligner: Aligner;
  said: string[] = [];

  constructor(options: Partial<AlignOptions> = {}) {
    this.aligner = new Aligner({ ...OPTIONS, ...options }, this);
  }

  /** What it says to these events. */
  apply(...events: ClinicalEvent[]): string[] {
    this.said = [];
    this.aligner.apply(events);
    return this.said;
  }

  stepClosed({ patientId }: PatientState, step: number, _summary: RunningSummary): void {
    this.said.push(`${patientId} step ${step}`);
  }
  scoreDue({ patientId }: PatientState, time: number): void {
    this.said.push(`${patientId} score ${minutes(time)}`);
  }
  measured(_patient: PatientState, _time: number): void {}
  admitted({ patientId, admittedAt }: PatientState): void {
    this.said.push(`${patientId} admitted ${minutes(admittedAt)}`);
  }
  updated({ patientId, wardId, bedId }: PatientState): void {
    this.said.push(`${patientId} lies in ${wardId}/${bedId}`);
  }
  reopened({ patientId }: PatientState): void {
    this.said.push(`${patientId} here again`);
  }
  discharged({ patientId }: PatientState, time: number): void {
    this.said.push(`${patientId} discharged ${minutes(time)}`);
  }
  released({ patientId }: PatientState): void {
    this.said.push(`${patientId} released`);
  }
  judged(): void {}

  acknowledged(event: ClinicalEvent): void {
    this.said.push(`${event.patientId} acknowledged ${minutes(event.eventTime)}`);
  }
  rejected(event: ClinicalEvent, { reason, detail }: { reason: string; detail: string }): void {
    this.said.push(`${event.patientId} ${reason} ${minutes(event.eventTime)}: ${detail}`);
  }

  /** Last known heart rate and its age in minutes, `minute` minutes since START. */
  heartRate(minute: number, patientId = 'p1'): [number, number] {
    const values = new Float32Array(64);
    const ages = new Float32Array(64);
    this.aligner.patients.get(patientId)!.timeline.lastKnown(START + minute * MINUTE_MS, values, ages);
    return [values[HEART_RATE], ages[HEART_RATE] / MINUTE_MS];
  }
}

export const minutes = (time: number) => (time - START) / MINUTE_MS;
let made = 0;

/** Where and when an event is: a fresh message id unless one is given. */
export function at(minute: number, patientId = 'p1', messageId = `m${made++}`) {
  return { eventTime: START + minute * MINUTE_MS, patientId, messageId };
}

export const rate = (minute: number, heartRate = 80, ...rest: string[]) =>
  eventOf('vitals', vitals({ heartRate }, at(minute, ...rest)));

export const lab = (minute: number, lactate = 2) => eventOf('labs', labs({ lactate }, at(minute)));
export const admit = (minute: number, more = {}) => eventOf('adt', adt('ADMIT', { ...at(minute), ...more }));
export const discharge = (minute: number) => eventOf('adt', adt('DISCHARGE', at(minute)));
