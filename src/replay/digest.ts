import { createHash } from 'node:crypto';
import { isOfRule } from '../contract/layers.js';
import type { AlertMessage } from '../contract/messages.js';
import type { Outputs, Sink } from '../engine/outputs.js';

/** SHA-256 over all scores sorted by patient and event time: equal for equal scores, however they were computed. */
export class ScoresDigest implements Sink {
  /** By stay: event time and risk of death, in order of event time. */
  readonly #scores = new Map<string, number[]>();

  async write({ scores }: Outputs): Promise<void> {
    for (const { stayId, eventTime, mortality } of scores) {
      let list = this.#scores.get(stayId);
      if (list === undefined) {
        list = [];
        this.#scores.set(stayId, list);
      }
      list.push(eventTime, mortality);
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

/** Over stays in the order of their ids; stays without scores do not count. */
export function digestOf<Stay>(
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
function lineOf({ alertId, sequence, state, eventTime }: AlertMessage): string {
  return `${alertId} ${String(sequence).padStart(6, '0')} ${state} ${eventTime}`;
}

/** Bytes of lines in one piece. */
const PIECE = 1 << 14;

/**
 * SHA-256 over the transitions of all alerts of rules in the order of their ids, sequence numbers, states and event times. Those of
 * patients' states need no rule: stays that are scored already have none.
 */
export class AlertsDigest implements Sink {
  /** Lines as bytes, each with its end; as strings they would take four times as much. */
  readonly #full: Uint8Array[] = [];
  #filling = Buffer.alloc(PIECE);
  #filled = 0;

  async write({ alerts }: Outputs): Promise<void> {
    for (const alert of alerts) if (isOfRule(alert)) this.add(alert);
  }

  add(alert: AlertMessage): void {
    const line = `${lineOf(alert)}\n`;
    if (this.#filled + line.length > this.#filling.length) {
      this.#full.push(this.#filling.subarray(0, this.#filled));
      this.#filling = Buffer.alloc(PIECE);
      this.#filled = 0;
    }
    this.#filled += this.#filling.write(line, this.#filled, 'latin1');
  }

  /** Adds the lines of another one. */
  join(parts: AlertsDigest['parts']): void {
    this.#full.push(...parts);
  }

  /** The lines so far, as plain data. */
  get parts(): readonly Uint8Array[] {
    return [...this.#full, Uint8Array.from(this.#filling.subarray(0, this.#filled))];
  }

  /** In hexadecimal. */
  digest(): string {
    const lines = Buffer.concat(this.parts);
    const starts: number[] = [];
    const endOf = (start: number) => lines.indexOf('\n', start) + 1;
    for (let at = 0; at < lines.length; at = endOf(at)) starts.push(at);
    // Lines that differ do so before what follows them is reached.
    starts.sort((a, b) => lines.compare(lines, b, lines.length, a, lines.length));
    const hash = createHash('sha256');
    for (const start of starts) hash.update(lines.subarray(start, endOf(start)));
    return hash.digest('hex');
  }
}
