import type { Clock } from '../clock.js';
import type { EpochMs } from '../events/event.js';
import type { DoorSource, SenderSource } from '../metrics/doors.js';
import type { Unmapped } from './door.js';

/** Values, by what became of them. */
export interface ValueCounts {
  used: number;
  unmapped: number;
  ignored: number;
  rejected: number;
}

/** What is counted of one sender at one door. */
export interface SenderMeter {
  readonly door: string;
  readonly sender: string;
  readonly answers: Map<string, number>;
  readonly values: ValueCounts;
  repeated: number;
  deadLetters: number;
  lastMessageAt: EpochMs;
  lastEventTime: EpochMs;
}

/** An unmapped code, how often it came, and the first example of it. */
interface UnmappedCode extends Unmapped {
  readonly door: string;
  readonly sender: string;
  count: number;
}

/** Senders name themselves: of more than these, the rest is counted together. */
const MOST_SENDERS = 100;
const MOST_CODES = 500;
const OTHERS = 'other';

/** What doors count. */
export class DoorMeters implements DoorSource {
  /** Open ones, by door. */
  readonly connections = new Map<string, number>();
  readonly #clock: Clock;
  readonly #senders = new Map<string, SenderMeter>();
  readonly #codes = new Map<string, UnmappedCode>();
  readonly #cuts = new Map<string, { door: string; reason: string; count: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get unmapped(): readonly UnmappedCode[] {
    return [...this.#codes.values()];
  }

  get cuts(): readonly { readonly door: string; readonly reason: string; readonly count: number }[] {
    return [...this.#cuts.values()];
  }

  senders(): SenderSource[] {
    const now = this.#clock.now();
    return [...this.#senders.values()].map((meter) => ({
      ...meter,
      values: { ...meter.values },
      silentSeconds: (now - meter.lastMessageAt) / 1000,
      lagSeconds: (now - meter.lastEventTime) / 1000,
    }));
  }

  connected(door: string, change: 1 | -1): void {
    this.connections.set(door, (this.connections.get(door) ?? 0) + change);
  }

  cut(door: string, reason: string): void {
    const key = `${door}\n${reason}`;
    const known = this.#cuts.get(key) ?? { door, reason, count: 0 };
    known.count++;
    this.#cuts.set(key, known);
  }

  /** The meter of a sender, which has just sent something. */
  of(door: string, sender: string): SenderMeter {
    const meter = this.#meter(door, sender);
    meter.lastMessageAt = this.#clock.now();
    return meter;
  }

  /** Counts a code that nothing is known of; true where it is the first of it. */
  addUnmapped(door: string, sender: string, { code, text, example }: Unmapped): boolean {
    const key = `${door}\n${sender}\n${code}`;
    const known = this.#codes.get(key);
    if (known !== undefined) known.count++;
    if (known !== undefined || this.#codes.size >= MOST_CODES) return false;
    this.#codes.set(key, { door, sender, code, text, example, count: 1 });
    return true;
  }

  #meter(door: string, sender: string): SenderMeter {
    const key = `${door}\n${sender}`;
    const known = this.#senders.get(key);
    if (known !== undefined) return known;
    if (sender !== OTHERS && this.#senders.size >= MOST_SENDERS) return this.#meter(door, OTHERS);
    const meter: SenderMeter = {
      door,
      sender,
      answers: new Map(),
      values: { used: 0, unmapped: 0, ignored: 0, rejected: 0 },
      repeated: 0,
      deadLetters: 0,
      lastMessageAt: this.#clock.now(),
      lastEventTime: Number.NaN,
    };
    this.#senders.set(key, meter);
    return meter;
  }
}
