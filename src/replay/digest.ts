import { createHash } from 'node:crypto';
import type { Outputs, Sink } from '../engine/outputs.js';

/** SHA-256 over all scores sorted by patient and event time: equal for equal scores, however they were computed. */
export class ScoresDigest implements Sink {
  /** By stay: event time and what the model gave, in order of event time. */
  readonly #scores = new Map<string, number[]>();

  async write({ scores }: Outputs): Promise<void> {
    for (const { stayId, eventTime, risk, circulatory, respiratory, deterioration } of scores) {
      let list = this.#scores.get(stayId);
      if (list === undefined) {
        list = [];
        this.#scores.set(stayId, list);
      }
      list.push(eventTime, risk);
      for (const each of [circulatory, respiratory, deterioration]) if (each !== null) list.push(each);
    }
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
