import { setTimeout as sleep } from 'node:timers/promises';
import type { WardBoard } from '../../ward/ward-board.js';
import type { Audiences } from './audience.js';
import { encode, type PushClient } from './push-client.js';
import type { Subscription } from './subscription.js';

/** A patient's changes are sent at most this often, and less often where there are many clients. */
const COALESCE_MS = 150;
/** Changes of different patients that are sent together: what comes in within this time. */
const ROUND_MS = 25;
/** Clients served before alerts get their turn… */
const SLICE = 20;
/** …and a pause this many times as long as that took: so alerts never wait long behind values, here or in the network. */
const PAUSE_RATIO = 9;
/** …or as long as these bytes take to send at this many a second, to all clients: a quarter of a gigabit network. */
const VALUE_BYTES_PER_MS = 32_768;
const MAX_PAUSE_MS = 1000;

/** Sends what changed of patients, in rounds: the newest state of each, to each client that has room for it. */
export class ChangeRounds {
  readonly #view: WardBoard;
  readonly #clients: ReadonlySet<PushClient>;
  readonly #audiences: Audiences;
  #next: NodeJS.Timeout | undefined;
  /** Patients that changed since they were sent, and when each was. */
  readonly #changed = new Set<string>();
  readonly #sentAt = new Map<string, number>();
  /** Counts rounds. */
  #current = 0;
  /** Frames of this round by subscription; void when a patient leaves. */
  readonly #frames = new Map<string, Buffer | null>();
  #isClosed = false;

  constructor(view: WardBoard, clients: ReadonlySet<PushClient>, audiences: Audiences) {
    this.#view = view;
    this.#clients = clients;
    this.#audiences = audiences;
    this.#schedule();
  }

  /** Number of the round that is under way, or was last. */
  get current(): number {
    return this.#current;
  }

  /** The patient has left: what was made for this round may name them. */
  forget(patientId: string): void {
    this.#frames.clear();
    this.#sentAt.delete(patientId);
  }

  /** All patients are told anew. */
  clear(): void {
    this.#frames.clear();
    this.#changed.clear();
    this.#sentAt.clear();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#next);
  }

  #schedule(pauseMs = 0): void {
    if (this.#isClosed) return;
    this.#next = setTimeout(async () => this.#schedule(await this.#send()), Math.max(ROUND_MS, pauseMs));
  }

  /**
   * One round: the newest state of what changed, to each client; to those who are behind, when they have caught up. Gives the
   * pause that is due after it, in milliseconds.
   */
  async #send(): Promise<number> {
    this.#current++;
    this.#frames.clear();
    const changed = this.#takeDue(performance.now());
    let served = 0;
    let bytes = 0;
    let began = performance.now();
    const pauseMs = () =>
      Math.min(MAX_PAUSE_MS, Math.max(PAUSE_RATIO * (performance.now() - began), bytes / VALUE_BYTES_PER_MS));
    for (const client of [...this.#clients]) {
      const sent = this.#sendTo(client, changed);
      bytes += sent;
      if (sent === 0 || ++served % SLICE !== 0) continue;
      await sleep(pauseMs());
      if (this.#isClosed) return 0;
      bytes = 0;
      began = performance.now();
    }
    return pauseMs();
  }

  /** Patients that changed and were not sent just now; the others wait their time. */
  #takeDue(now: number): string[] {
    for (const { patientId } of this.#view.takeChanged()) this.#changed.add(patientId);
    const due: string[] = [];
    for (const patientId of this.#changed) {
      if (!this.#view.patients.has(patientId)) {
        this.#changed.delete(patientId);
        continue;
      }
      if (now - (this.#sentAt.get(patientId) ?? Number.NEGATIVE_INFINITY) < COALESCE_MS) continue;
      this.#sentAt.set(patientId, now);
      this.#changed.delete(patientId);
      due.push(patientId);
    }
    return due;
  }

  /** Bytes sent. */
  #sendTo(client: PushClient, changed: readonly string[]): number {
    const { subscription, dirty, audience } = client;
    // Who subscribed during this round has what changed, and newer.
    if (subscription === null || !subscription.values || client.subscribedIn === this.#current) return 0;
    if (audience !== null)
      this.#audiences.show(audience, this.#current, changed, (patientId) => this.#view.view(patientId));
    const isBehind = dirty.size > 0 || !client.hasRoom;
    if (isBehind) for (const patientId of changed) dirty.add(patientId);
    if (!client.hasRoom || (isBehind ? dirty.size : changed.length) === 0) return 0;
    let frame = isBehind ? undefined : this.#frames.get(subscription.key);
    if (frame === undefined) {
      frame = this.#frameOf(subscription, isBehind ? [...dirty] : changed);
      if (!isBehind) this.#frames.set(subscription.key, frame);
    }
    dirty.clear();
    if (frame === null) return 0;
    client.send(frame);
    return frame.length;
  }

  #frameOf(subscription: Subscription, patientIds: readonly string[]): Buffer | null {
    const patients = patientIds.flatMap((patientId) => {
      const patient = this.#view.view(patientId);
      return patient !== undefined && subscription.includes(patient) ? [patient] : [];
    });
    return patients.length === 0 ? null : encode({ type: 'patients', clock: this.#view.clock, patients });
  }
}
