import { createHash } from 'node:crypto';
import type { Outputs, Sink } from '../engine/outputs.js';
import type { AlertMessage } from '../events/messages.js';
import type { ObservedStay } from '../validate/stays.js';

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

  /** In hexadecimal. */
  digest(): string {
    return digestOf([...this.#scores.keys()].sort(), (stayId) => [
      stayId,
      Float64Array.from(this.#scores.get(stayId)!),
    ]);
  }
}

/** The digest of scores that are kept with their stays. */
export function scoresDigestOf(stays: readonly Pick<ObservedStay, 'stayId' | 'times' | 'signals'>[]): string {
  const byId = [...stays].sort((a, b) => (a.stayId < b.stayId ? -1 : 1));
  return digestOf(byId, ({ stayId, times, signals }) => {
    const scores = new Float64Array(2 * times.length);
    times.forEach((time, index) => {
      scores[2 * index] = time;
      scores[2 * index + 1] = signals.model[index];
    });
    return [stayId, scores];
  });
}

/** Over stays in the order of their ids; stays without scores do not count. */
function digestOf<Stay>(
  stays: readonly Stay[],
  scoresOf: (stay: Stay) => readonly [stayId: string, scores: Float64Array],
): string {
  const hash = createHash('sha256');
  for (const stay of stays) {
    const [stayId, scores] = scoresOf(stay);
    if (scores.length === 0) continue;
    hash.update(stayId);
    hash.update(new Uint8Array(scores.buffer));
  }
  return hash.digest('hex');
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
