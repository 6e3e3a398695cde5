import { HOUR_MS } from '../durations.js';
import { WardstreamError } from '../errors.js';
import type { SourceMessage } from '../events/source-message.js';
import { type SimulateOptions, scenarioOnsets, simulateWard } from '../simulate/ward.js';
import type { Labels } from './labels.js';
import { noCounts, type ReplaySource } from './source.js';

const START = Date.UTC(2026, 0, 5, 6);
const SETTINGS = ['beds', 'hours', 'seed', 'interval'] as const;
const DEFAULTS: Readonly<Record<(typeof SETTINGS)[number], number>> = {
  beds: 16,
  hours: 24,
  seed: 1,
  interval: 60,
};
/** Scenarios in which a patient becomes worse. */
const WORSENING = new Set(['septic-shock', 'respiratory-failure', 'haemorrhage']);

/** A simulated ward: `simulate:beds=16,hours=24,seed=1,interval=60`. Who becomes worse, and when, is known. */
export class SimulatedSource implements ReplaySource {
  readonly counts = noCounts();
  readonly hasClock = true;
  readonly total: number;
  readonly #options: SimulateOptions;
  readonly #keep: (patientId: string) => boolean;

  /** @throws WardstreamError `WS_USAGE` for a setting that does not exist or makes no ward. */
  constructor(
    settings: string,
    limit = Number.POSITIVE_INFINITY,
    keep: (patientId: string) => boolean = () => true,
  ) {
    const values = { ...DEFAULTS };
    for (const part of settings.split(',').filter((each) => each !== '')) {
      const [name, text] = part.split('=');
      const setting = SETTINGS.find((each) => each === name);
      if (setting === undefined || !/^\d+$/.test(text ?? '')) {
        const what = `simulate:${settings}: ${part} is no setting`;
        throw new WardstreamError(
          'WS_USAGE',
          `${what}; use ${SETTINGS.map((each) => `${each}=N`).join(',')}`,
        );
      }
      values[setting] = Number(text);
    }
    const { beds, hours, seed, interval } = values;
    this.total = Math.min(beds, limit);
    this.#options = {
      beds: this.total,
      hours,
      seed,
      startTime: START,
      wardId: 'ICU',
      vitalsIntervalMs: interval * 1000,
    };
    this.#keep = keep;
  }

  *messages(): Generator<SourceMessage> {
    const seen = new Set<string>();
    for (const message of simulateWard(this.#options)) {
      if (!this.#keep(message.key)) continue;
      const { record } = message;
      this.counts.rows += 'observations' in record ? record.observations.length : 0;
      if (!seen.has(message.key)) {
        seen.add(message.key);
        this.counts.patients++;
      }
      yield message;
    }
  }

  async labels(): Promise<Labels> {
    const { startTime, hours } = this.#options;
    const byPatient = scenarioOnsets(this.#options).map(({ patientId, scenario, onsetTime }) => {
      const onsetMs = (onsetTime ?? Number.NaN) - startTime;
      const happened = WORSENING.has(scenario) && onsetMs <= hours * HOUR_MS;
      return [patientId, { happened, onsetMs: happened ? onsetMs : null }] as const;
    });
    return { outcome: 'planned deterioration', file: 'the simulator’s plan', byPatient: new Map(byPatient) };
  }
}
