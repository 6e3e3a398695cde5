import type { AuditTrail } from './audit-trail.js';

/** Addresses told apart within a minute; what others send beyond these is counted together. */
const MAX_ADDRESSES = 200;
const WINDOW_MS = 60_000;

interface Counted {
  readonly target: string;
  readonly detail: string;
  more: number;
}

/**
 * Writes down access that was refused to nobody in particular. The first of a minute and address gets a row, the rest of that
 * minute one more with their number: so nobody without a token can flood the audit.
 */
export class Refusals {
  readonly #trail: AuditTrail;
  #counted = new Map<string, Counted>();
  #timer: NodeJS.Timeout | undefined;

  constructor(trail: AuditTrail) {
    this.#trail = trail;
  }

  /** `target` names the endpoint as it is declared, never as it was asked for. */
  add(source: string, target: string, detail: string): void {
    const known = this.#counted.has(source);
    const key = known || this.#counted.size < MAX_ADDRESSES ? source : 'other addresses';
    const counted = this.#counted.get(key);
    if (counted !== undefined) {
      counted.more++;
      return;
    }
    this.#counted.set(key, { target, detail, more: 0 });
    this.#write(key, target, detail);
    this.#timer ??= setTimeout(() => this.flush(), WINDOW_MS).unref();
  }

  /** Writes what has been counted. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const counted = this.#counted;
    this.#counted = new Map();
    for (const [source, { target, detail, more }] of counted)
      if (more > 0) this.#write(source, target, `${more} more within a minute, the first of them: ${detail}`);
  }

  #write(source: string, target: string, detail: string): void {
    this.#trail.record(null, source, { action: 'access', outcome: 'refused', target, detail });
  }
}
