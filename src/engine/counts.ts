import type { UntrustedValues } from '../align/trust-counts.js';
import { isOfRule } from '../contract/layers.js';
import type { NoteClinicalEvent } from '../events/event.js';
import type { Outputs } from './outputs.js';

/** Counters of the whole path, since the start. */
export interface EngineCounts {
  messages: number;
  observations: number;
  /** Values that were not used although they are no dead letters. */
  untrusted: number;
  /** All values that were not used. */
  untrustedByVariable: readonly UntrustedValues[];
  implausible: number;
  /** Demographic fields set aside, each a dead letter. */
  rejectedFields: number;
  duplicates: number;
  duplicateObservations: number;
  late: number;
  scores: number;
  /** Alerts raised about patients, those of states among them. */
  alerts: number;
  stateAlerts: number;
  deadLetters: number;
  deadLettersByReason: Record<string, number>;
  /** Observations of events outside a stay, inside `deadLetters` as one a message. */
  rejectedObservations: number;
  /** Notes and images with an embedding. */
  encoded: number;
  /** Notes and images of which an encoder used only a part or nothing, by reason. */
  flagged: Readonly<Record<string, number>>;
  /** Facts that notes state, by what became of them: used, or why not; and notes that were not read, or not wholly. */
  noteFacts: Readonly<Record<string, number>>;
}

/** Counts what comes out of the pipeline. */
export class OutputCounts {
  scores = 0;
  /** Alerts raised; their changes do not count. */
  alerts = 0;
  stateAlerts = 0;
  deadLetters = 0;
  readonly deadLettersByReason: Record<string, number> = {};

  readonly noteFacts: Record<string, number> = {};

  add({ scores, alerts, deadLetters, notes }: Outputs): void {
    for (const note of notes) if (!note.isRepeated) this.#addNote(note);
    this.scores += scores.length;
    const raised = alerts.filter(({ class: kind, sequence }) => kind === 'clinical' && sequence === 0);
    this.alerts += raised.length;
    this.stateAlerts += raised.filter((alert) => !isOfRule(alert)).length;
    for (const { reason, count } of deadLetters) {
      this.deadLetters += count;
      this.deadLettersByReason[reason] = (this.deadLettersByReason[reason] ?? 0) + count;
    }
  }

  #addNote({ facts: read }: NoteClinicalEvent): void {
    if (read === null) return;
    if (read.isOtherLanguage) this.#addFact('other-language');
    if (read.isShortened) this.#addFact('shortened');
    for (const { unused } of read.facts) this.#addFact(unused ?? 'used');
  }

  #addFact(fate: string): void {
    this.noteFacts[fate] = (this.noteFacts[fate] ?? 0) + 1;
  }
}
