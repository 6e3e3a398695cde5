import type { UntrustedValues } from '../align/trust-counts.js';
import { isOfRule } from '../contract/layers.js';
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
}

/** Counts what comes out of the pipeline. */
export class OutputCounts {
  scores = 0;
  /** Alerts raised; their changes do not count. */
  alerts = 0;
  stateAlerts = 0;
  deadLetters = 0;
  readonly deadLettersByReason: Record<string, number> = {};

  add({ scores, alerts, deadLetters }: Outputs): void {
    this.scores += scores.length;
    const raised = alerts.filter(({ class: kind, sequence }) => kind === 'clinical' && sequence === 0);
    this.alerts += raised.length;
    this.stateAlerts += raised.filter((alert) => !isOfRule(alert)).length;
    for (const { reason, count } of deadLetters) {
      this.deadLetters += count;
      this.deadLettersByReason[reason] = (this.deadLettersByReason[reason] ?? 0) + count;
    }
  }
}
