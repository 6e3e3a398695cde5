import type { LoggedAlert } from '../ward/alert-order.js';

/** A record on its way to a receiver. */
export interface Delivery {
  readonly logged: LoggedAlert;
  attempts: number;
  isDone: boolean;
}

/** Deliveries under way at once; and of these, such as have failed before. */
const CONCURRENCY = 8;
const MAX_RETRIES = CONCURRENCY / 2;

/** Deliveries of one patient, in order; the first is under way, waits for its turn or for its next attempt. */
interface Lane {
  readonly key: string;
  readonly deliveries: Delivery[];
}

/**
 * Who is next: of each patient one delivery at a time, in order, and patients in turn. Those that have failed wait beside the
 * rest and have half of the places at most, so that what fails for some holds up nobody else.
 */
export class DeliveryQueue {
  readonly #deliver: (delivery: Delivery) => Promise<number | null>;
  readonly #lanes = new Map<string, Lane>();
  readonly #fresh: Lane[] = [];
  readonly #retries: Lane[] = [];
  readonly #waits = new Set<NodeJS.Timeout>();
  #underWay = 0;
  #retrying = 0;
  #isClosed = false;
  #onIdle: (() => void) | undefined;

  /** `deliver` resolves with null when a delivery is done with, else with how long to wait for the next attempt. */
  constructor(deliver: (delivery: Delivery) => Promise<number | null>) {
    this.#deliver = deliver;
  }

  add(delivery: Delivery): void {
    const { patientId, alertId } = delivery.logged.alert;
    const key = patientId === '' ? alertId : patientId;
    const lane = this.#lanes.get(key);
    if (lane !== undefined) {
      lane.deliveries.push(delivery);
      return;
    }
    const opened = { key, deliveries: [delivery] };
    this.#lanes.set(key, opened);
    this.#fresh.push(opened);
    this.#pump();
  }

  /** Begins nothing more; resolves when nothing is under way, or after so long. */
  async close(withinMs: number): Promise<void> {
    this.#isClosed = true;
    for (const wait of this.#waits) clearTimeout(wait);
    if (this.#underWay === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      this.#waits.add(setTimeout(resolve, withinMs).unref());
    });
  }

  #pump(): void {
    while (!this.#isClosed && this.#underWay < CONCURRENCY) {
      const mayRetry = this.#retrying < MAX_RETRIES && this.#retries.length > 0;
      const lane = this.#fresh.shift() ?? (mayRetry ? this.#retries.shift() : undefined);
      if (lane === undefined) return;
      void this.#run(lane);
    }
  }

  async #run(lane: Lane): Promise<void> {
    const [delivery] = lane.deliveries;
    const isRetry = delivery.attempts > 0;
    this.#underWay++;
    if (isRetry) this.#retrying++;
    const waitMs = delivery.isDone ? null : await this.#deliver(delivery);
    this.#underWay--;
    if (isRetry) this.#retrying--;
    if (this.#underWay === 0) this.#onIdle?.();
    if (waitMs === null) this.#next(lane);
    else this.#wait(lane, waitMs);
    this.#pump();
  }

  #next(lane: Lane): void {
    lane.deliveries.shift();
    if (lane.deliveries.length > 0) this.#fresh.push(lane);
    else this.#lanes.delete(lane.key);
  }

  #wait(lane: Lane, ms: number): void {
    if (this.#isClosed) return;
    const timer = setTimeout(() => {
      this.#waits.delete(timer);
      this.#retries.push(lane);
      this.#pump();
    }, ms);
    timer.unref();
    this.#waits.add(timer);
  }
}
