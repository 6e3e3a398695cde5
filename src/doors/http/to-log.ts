import { within } from '../../deadline.js';
import { Deliverer, type Received } from '../deliverer.js';
import type { Delivery, DoorContext } from '../door.js';
import { DoorProblem, RETRY_AFTER_S } from './problem.js';

/** The way of a door's requests to the log, which waits no longer than a sender does. */
export class ToLog {
  readonly #door: string;
  readonly #context: DoorContext;
  readonly #waitMs: number;
  readonly #deliverer: Deliverer;
  /** Deliveries that nobody waits for any more, and that the log still holds up. */
  givenUp = 0;

  constructor(door: string, context: DoorContext, waitMs: number) {
    this.#door = door;
    this.#context = context;
    this.#waitMs = waitMs;
    this.#deliverer = new Deliverer(door, context);
  }

  /** Resolves once the log has all of it. @throws DoorProblem 503 where it does not take it, or not in time. */
  async deliver(delivery: Delivery, received: Received): Promise<void> {
    const work = this.#deliverer.deliver(delivery, received);
    try {
      await within(this.#waitMs, work, () => this.#giveUp(work));
    } catch (error) {
      const { message } = error as Error;
      this.#context.meters.cut(this.#door, 'log');
      this.#context.onWarning(`door ${this.#door}: a request is not acknowledged: ${message}`);
      if (error instanceof DoorProblem) throw error;
      throw new DoorProblem(503, 'the log does not take it; send it again', RETRY_AFTER_S);
    }
  }

  #giveUp(work: Promise<void>): never {
    this.givenUp++;
    const settle = () => {
      this.givenUp--;
    };
    work.then(settle, settle);
    const what = `the log has not taken it for ${this.#waitMs} ms; send it again`;
    throw new DoorProblem(503, what, RETRY_AFTER_S);
  }
}
