import type { DeadLetterMessage } from '../contract/messages.js';
import type { EpochMs } from '../events/event.js';
import type { NoticeBoard } from './notices.js';

const MINUTE_MS = 60_000;
/** A monitor is taken off a patient within this time after the discharge was entered. Ours. */
const GRACE_MS = 10 * MINUTE_MS;
/** So long without a further value it is over. */
const QUIET_MS = 15 * MINUTE_MS;

const GONE_VALUES = 'values-after-discharge';

interface Noted {
  readonly deadLetters: readonly DeadLetterMessage[];
  readonly admitted: readonly { readonly patientId: string }[];
  readonly released: readonly { readonly patientId: string }[];
}

interface Gone {
  readonly firstAt: EpochMs;
  newestAt: EpochMs;
}

/**
 * Patients of whom values go on after their discharge: nobody is watched there, and the discharge may be a mistake. Told to every
 * ward as a technical notice, until the patient is here again or the values cease.
 */
export class GoneValues {
  readonly #board: NoticeBoard;
  readonly #gone = new Map<string, Gone>();

  constructor(board: NoticeBoard) {
    this.#board = board;
  }

  /** What was set aside, and who has come; `now` is the clock's time. */
  note({ deadLetters, admitted, released }: Noted, now: EpochMs): void {
    for (const { patientId } of [...admitted, ...released]) this.#end(patientId);
    for (const { reason, patientId, eventTime } of deadLetters) {
      if (reason !== 'after-discharge' || patientId === null || eventTime === null) continue;
      if (eventTime < now - QUIET_MS) continue;
      const gone = this.#gone.get(patientId) ?? { firstAt: eventTime, newestAt: eventTime };
      this.#gone.set(patientId, gone);
      gone.newestAt = Math.max(gone.newestAt, eventTime);
      if (gone.newestAt - gone.firstAt < GRACE_MS) continue;
      this.#board.raise({
        kind: GONE_VALUES,
        subject: patientId,
        patientId,
        priority: 'MEDIUM',
        detail: `Values of patient ${patientId} go on after the discharge, and are not used: nobody is watched there. If the patient is still here, have the discharge cancelled or the patient admitted.`,
      });
    }
    for (const [patientId, { newestAt }] of this.#gone) if (now - newestAt > QUIET_MS) this.#end(patientId);
  }

  #end(patientId: string): void {
    if (this.#gone.delete(patientId)) this.#board.clear(GONE_VALUES, patientId);
  }
}
