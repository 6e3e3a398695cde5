import type { TreatmentMessage } from '../contract/messages.js';
import { HOUR_MS } from '../durations.js';
import type { Scenario } from './scenarios.js';

/** What a message says of the infusion, without its head. */
export type Charted = Omit<TreatmentMessage, 'messageId' | 'patientId' | 'eventTime'>;

/** Severity from which staff give noradrenaline: shock that fluid does not mend, and the first hours after it. */
const GIVEN_FROM: Partial<Record<Scenario, number>> = { 'septic-shock': 0.5, recovery: 0.4 };
/** Rate at full severity, in µg/kg/min. */
const MOST = 0.5;
/** A rate that stays is charted again. */
const CHARTED_EVERY_MS = 4 * HOUR_MS;

/** One patient's noradrenaline, as staff chart it hour by hour. It does nothing to the body: how ill that is stands for what is left. */
export class Pressor {
  readonly #from: number;
  readonly #weightKg: number | null;
  #rate = 0;
  #chartedAt = Number.NEGATIVE_INFINITY;

  constructor(scenario: Scenario, weightKg: number | null) {
    this.#from = GIVEN_FROM[scenario] ?? Number.POSITIVE_INFINITY;
    this.#weightKg = weightKg;
  }

  /** What is charted now, at `elapsed` ms after admission; null: nothing. */
  chart(severity: number, elapsed: number): Charted | null {
    const rate = severity < this.#from ? 0 : Math.round(100 * MOST * severity) / 100;
    const isDue = rate > 0 && elapsed - this.#chartedAt >= CHARTED_EVERY_MS;
    if (rate === this.#rate && !isDue) return null;
    const action = rate === 0 ? 'STOP' : this.#rate === 0 ? 'START' : 'CHANGE';
    this.#rate = rate;
    this.#chartedAt = elapsed;
    return {
      observedAt: null,
      source: 'pump',
      treatmentId: null,
      drug: 'noradrenaline',
      drugSystem: '',
      action,
      rate,
      unit: 'ug/kg/min',
      weightKg: this.#weightKg,
      corrects: null,
    };
  }
}
