import { VARIABLES, variableIndex } from '../clinical/variables.js';
import type { Priority } from '../contract/messages.js';
import type { EpochMs, ObservationEvent } from '../events/event.js';
import type { NoticeBoard } from './notices.js';

const HEART_RATE = variableIndex('heartRate');
const RESP_RATE = variableIndex('respRate');
/** A zero older than this, as of a backlog, is nothing to go to the bed for. */
const PAST_MS = 15 * 60_000;

export const NO_READING = 'no-reading';

type Patients = readonly { readonly patientId: string }[];
interface Noted {
  readonly observations: readonly ObservationEvent[];
  readonly discharged: Patients;
  readonly released: Patients;
}

/** What is known of a patient's place; the ward null where it is not known. */
export type WardOf = (patientId: string) => string | null;

/**
 * Zeros for "no reading", told to staff as technical notices, one a patient and variable, until the variable is read again. They raise
 * no clinical alert and resolve none: the last real value stays what is known, and ages. A heart rate of 0 is scored as it is, since it
 * may be asystole, and said here at once.
 */
export class NoReadings {
  readonly #board: NoticeBoard;
  readonly #wardOf: WardOf;
  /** Event time of the newest zero, by variable, of patients who have one. */
  readonly #open = new Map<string, Map<number, EpochMs>>();

  constructor(board: NoticeBoard, wardOf: WardOf) {
    this.#board = board;
    this.#wardOf = wardOf;
  }

  /** A device said 0 of the variable at `time`. */
  zero(patientId: string, variable: number, time: EpochMs, now: EpochMs): void {
    if (time < now - PAST_MS) return;
    const zeros = this.#open.get(patientId) ?? new Map<number, EpochMs>();
    this.#open.set(patientId, zeros);
    zeros.set(variable, Math.max(time, zeros.get(variable) ?? time));
    this.#board.raise({
      kind: NO_READING,
      subject: subjectOf(patientId, variable),
      wardId: this.#wardOf(patientId),
      patientId,
      priority: priorityOf(variable),
      detail: detailOf(variable),
    });
  }

  /** What was read: what is not 0 ends the notice. So does the end of the watch over a patient. */
  note({ observations, discharged, released }: Noted, now: EpochMs): void {
    for (const { patientId } of [...discharged, ...released]) this.#forget(patientId);
    for (const { patientId, eventTime, variables, values } of observations) {
      const zeros = this.#open.get(patientId);
      for (let index = 0; index < variables.length; index++) {
        if (variables[index] === HEART_RATE && values[index] === 0) {
          this.zero(patientId, HEART_RATE, eventTime, now);
        } else if (
          zeros !== undefined &&
          eventTime > (zeros.get(variables[index]) ?? Number.POSITIVE_INFINITY)
        ) {
          this.#clear(patientId, zeros, variables[index]);
        }
      }
    }
  }

  #forget(patientId: string): void {
    const zeros = this.#open.get(patientId);
    if (zeros === undefined) return;
    for (const variable of [...zeros.keys()]) this.#clear(patientId, zeros, variable);
  }

  #clear(patientId: string, zeros: Map<number, EpochMs>, variable: number): void {
    zeros.delete(variable);
    if (zeros.size === 0) this.#open.delete(patientId);
    this.#board.clear(NO_READING, subjectOf(patientId, variable));
  }
}

function subjectOf(patientId: string, variable: number): string {
  return `${patientId}/${VARIABLES[variable].id}`;
}

function priorityOf(variable: number): Priority {
  if (variable === HEART_RATE) return 'HIGH';
  return variable === RESP_RATE ? 'MEDIUM' : 'LOW';
}

function detailOf(variable: number): string {
  const { label } = VARIABLES[variable];
  if (variable === HEART_RATE) return `${label} is 0: asystole, or the ECG is off. Look at the patient now.`;
  const cause = variable === RESP_RATE ? 'apnoea, or the lead is off' : 'the probe, cuff or line is off';
  return `${label} is 0: ${cause}. Look at the patient; the value is not used.`;
}
