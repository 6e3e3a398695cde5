import type { PatientView } from '../../contract/protocol.js';
import type { PushClient } from './push-client.js';
import type { Subscription } from './subscription.js';

/** Clients that are sent the same, and whom of the ward they have been shown: so that the audit can say who saw whom. */
export interface Audience {
  readonly subscription: Subscription;
  readonly clients: Set<PushClient>;
  /** Patients on the ward, or with an alert, whom every client has been sent. */
  readonly shown: Set<string>;
  /** Shown since the last row of the audit. */
  entered: Set<string>;
  /** The round of changes in which it was looked through. */
  round: number;
}

/** Writes down whom clients are shown. */
export type OnShown = (client: PushClient, action: string, patients: readonly string[]) => void;

/**
 * Keeps whom each audience has been shown. A snapshot makes one row with everybody in it; who enters later is gathered into one row
 * a client at each heartbeat. The cost is one look-up a patient and audience, however many clients there are.
 */
export class Audiences {
  readonly #onShown: OnShown;
  readonly #byKey = new Map<string, Audience>();

  constructor(onShown: OnShown) {
    this.#onShown = onShown;
  }

  /** A client has been sent a snapshot that named `patients`. */
  join(client: PushClient, subscription: Subscription, patients: readonly string[]): void {
    this.leave(client);
    let audience = this.#byKey.get(subscription.audience);
    if (audience === undefined) {
      audience = { subscription, clients: new Set(), shown: new Set(), entered: new Set(), round: -1 };
      this.#byKey.set(subscription.audience, audience);
    }
    // The others get at the next round who is in the snapshot and new to them.
    for (const patientId of patients) this.#enter(audience, patientId);
    this.#write(audience);
    audience.clients.add(client);
    client.audience = audience;
    this.#onShown(client, 'subscribe', patients);
  }

  leave(client: PushClient): void {
    const { audience } = client;
    if (audience === null) return;
    this.#write(audience);
    client.audience = null;
    audience.clients.delete(client);
    if (audience.clients.size === 0) this.#byKey.delete(audience.subscription.audience);
  }

  /** An audience is about to be sent what of `changed` it may see. */
  show(
    audience: Audience,
    round: number,
    changed: Iterable<string>,
    viewOf: (patientId: string) => PatientView | undefined,
  ): void {
    if (audience.round === round) return;
    audience.round = round;
    for (const patientId of changed) {
      if (audience.shown.has(patientId)) continue;
      const view = viewOf(patientId);
      if (view !== undefined && audience.subscription.includes(view)) this.#enter(audience, patientId);
    }
  }

  /** An audience is sent an alert of a patient. */
  showAlert({ audience }: PushClient, patientId: string): void {
    if (audience !== null && patientId !== '') this.#enter(audience, patientId);
  }

  /** A patient is gone, or elsewhere: who is shown them again sees them anew. */
  depart(patientId: string): void {
    for (const { shown } of this.#byKey.values()) shown.delete(patientId);
  }

  /** Writes down who has entered. */
  flush(): void {
    for (const audience of this.#byKey.values()) this.#write(audience);
  }

  #enter(audience: Audience, patientId: string): void {
    if (audience.shown.has(patientId)) return;
    audience.shown.add(patientId);
    audience.entered.add(patientId);
  }

  #write(audience: Audience): void {
    const { entered, clients } = audience;
    if (entered.size === 0) return;
    audience.entered = new Set();
    const patients = [...entered];
    for (const client of clients) this.#onShown(client, 'push', patients);
  }
}
