/** Something on its way to a receiver. */
export interface Queued {
  /** What has the same is delivered in order. */
  readonly lane: string;
  attempts: number;
}

/** Deliveries under way at once; and of these, such as have failed before. */
const CONCURRENCY = 8;
const MAX_RETRIES = CONCURRENCY / 2;

/** Deliveries of one patient, in order; the first is under way, waits for its turn or for its next attempt. */
interface Lane<Delivery> {
  readonly key: string;
  readonly deliveries: Delivery[];
}

/**
 * Who is next: of each patient one delivery at a time, in order, and patients in turn. Those that have failed wait beside the
 * rest and have half of the places at most, so that what fails for some holds up nobody else.
 */
export class DeliveryQueue<Delivery extends Queued> {
  readonly #deliver: (delivery: Delivery) => Promise<number | null>;
  readonly #lanes = new Map<string, Lane<Delivery>>();
  readonly #fresh: Lane<Delivery>[] = [];
  readonly #retries: Lane<Delivery>[] = [];
  readonly #waits = new Set<NodeJS.Timeout>();
  #underWay = 0;
  #retrying = 0;
  #isHeld = false;
  #isClosed = false;
  #onIdle: (() => void)[] = [];

  /** `deliver` resolves with null when a delivery is done with, else with how long to wait for the next attempt. */
  constructor(deliver: (delivery: Delivery) => Promise<number | null>) {
    this.#deliver = deliver;
  }

  add(delivery: Delivery): void {
    const key = delivery.lane;
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

  /** Begins nothing until it is released. Resolves when nothing is under way. */
  hold(): Promise<void> {
    this.#isHeld = true;
    if (this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  release(): void {
    this.#isHeld = false;
    this.#pump();
  }

  /** Begins nothing more. */
  close(): void {
    this.#isClosed = true;
    for (const wait of this.#waits) clearTimeout(wait);
  }

  #pump(): void {
    while (!this.#isHeld && !this.#isClosed && this.#underWay < CONCURRENCY) {
      const mayRetry = this.#retrying < MAX_RETRIES && this.#retries.length > 0;
      const lane = this.#fresh.shift() ?? (mayRetry ? this.#retries.shift() : undefined);
      if (lane === undefined) return;
      void this.#run(lane);
    }
  }

  async #run(lane: Lane<Delivery>): Promise<void> {
    const [delivery] = lane.deliveries;
    const isRetry = delivery.attempts > 0;
    this.#underWay++;
    if (isRetry) this.#retrying++;
    const waitMs = await this.#deliver(delivery);
    this.#underWay--;
    if (isRetry) this.#retrying--;
    if (waitMs === null) this.#next(lane);
    else this.#wait(lane, waitMs);
    if (this.#underWay === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
    this.#pump();
  }

  #next(lane: Lane<Delivery>): void {
    lane.deliveries.shift();
    if (lane.deliveries.length > 0) this.#fresh.push(lane);
    else this.#lanes.delete(lane.key);
  }

  #wait(lane: Lane<Delivery>, ms: number): void {
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
