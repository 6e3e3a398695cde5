import { networkOf } from './proxies.js';

/** Tokens that were not valid, from one network in a minute; after these the answer is 429. */
const MAX_FAILURES = 60;
const WINDOW_MS = 60_000;
/** Networks remembered. */
const MAX_NETWORKS = 10_000;

/** Counts failed attempts to come in by where they come from. It holds up nobody whose token is valid. */
export class Failures {
  readonly #now: () => number;
  readonly #counts = new Map<string, { count: number; since: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts one; true where there have been too many. */
  add(address: string): boolean {
    const network = networkOf(address);
    const known = this.#counts.get(network);
    if (known !== undefined && this.#now() - known.since <= WINDOW_MS) return ++known.count > MAX_FAILURES;
    this.#counts.delete(network);
    if (this.#counts.size >= MAX_NETWORKS) this.#counts.delete(this.#counts.keys().next().value as string);
    this.#counts.set(network, { count: 1, since: this.#now() });
    return false;
  }
}
