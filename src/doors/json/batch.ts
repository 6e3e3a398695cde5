import type { Delivery } from '../door.js';
import type { SenderMeter } from '../meters.js';
import { Answer } from './answer.js';
import { Outcome, type Reading } from './outcome.js';

/** Items that go to the log together. */
const AT_ONCE = 500;

/** Brings something to the log; resolves once the log has all of it. */
type Deliver = (delivery: Delivery, bytes: Buffer, meter: SenderMeter) => Promise<void>;

/** Brings the items of one request to the log, as many at a time as it takes well. */
export class Batch {
  readonly answer = new Answer();
  readonly #reading: Reading;
  readonly #deliver: Deliver;
  readonly #meter: SenderMeter;
  #waiting: { readonly outcome: Outcome; readonly bytes: Buffer }[] = [];

  constructor(reading: Reading, deliver: Deliver, meter: SenderMeter) {
    this.#reading = reading;
    this.#deliver = deliver;
    this.#meter = meter;
  }

  /** Takes what comes out of one item, and the item as it came. Rejects where the log does not take it or one before it. */
  async take(outcome: Outcome, bytes: () => Buffer): Promise<void> {
    const isWhole = outcome.rejections.length === 0 && outcome.unmapped.length === 0;
    this.#waiting.push({ outcome, bytes: isWhole ? NO_BYTES : bytes() });
    if (this.#waiting.length >= AT_ONCE) await this.flush();
  }

  /** Takes one that cannot be read at all. */
  async refuse(reason: 'undecodable' | 'oversized', detail: string, bytes: Buffer): Promise<void> {
    const outcome = new Outcome(this.#reading);
    outcome.reject(reason, detail);
    await this.take(outcome, () => bytes);
  }

  /** Resolves once the log has all of them. */
  async flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    const messages = waiting.flatMap(({ outcome }) => outcome.messages);
    const good: Delivery = { messages, rejections: [], unmapped: [] };
    await this.#deliver(good, NO_BYTES, this.#meter);
    for (const { outcome, bytes } of waiting) {
      const { rejections, unmapped, counts } = outcome;
      if (bytes.length > 0) await this.#deliver({ messages: [], rejections, unmapped }, bytes, this.#meter);
      for (const each of ['used', 'unmapped', 'ignored', 'rejected'] as const)
        this.#meter.values[each] += counts[each];
      this.answer.add(outcome);
    }
  }
}

const NO_BYTES = Buffer.alloc(0);
