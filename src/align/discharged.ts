import type { AdtMessage } from '../contract/messages.js';
import { HOUR_MS } from '../durations.js';
import type { AdtClinicalEvent, ClinicalEvent, EpochMs } from '../events/event.js';
import type { AppliedTo, PatientState } from './patient.js';

/** A stay that is over, remembered so that stragglers are told from a new stay. */
export interface DischargedStay {
  readonly patientId: string;
  readonly partition: number;
  readonly at: EpochMs;
  readonly appliedTo: AppliedTo | null;
  /** The stay as it ended, in case the discharge is taken back; null once that is too long ago. */
  state: PatientState | null;
  /** An UPDATE that came after the discharge: values measured after it say that the patient is still here. */
  update: AdtMessage | null;
}

/** Stays remembered. */
const MOST = 100_000;
/**
 * So long after a discharge its stay can go on as if it had not been, in event time: the errors of an evening are put right
 * in the morning. Later, who is here after all begins a new stay.
 */
export const TAKE_BACK_MS = 12 * HOUR_MS;

/** The stays that are over and not forgotten, by patient. */
export class DischargedStays {
  readonly #stays = new Map<string, DischargedStay>();
  /** Those with their state, by partition, in the order in which they ended. */
  readonly #whole = new Map<number, DischargedStay[]>();

  get(patientId: string): DischargedStay | undefined {
    return this.#stays.get(patientId);
  }

  add(stay: DischargedStay): void {
    this.#stays.set(stay.patientId, stay);
    if (stay.state !== null) {
      const whole = this.#whole.get(stay.partition);
      if (whole === undefined) this.#whole.set(stay.partition, [stay]);
      else whole.push(stay);
    }
    if (this.#stays.size > MOST) this.#stays.delete(this.#stays.keys().next().value as string);
  }

  /** The patient is here again. */
  delete(patientId: string): void {
    const stay = this.#stays.get(patientId);
    if (stay === undefined) return;
    this.#stays.delete(patientId);
    const whole = this.#whole.get(stay.partition);
    if (whole?.includes(stay)) whole.splice(whole.indexOf(stay), 1);
  }

  /** A partition has come to `time`: discharges too long ago are not taken back any more. */
  passed(partition: number, time: EpochMs): void {
    const whole = this.#whole.get(partition);
    while (whole !== undefined && whole.length > 0 && time - whole[0].at > TAKE_BACK_MS) {
      whole[0].state = null;
      whole.shift();
    }
  }

  /** Forgets the stays that ended before their partition's time, and returns them. */
  forgetBefore(timeOf: (partition: number) => EpochMs): DischargedStay[] {
    const forgotten = [...this.#stays.values()].filter(({ at, partition }) => at < timeOf(partition));
    for (const { patientId } of forgotten) this.delete(patientId);
    return forgotten;
  }

  /** Forgets the stays of partitions that are another process's now. */
  release(partitions: ReadonlySet<number>): void {
    for (const [patientId, { partition }] of this.#stays) {
      if (partitions.has(partition)) this.#stays.delete(patientId);
    }
    for (const partition of partitions) this.#whole.delete(partition);
  }
}

export function isOf(event: ClinicalEvent, type: AdtMessage['type']): event is AdtClinicalEvent {
  return event.kind === 'adt' && event.body.type === type;
}

/** Whether an event says that a patient who was discharged is here after all: a transfer, or a value measured after an update. */
export function isStillHere(event: ClinicalEvent, { at, update }: DischargedStay): boolean {
  // Of one moment, too: a transfer that is entered with the discharge says where the patient goes on.
  if (isOf(event, 'TRANSFER')) return event.eventTime >= at;
  return update !== null && event.variables !== null && event.observedAt >= update.eventTime;
}
