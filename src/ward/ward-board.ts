import { Subject } from 'rxjs';
import type { PatientState } from '../align/patient.js';
import { STALE_MS } from '../clinical/sources.js';
import type { AlertMessage } from '../contract/messages.js';
import type { DepartureReason, PatientView } from '../contract/protocol.js';
import type { EpochMs } from '../events/event.js';
import type { AlertOrder, LoggedAlert } from './alert-order.js';
import { Liveness } from './liveness.js';
import { RecentEvents } from './recent-events.js';

/** A patient who is no longer on this ward: the stay is over, they lie on another one, or another process has them now. */
export interface Departure {
  readonly patientId: string;
  readonly wardId: string | null;
  readonly reason: DepartureReason;
}

/** What the ward looks like now: the newest of every patient and the alerts that are not resolved. Who fills it extends it. */
export abstract class WardBoard {
  readonly patients = new Map<string, PatientView>();
  /** Newest transition of each alert that is not resolved. */
  readonly openAlerts = new Map<string, AlertMessage>();
  readonly alerts$ = new Subject<LoggedAlert>();
  readonly departed$ = new Subject<Departure>();
  /** Alerts that are no longer open here, though nobody resolved them: their patients have left. */
  readonly dropped$ = new Subject<readonly AlertMessage[]>();
  /** The ward begins anew, as after a seek: whoever watches needs a new snapshot. */
  readonly reset$ = new Subject<void>();
  /** What the store may not have yet. */
  readonly recent = new RecentEvents();
  /** Whether what is shown is live. */
  readonly liveness = new Liveness();
  /** The order of alert records, for clients that come back. */
  abstract readonly log: AlertOrder;
  /** Patients of whom nothing has come for so long that the engine keeps nothing in memory. */
  protected readonly silent = new Set<string>();
  #changed = new Set<string>();
  #clock = 0;
  readonly #now: (() => EpochMs) | undefined;

  /** `now` is the time of day, where the stream is live: what is old is old also where nothing comes any more. */
  constructor(now?: () => EpochMs) {
    this.#now = now;
  }

  /** Newest event time seen. */
  get clock(): number {
    return this.#clock;
  }

  /** The time of day, where the stream is live. */
  get now(): EpochMs | undefined {
    return this.#now?.();
  }

  /** The engine's own state of a patient on the ward, where it is in this process; to be read only. */
  stateOf(_patientId: string): PatientState | undefined {
    return undefined;
  }

  /** The partition that a patient's events come from, where that is known. */
  partitionOf(patientId: string): number | undefined {
    return this.liveness.partitionOf(patientId);
  }

  /** Patients by what keeps them from being live. */
  notLive(): ReadonlyMap<string, number> {
    return this.liveness.counts(this.patients.values());
  }

  /** Looks whether what is shown is still live, which time alone may change; to be called every second or so. */
  look(): void {
    for (const patientId of this.liveness.changed(this.patients.values())) this.#changed.add(patientId);
  }

  /** Patients that changed since the last call. */
  takeChanged(): PatientView[] {
    const changed = this.#changed;
    this.#changed = new Set();
    return [...changed].flatMap((id) => this.view(id) ?? []);
  }

  view(patientId: string): PatientView | undefined {
    const view = this.patients.get(patientId);
    if (view !== undefined) {
      const isOld = Math.max(this.#clock, this.now ?? 0) - view.lastEventAt > STALE_MS;
      view.stale = isOld || this.silent.has(patientId);
      this.liveness.show(view);
    }
    return view;
  }

  views(): PatientView[] {
    return [...this.patients.keys()].flatMap((id) => this.view(id) ?? []);
  }

  protected change(patientId: string): void {
    this.#changed.add(patientId);
  }

  protected moveClock(time: EpochMs): void {
    if (time > this.#clock) this.#clock = time;
  }

  /** Forgets everything; who watches is told once the rest is in order. */
  protected clear(): void {
    this.silent.clear();
    this.patients.clear();
    this.openAlerts.clear();
    this.liveness.clear();
    this.recent.clear();
    this.#changed.clear();
    this.#clock = 0;
  }

  /** Takes patients off the ward, and with them what is open of theirs: from here nobody could act on it. */
  protected remove(gone: ReadonlySet<string>, reason: DepartureReason): void {
    for (const patientId of gone) {
      const wardId = this.patients.get(patientId)?.wardId ?? null;
      this.patients.delete(patientId);
      this.silent.delete(patientId);
      this.liveness.forget(patientId);
      this.#changed.delete(patientId);
      this.recent.forget(patientId);
      this.departed$.next({ patientId, wardId, reason });
    }
    const dropped = [...this.openAlerts.values()].filter(
      // A notice of the process itself is of no stay.
      (alert) => alert.stayId !== '' && gone.has(alert.patientId),
    );
    for (const { alertId } of dropped) this.openAlerts.delete(alertId);
    if (dropped.length > 0) this.dropped$.next(dropped);
  }

  /** Keeps the newest record of an alert that is not resolved; false where that was known. */
  protected keepOpen(alert: AlertMessage): boolean {
    if (alert.state === 'RESOLVED') return this.openAlerts.delete(alert.alertId);
    const known = this.openAlerts.get(alert.alertId);
    if (known !== undefined && known.sequence > alert.sequence) return false;
    this.openAlerts.set(alert.alertId, alert);
    return known === undefined || known.sequence < alert.sequence;
  }
}
