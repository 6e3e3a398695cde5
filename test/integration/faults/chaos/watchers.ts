import { connect, type WardClient } from '../../../../src/client/node.js';
import type { AlertMessage } from '../../../../src/contract/messages.js';

/** Identifies an alert record. */
export function keyOf({ alertId, sequence }: AlertMessage): string {
  return `${alertId} ${sequence}`;
}

/** Somebody before the page of one engine, who reconnects and resumes. */
export class Watcher {
  readonly name: string;
  /** When each record was first pushed. */
  readonly pushedAt = new Map<string, number>();
  /** Records seen in a snapshot. */
  readonly inSnapshots = new Set<string>();
  /** What the page shows as open. */
  readonly open = new Map<string, AlertMessage>();
  readonly patients = new Set<string>();
  readonly #client: WardClient;

  constructor(name: string, url: string, token: string) {
    this.name = name;
    this.#client = connect({ url, token, maxBackoffMs: 1000 });
    this.#client.on('alert', ({ alert }) => {
      const key = keyOf(alert);
      if (!this.pushedAt.has(key)) this.pushedAt.set(key, Date.now());
      if (alert.state === 'RESOLVED') this.open.delete(alert.alertId);
      else this.open.set(alert.alertId, alert);
    });
    this.#client.on('snapshot', ({ alerts, patients }) => {
      this.open.clear();
      this.patients.clear();
      for (const alert of alerts) {
        this.inSnapshots.add(keyOf(alert));
        this.open.set(alert.alertId, alert);
      }
      for (const { patientId } of patients) this.patients.add(patientId);
    });
    this.#client.on('patients', ({ patients }) => {
      for (const { patientId } of patients) this.patients.add(patientId);
    });
    this.#client.on('discharged', ({ patientId }) => this.patients.delete(patientId));
  }

  close(): void {
    this.#client.close();
  }
}
