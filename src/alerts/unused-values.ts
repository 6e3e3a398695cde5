import type { DeadLetterMessage } from '../contract/messages.js';
import type { Priority } from '../contract/priorities.js';
import { MINUTE_MS } from '../durations.js';
import type { EpochMs } from '../events/event.js';
import { type NoticeBoard, QUIET_MS } from './notices.js';

/** Values that are set aside although somebody lies there. */
interface Kind {
  readonly notice: string;
  readonly priority: Priority;
  /** So long they must have come before it is told. Ours. */
  readonly graceMs: number;
  readonly what: string;
}

const KINDS: Readonly<Record<string, Kind>> = {
  // A monitor is taken off a patient some time after the discharge was entered.
  'after-discharge': {
    notice: 'values-after-discharge',
    priority: 'MEDIUM',
    graceMs: 10 * MINUTE_MS,
    what: 'go on after the discharge, and are not used: nobody is watched there. If the patient is still here, have the discharge cancelled or the patient admitted.',
  },
  // One such message may be a typing error; more are a clock or a time zone.
  future: {
    notice: 'values-ahead',
    priority: 'HIGH',
    graceMs: MINUTE_MS / 2,
    what: 'have times that are far ahead, and are not used: the patient is not watched. Look at the patient, and have the clock, the time zone or the unit of time of what sends them set right.',
  },
};

interface Noted {
  readonly deadLetters: readonly DeadLetterMessage[];
  readonly admitted: readonly { readonly patientId: string }[];
  readonly released: readonly { readonly patientId: string }[];
}

/** When the first and the newest of them came, by the clock. */
interface Seen {
  readonly first: EpochMs;
  newest: EpochMs;
}

/**
 * Patients of whom values come that are not used: after their discharge, or with times far ahead. Nobody is watched there, so it is
 * told as a technical notice a patient and kind, until such values cease or the patient is here again.
 */
export class UnusedValues {
  readonly #board: NoticeBoard;
  readonly #seen = new Map<string, Map<string, Seen>>();

  constructor(board: NoticeBoard) {
    this.#board = board;
  }

  /** What was set aside, and who has come; `now` is the clock's time. */
  note({ deadLetters, admitted, released }: Noted, now: EpochMs): void {
    for (const { reason, patientId, eventTime } of deadLetters) {
      const kind = KINDS[reason];
      // Of a backlog there is nothing to go to the bed for.
      const isPast = eventTime !== null && eventTime < now - QUIET_MS;
      if (kind === undefined || patientId === null || isPast) continue;
      const patients = this.#seen.get(reason) ?? new Map<string, Seen>();
      this.#seen.set(reason, patients);
      const seen = patients.get(patientId) ?? { first: now, newest: now };
      patients.set(patientId, seen);
      seen.newest = now;
      if (now - seen.first < kind.graceMs) continue;
      const detail = `Values of patient ${patientId} ${kind.what}`;
      this.#board.raise({
        kind: kind.notice,
        subject: patientId,
        patientId,
        priority: kind.priority,
        detail,
      });
    }
    for (const [reason, patients] of this.#seen) {
      for (const { patientId } of released) this.#end(reason, patients, patientId);
      if (reason === 'after-discharge')
        for (const { patientId } of admitted) this.#end(reason, patients, patientId);
      for (const [patientId, { newest }] of patients) {
        if (now - newest > QUIET_MS) this.#end(reason, patients, patientId);
      }
    }
  }

  #end(reason: string, patients: Map<string, Seen>, patientId: string): void {
    if (patients.delete(patientId)) this.#board.clear(KINDS[reason].notice, patientId);
  }
}
