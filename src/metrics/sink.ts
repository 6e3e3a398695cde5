import type { Clock } from '../clock.js';
import type { AlertState } from '../contract/messages.js';
import type { Outputs, Sink } from '../engine/outputs.js';
import { Histogram } from '../histogram.js';

const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const ROWS = [1, 4, 16, 64, 256, 1024, 4096];

/**
 * Takes note of results once the sinks before it have them; placed last. Everything is read from here when metrics are
 * asked for.
 */
export class MetricsSink implements Sink {
  readonly #clock: Clock;
  /** From the event time of a score, when its input became available, to its delivery, in seconds. */
  readonly endToEnd = new Histogram(SECONDS);
  /** Events of one delivery. */
  readonly batchEvents = new Histogram(ROWS);
  /** Transitions by the state they led to. */
  readonly transitions = new Map<AlertState, number>();
  /** Newest event time delivered, by partition. */
  readonly watermarks = new Map<number, number>();
  restored = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async write({ observations, scores, alerts, restored, released }: Outputs): Promise<void> {
    this.restored += restored.length;
    for (const { partition } of released) this.watermarks.delete(partition);
    if (observations.length > 0) this.batchEvents.observe(observations.length);
    let partition = -1;
    let newest = Number.NEGATIVE_INFINITY;
    for (const event of observations) {
      if (event.partition !== partition) {
        this.#reached(partition, newest);
        partition = event.partition;
        newest = Number.NEGATIVE_INFINITY;
      }
      if (event.eventTime > newest) newest = event.eventTime;
    }
    this.#reached(partition, newest);
    for (const { state } of alerts) this.transitions.set(state, (this.transitions.get(state) ?? 0) + 1);
    if (!this.#clock.live) return;
    const now = this.#clock.now();
    for (const { eventTime } of scores) this.endToEnd.observe(Math.max(0, now - eventTime) / 1000);
  }

  /** How far each partition's newest delivered event lies back, in seconds; none where time is not the clock's. */
  delays(): Map<number, number> {
    if (!this.#clock.live) return new Map();
    const now = this.#clock.now();
    return new Map([...this.watermarks].map(([partition, time]) => [partition, (now - time) / 1000]));
  }

  #reached(partition: number, time: number): void {
    if (partition < 0 || time <= (this.watermarks.get(partition) ?? Number.NEGATIVE_INFINITY)) return;
    this.watermarks.set(partition, time);
  }
}
