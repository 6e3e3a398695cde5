import { createHash } from 'node:crypto';
import type { Outputs, Sink } from '../engine/outputs.js';
import type { AlertMessage } from '../events/messages.js';

/** SHA-256 over all scores sorted by patient and event time: equal for equal scores, however they were computed. */
export class ScoresDigest implements Sink {
  /** By stay: event time and risk, in order of event time. */
  readonly #scores = new Map<string, number[]>();

  async write({ scores }: Outputs): Promise<void> {
    for (const { stayId, eventTime, risk } of scores) {
      let list = this.#scores.get(stayId);
      if (list === undefined) {
        list = [];
        this.#scores.set(stayId, list);
      }
      list.push(eventTime, risk);
    }
  }

  /** Stays with their scores: event time and risk by turns. */
  entries(): Iterable<[stayId: string, scores: readonly number[]]> {
    return this.#scores;
  }

  /** Takes over the scores of a stay from elsewhere: event time and risk by turns. */
  add(stayId: string, scores: ArrayLike<number>): void {
    this.#scores.set(stayId, Array.from(scores));
  }

  /** In hexadecimal. */
  digest(): string {
    const hash = createHash('sha256');
    for (const stayId of [...this.#scores.keys()].sort()) {
      hash.update(stayId);
      hash.update(new Uint8Array(Float64Array.from(this.#scores.get(stayId)!).buffer));
    }
    return hash.digest('hex');
  }
}

/** What of an alert transition enters the digest. */
export function lineOf({ alertId, sequence, state, eventTime }: AlertMessage): string {
  return `${alertId} ${String(sequence).padStart(6, '0')} ${state} ${eventTime}`;
}

/** SHA-256 over all alert transitions in the order of their ids, sequence numbers, states and event times. */
export class AlertsDigest implements Sink {
  readonly lines: string[] = [];

  async write({ alerts }: Outputs): Promise<void> {
    for (const alert of alerts) this.lines.push(lineOf(alert));
  }

  /** In hexadecimal. */
  digest(): string {
    const hash = createHash('sha256');
    for (const line of this.lines.sort()) hash.update(`${line}\n`);
    return hash.digest('hex');
  }
}
