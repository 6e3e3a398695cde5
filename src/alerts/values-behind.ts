import { MINUTE_MS } from '../durations.js';
import type { EpochMs, ObservationEvent } from '../events/event.js';
import { type NoticeBoard, QUIET_MS } from './notices.js';

/** Values are behind where they come so long after their time: more than any feed needs, less than a time zone is off. Ours. */
const BEHIND_MS = 30 * MINUTE_MS;
/** So long they must be behind by the same: of a backlog, and of a gateway that catches up, the delay shrinks. */
const STEADY_MS = 2 * MINUTE_MS;
const STEADY_WITHIN_MS = MINUTE_MS;

export const VALUES_BEHIND = 'values-behind';

type Patients = readonly { readonly patientId: string }[];
interface Noted {
  readonly observations: readonly ObservationEvent[];
  readonly discharged: Patients;
  readonly released: Patients;
}

/** A patient whose vital signs come late; times by the clock. */
interface Late {
  /** Since when they are late by `byMs`. */
  since: EpochMs;
  byMs: number;
  newest: EpochMs;
  isTold: boolean;
}

/**
 * Patients whose monitor's clock is behind: their vital signs come with times that are steadily far back. They are used, at the
 * times they name, and so as old ones beside those of other senders; that is told as a technical notice a patient. Clocks that are
 * ahead are told by `UnusedValues`.
 */
export class ValuesBehind {
  readonly #board: NoticeBoard;
  readonly #late = new Map<string, Late>();

  constructor(board: NoticeBoard) {
    this.#board = board;
  }

  /** How far the patient's monitor is behind, in milliseconds; 0 where it is not known to be. */
  lagOf(patientId: string): number {
    const late = this.#late.get(patientId);
    return late?.isTold === true ? late.byMs : 0;
  }

  /** What came in, at the clock's time `now`. */
  note({ observations, discharged, released }: Noted, now: EpochMs): void {
    for (const { kind, patientId, eventTime, isRepeated } of observations) {
      if (kind === 'vitals' && !isRepeated) this.#see(patientId, now - eventTime, now);
    }
    if (this.#late.size === 0) return;
    for (const { patientId } of [...discharged, ...released]) this.#end(patientId);
    for (const [patientId, { newest }] of this.#late) if (now - newest > QUIET_MS) this.#end(patientId);
  }

  #see(patientId: string, byMs: number, now: EpochMs): void {
    const late = this.#late.get(patientId);
    if (byMs < BEHIND_MS) {
      if (late !== undefined) this.#end(patientId);
      return;
    }
    if (late === undefined) {
      this.#late.set(patientId, { since: now, byMs, newest: now, isTold: false });
      return;
    }
    late.newest = now;
    if (late.isTold) return;
    if (Math.abs(byMs - late.byMs) > STEADY_WITHIN_MS) {
      late.since = now;
      late.byMs = byMs;
    } else if (now - late.since >= STEADY_MS) {
      late.isTold = true;
      this.#board.raise({
        kind: VALUES_BEHIND,
        subject: patientId,
        patientId,
        priority: 'MEDIUM',
        detail: `Vital signs of patient ${patientId} come with times ${Math.round(byMs / MINUTE_MS)} minutes behind: the clock or the time zone of what sends them is wrong, or it holds them back. Beside those of other senders they count as old. Have it set right.`,
      });
    }
  }

  #end(patientId: string): void {
    if (this.#late.get(patientId)?.isTold) this.#board.clear(VALUES_BEHIND, patientId);
    this.#late.delete(patientId);
  }
}
