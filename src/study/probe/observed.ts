import { CRITERIA, type Grade } from '../../clinical/state.js';
import { layerOf } from '../../contract/layers.js';
import type { AlertMessage } from '../../contract/messages.js';
import type { Priority } from '../../contract/priorities.js';
import type { Outputs, Sink } from '../../engine/outputs.js';
import type { EpochMs } from '../../events/event.js';
import { type ByRisk, byRisk } from './signs.js';

/** What an alert is of: a criterion of state, NEWS2, a probability of the model, or what watches the patient. */
export type AlertKind = 'state' | 'news2' | 'risk' | 'technical';

/** An alert from its first record to its last. */
export interface SeenAlert {
  readonly rule: string;
  readonly kind: AlertKind;
  /** Of a state. */
  readonly grade: Grade | null;
  readonly priority: Priority;
  readonly raisedAt: EpochMs;
  /** Infinite: not resolved before the discharge. */
  endedAt: EpochMs;
}

/** What was computed at one moment; NaN where not known. */
export interface Moment extends ByRisk {
  readonly time: EpochMs;
  readonly news2: number;
}

/** What came of one patient. */
export interface Seen {
  readonly moments: Moment[];
  readonly alerts: SeenAlert[];
}

const CRITERION = new Map(CRITERIA.map((criterion) => [criterion.id, criterion]));

/** A sink that keeps the scores and alerts of each patient until the patient is discharged. */
export class Watcher implements Sink {
  readonly #onLeft: (patientId: string, seen: Seen) => void;
  readonly #patients = new Map<string, Seen>();
  readonly #alerts = new Map<string, SeenAlert>();

  constructor(onLeft: (patientId: string, seen: Seen) => void) {
    this.#onLeft = onLeft;
  }

  async write({ scores, alerts, discharged }: Outputs): Promise<void> {
    for (const score of scores) {
      const { patientId, eventTime: time, news2 } = score;
      const risks = byRisk((risk) => score[risk] ?? Number.NaN);
      this.#seenOf(patientId).moments.push({ time, ...risks, news2: news2 ?? Number.NaN });
    }
    for (const alert of alerts) if (alert.patientId !== '') this.#note(alert);
    for (const { patientId } of discharged) {
      const seen = this.#patients.get(patientId);
      if (seen === undefined) continue;
      this.#patients.delete(patientId);
      this.#onLeft(patientId, seen);
    }
  }

  #note(alert: AlertMessage): void {
    const { alertId, patientId, sequence, state, rule, priority, eventTime, reason } = alert;
    if (sequence === 0) {
      const criterion = CRITERION.get(rule);
      const seen: SeenAlert = {
        rule,
        kind: alert.signal === 'news2' ? 'news2' : layerOf(alert),
        grade: criterion?.grade ?? null,
        priority,
        raisedAt: eventTime,
        endedAt: Number.POSITIVE_INFINITY,
      };
      this.#seenOf(patientId).alerts.push(seen);
      this.#alerts.set(alertId, seen);
    } else if (state === 'RESOLVED') {
      const seen = this.#alerts.get(alertId);
      this.#alerts.delete(alertId);
      if (seen !== undefined && reason !== 'discharged') seen.endedAt = eventTime;
    }
  }

  #seenOf(patientId: string): Seen {
    let seen = this.#patients.get(patientId);
    if (seen === undefined) {
      seen = { moments: [], alerts: [] };
      this.#patients.set(patientId, seen);
    }
    return seen;
  }
}
