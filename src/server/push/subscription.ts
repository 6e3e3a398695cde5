import type { AlertMessage } from '../../contract/messages.js';
import { withOldName } from '../../contract/old-names.js';
import type { PatientView, ServerFrame, SubscribeFrame } from '../../contract/protocol.js';
import type { LoggedAlert } from '../../ward/alert-order.js';
import { ALL_WARDS } from '../access/principal.js';
import type { ScopedWard } from '../access/scoped-ward.js';

/** Where a patient or alert belongs. */
type Belonging = Pick<PatientView, 'patientId' | 'wardId'>;

type AlertFrame = Extract<ServerFrame, { type: 'alert' | 'withdrawn' }>;

/** What a client wants to see, within what it may see. */
export class Subscription {
  readonly #scope: ScopedWard;
  readonly #isEveryWard: boolean;
  readonly #wards: ReadonlySet<string>;
  readonly #patients: ReadonlySet<string>;
  readonly #priorities: ReadonlySet<string> | null;
  readonly values: boolean;
  /** Subscriptions with the same key see the same. */
  readonly key: string;
  /** Subscriptions with the same audience see the same, and are told the same alerts. */
  readonly audience: string;

  constructor(scope: ScopedWard, request: SubscribeFrame) {
    const { patients = [], priorities, values = true } = request;
    // Neither wards nor patients: all there is.
    const wards = request.wards ?? (request.patients === undefined ? [ALL_WARDS] : []);
    this.#scope = scope;
    this.#isEveryWard = wards.includes(ALL_WARDS);
    this.#wards = new Set(wards);
    this.#patients = new Set(patients);
    this.#priorities = priorities === undefined ? null : new Set(priorities);
    this.values = values;
    const sorted = [scope.principal.wards, this.#wards, this.#patients].map((each) => [...each].sort());
    this.key = JSON.stringify(sorted);
    this.audience = JSON.stringify([this.key, values, [...(this.#priorities ?? ['*'])].sort()]);
  }

  /** Wards asked for by name that the scope does not include. */
  get forbidden(): string[] {
    return [...this.#wards].filter((ward) => ward !== ALL_WARDS && !this.#scope.sees(ward));
  }

  includes({ patientId, wardId }: Belonging): boolean {
    if (!this.#scope.sees(wardId)) return false;
    if (this.#isEveryWard || this.#patients.has(patientId)) return true;
    // What belongs to no ward concerns whoever watches a ward.
    return wardId === null ? this.#wards.size > 0 : this.#wards.has(wardId);
  }

  includesAlert(alert: AlertMessage): boolean {
    return this.includes(alert) && (this.#priorities === null || this.#priorities.has(alert.priority));
  }

  /**
   * What a record is to whoever subscribed: the next one of an alert, or word that the alert has left with its patient; null where
   * it never was theirs.
   */
  frameOf({ cursor, alert }: LoggedAlert): AlertFrame | null {
    if (this.includesAlert(alert)) return { type: 'alert', cursor, alert: withOldName(alert) };
    const { alertId, patientId, leftWardId } = alert;
    if (leftWardId === null || !this.includesAlert({ ...alert, wardId: leftWardId || null })) return null;
    return { type: 'withdrawn', cursor, alertId, patientId };
  }
}
