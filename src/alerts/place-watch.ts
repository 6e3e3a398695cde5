import { type AlertMessage, withPresentFields } from '../contract/messages.js';
import { withOldName } from '../contract/old-names.js';
import { PLACE_UNKNOWN } from '../contract/signals.js';
import { hashId } from '../events/dead-letter.js';
import type { EpochMs } from '../events/event.js';
import { raisedNotice } from './notices.js';
import { notBefore, type PatientPlace, recordAfter } from './rule-state.js';

/** What is kept of it, as JSON: what is not finite is null. */
export interface StoredPlaceWatch {
  readonly unknownSince: EpochMs | null;
  readonly open: AlertMessage | null;
}

/**
 * Watches that the ward of one stay is known. Where it is not for a while, a technical notice says so to every ward, until it
 * is known or the stay is over. Its times are those of the patient's events, so the same stream gives the same notices.
 */
export class PlaceWatch {
  readonly #holdMs: number;
  #stayId = '';
  /** NaN: the ward is known. */
  #unknownSince: EpochMs = Number.NaN;
  #open: AlertMessage | null = null;

  constructor(holdMs: number) {
    this.#holdMs = holdMs;
  }

  get open(): AlertMessage | null {
    return this.#open;
  }

  /** When the notice is due; infinite where none is. */
  get dueTime(): EpochMs {
    const isDue = this.#open === null && !Number.isNaN(this.#unknownSince);
    return isDue ? this.#unknownSince + this.#holdMs : Number.POSITIVE_INFINITY;
  }

  /** Takes note of where the patient is; the record that ends the notice, if one was open and the ward is known. */
  see({ stayId, wardId, time }: PatientPlace): AlertMessage | null {
    this.#stayId = stayId;
    if (wardId !== null) return this.end(time, 'the ward has become known');
    if (Number.isNaN(this.#unknownSince)) this.#unknownSince = time;
    return null;
  }

  /** Raises the notice that is due. */
  raise(patientId: string): AlertMessage {
    const since = this.#unknownSince;
    this.#open = raisedNotice({
      alertId: hashId(patientId, PLACE_UNKNOWN, this.#stayId, since),
      patientId,
      stayId: this.#stayId,
      wardId: null,
      rule: PLACE_UNKNOWN,
      priority: 'MEDIUM',
      onsetTime: since,
      eventTime: this.dueTime,
      detail: `No message has told on which ward patient ${patientId} lies, so every ward is shown the patient. Find the patient, and have the admission or transfer entered with its ward.`,
    });
    return this.#open;
  }

  /** Ends the notice; null where none is open. */
  end(time: EpochMs, reason: string): AlertMessage | null {
    const before = this.#open;
    this.#unknownSince = Number.NaN;
    this.#open = null;
    if (before === null) return null;
    return recordAfter(before, { state: 'RESOLVED', eventTime: notBefore(before, time), reason });
  }

  toJSON(): StoredPlaceWatch {
    return {
      unknownSince: Number.isNaN(this.#unknownSince) ? null : this.#unknownSince,
      open: this.#open && withOldName(this.#open),
    };
  }

  restore({ unknownSince, open }: StoredPlaceWatch): void {
    this.#unknownSince = unknownSince ?? Number.NaN;
    this.#open = open && withPresentFields(open);
  }
}
