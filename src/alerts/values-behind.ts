import { MINUTE_MS } from '../durations.js';
import type { EpochMs, ObservationEvent } from '../events/event.js';
import { type NoticeBoard, QUIET_MS } from './notices.js';

/** What is older than this, as of a backlog, is nothing to go to the bed for, unless all of a monitor is so old. */
export const PAST_MS = 15 * MINUTE_MS;
/** So long values must be behind by the same or more: of a backlog, and of a gateway that catches up, the delay shrinks. Ours. */
const STEADY_MS = 2 * MINUTE_MS;
const STEADY_WITHIN_MS = MINUTE_MS;
/** Values are behind where they come so long after their time: a little less than what is past, so that nothing is between the two. */
const BEHIND_MS = PAST_MS - STEADY_WITHIN_MS;
/** They are no more where it is less than this. */
const IN_TIME_MS = BEHIND_MS - STEADY_WITHIN_MS;

export const VALUES_BEHIND = 'values-behind';

type Patients = readonly { readonly patientId: string }[];
interface Noted {
  readonly observations: readonly ObservationEvent[];
  readonly discharged: Patients;
  readonly released: Patients;
}

/** What a sender tells of a patient comes late; times by the clock. */
interface Late {
  /** Since when it is late by `byMs`. */
  since: EpochMs;
  byMs: number;
  newest: EpochMs;
  /** How late it is known to be; 0 where it has not lasted yet. */
  steadyMs: number;
}

/**
 * Patients whose monitor's clock is behind: their vital signs come with times that are steadily far back. They are used, at the
 * times they name, and so as old ones beside those of other senders; that is told as a technical notice a patient. A ventilator may
 * be in time where the monitor is not, so each sign that leads messages is watched by itself. Clocks that are ahead are told by
 * `UnusedValues`.
 */
export class ValuesBehind {
  readonly #board: NoticeBoard;
  /** By patient and the first variable of their messages. */
  readonly #late = new Map<string, Map<number, Late>>();

  constructor(board: NoticeBoard) {
    this.#board = board;
  }

  /** How far the patient's monitor is behind, in milliseconds; 0 where it is not known to be. */
  lagOf(patientId: string): number {
    let lag = 0;
    for (const { steadyMs } of this.#late.get(patientId)?.values() ?? []) lag = Math.max(lag, steadyMs);
    return lag;
  }

  /** What came in, at the clock's time `now`. */
  note({ observations, discharged, released }: Noted, now: EpochMs): void {
    for (const { kind, patientId, eventTime, isRepeated, variables } of observations) {
      if (kind === 'vitals' && !isRepeated) this.#see(patientId, variables[0], now - eventTime, now);
    }
    if (this.#late.size === 0) return;
    for (const { patientId } of [...discharged, ...released]) this.#endAll(patientId);
    for (const [patientId, senders] of this.#late) {
      for (const [variable, { newest }] of senders) {
        if (now - newest > QUIET_MS) this.#end(patientId, senders, variable);
      }
    }
  }

  #see(patientId: string, variable: number, byMs: number, now: EpochMs): void {
    const senders = this.#late.get(patientId);
    const late = senders?.get(variable);
    if (late === undefined) {
      if (byMs >= BEHIND_MS) this.#begin(patientId, variable, byMs, now);
      return;
    }
    if (byMs < IN_TIME_MS) {
      this.#end(patientId, senders!, variable);
      return;
    }
    late.newest = now;
    if (Math.abs(byMs - late.byMs) > STEADY_WITHIN_MS) {
      late.since = now;
      late.byMs = byMs;
      return;
    }
    // A delay that grows is none of a backlog.
    late.byMs = Math.max(byMs, late.byMs);
    if (now - late.since >= STEADY_MS) this.#tell(patientId, late);
  }

  #begin(patientId: string, variable: number, byMs: number, now: EpochMs): void {
    const senders = this.#late.get(patientId) ?? new Map<number, Late>();
    this.#late.set(patientId, senders);
    senders.set(variable, { since: now, byMs, newest: now, steadyMs: 0 });
  }

  #tell(patientId: string, late: Late): void {
    const isTold = this.lagOf(patientId) > 0;
    late.steadyMs = late.byMs;
    if (isTold) return;
    this.#board.raise({
      kind: VALUES_BEHIND,
      subject: patientId,
      patientId,
      priority: 'MEDIUM',
      detail: `Vital signs of patient ${patientId} come with times ${Math.round(late.byMs / MINUTE_MS)} minutes behind: the clock or the time zone of what sends them is wrong, or it holds them back. Beside those of other senders they count as old. Have it set right.`,
    });
  }

  #end(patientId: string, senders: Map<number, Late>, variable: number): void {
    const wasTold = this.lagOf(patientId) > 0;
    senders.delete(variable);
    if (senders.size === 0) this.#late.delete(patientId);
    if (wasTold && this.lagOf(patientId) === 0) this.#board.clear(VALUES_BEHIND, patientId);
  }

  #endAll(patientId: string): void {
    const senders = this.#late.get(patientId);
    for (const variable of senders?.keys() ?? []) this.#end(patientId, senders!, variable);
  }
}
