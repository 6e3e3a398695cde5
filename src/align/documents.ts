import type { EpochMs } from '../events/event.js';
import type { StepIndex } from './timeline.js';

/** What is kept of an encoded note or image. */
export interface PatientDocument {
  readonly messageId: string;
  readonly eventTime: EpochMs;
  /** In units of 1/EMBEDDING_UNIT. */
  readonly embedding: Int16Array;
}

interface Held {
  readonly step: StepIndex;
  readonly document: PatientDocument;
}

/** The newest note (or image) of each step in the ring. Of two at the same time, the one with the greater id. */
export class NewestDocuments {
  /** By step, oldest first. */
  #held: Held[] = [];

  /** All that is kept, oldest first. */
  get held(): readonly Held[] {
    return this.#held;
  }

  /** Keeps a document if it is its step's newest; tells whether it is. */
  record(step: StepIndex, document: PatientDocument): boolean {
    let at = this.#held.length;
    while (at > 0 && this.#held[at - 1].step > step) at--;
    const rival = at > 0 && this.#held[at - 1].step === step ? this.#held[at - 1].document : null;
    if (rival !== null && !isNewer(document, rival)) return false;
    const held = { step, document };
    if (rival === null) this.#held.splice(at, 0, held);
    else this.#held[at - 1] = held;
    return true;
  }

  /** The newest one of a step and those before it; null where there is none. */
  newest(step: StepIndex): PatientDocument | null {
    for (let at = this.#held.length - 1; at >= 0; at--) {
      if (this.#held[at].step <= step) return this.#held[at].document;
    }
    return null;
  }

  /** Lets go of those of steps before `step`. */
  forgetBefore(step: StepIndex): void {
    if (this.#held.length === 0 || this.#held[0].step >= step) return;
    const first = this.#held.findIndex((held) => held.step >= step);
    this.#held = first < 0 ? [] : this.#held.slice(first);
  }
}

function isNewer(a: PatientDocument, b: PatientDocument): boolean {
  return a.eventTime > b.eventTime || (a.eventTime === b.eventTime && a.messageId > b.messageId);
}
