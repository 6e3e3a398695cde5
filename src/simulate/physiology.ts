import { HOUR_MS, MINUTE_MS } from '../durations.js';
import type { Random } from './random.js';
import { EFFECTS, type Scenario, severity } from './scenarios.js';

/**
 * Latent quantities: [10th centile, median, 90th centile] between patients, then the limits a living body keeps.
 * Units are the canonical ones of the variable of that name. Centiles are those of the per-patient medians of
 * PhysioNet/CinC Challenge 2012 set A (4000 stays), statistics only; rows marked * are not recorded there or only in
 * the ill, and describe a patient who does well.
 */
// biome-ignore format: one row a quantity reads best
const QUANTITY_ROWS = {
  heartRate:   [68, 86, 107, 25, 220],
  map:         [68, 78, 96, 28, 160],
  pulseRatio:  [0.6, 0.75, 0.9, 0.25, 1.3],    // (systolic − diastolic) / mean: 117, 58 and 78 mmHg
  respRate:    [15, 18, 22, 4, 60],            // * set A: 15, 19, 25, charted mostly for the ill
  temperature: [36.3, 37, 37.5, 32, 42],       // * set A: 36.3, 37.1, 37.8
  spo2:        [95, 98, 99, 55, 100],          // SaO2
  gcs:         [14.6, 15, 15, 3, 15],          // * set A: 7, 14, 15, with the sedated
  fio2:        [0.21, 0.21, 0.3, 0.21, 1],     // * set A: 0.4, 0.5, 0.7, ventilated patients only
  urine:       [30, 80, 200, 0, 900],
  paco2:       [32, 40, 49, 15, 140],
  baseExcess:  [-3, 0, 3, -28, 25],            // * set A bicarbonate: 19, 24, 29 mmol/L
  lactate:     [0.8, 1.2, 1.9, 0.4, 22],       // * set A: 1.0, 1.9, 4.2
  sodium:      [135, 139, 144, 115, 165],
  potassium:   [3.6, 4.1, 4.9, 2.2, 8],
  magnesium:   [1.7, 2, 2.4, 0.9, 5],
  glucose:     [98, 132, 193, 45, 700],
  creatinine:  [0.6, 0.9, 2.6, 0.3, 12],
  bun:         [9, 19, 53, 3, 180],
  bilirubin:   [0.3, 0.7, 3.5, 0.1, 40],
  alp:         [44, 79, 182, 15, 1500],
  alt:         [12, 32, 253, 5, 5000],
  ast:         [17, 47, 370, 8, 8000],
  albumin:     [2.2, 3, 3.9, 1, 5.5],
  wbc:         [6.6, 11.9, 20.2, 0.5, 80],
  platelets:   [101, 192, 345, 12, 900],
  hematocrit:  [26.5, 31.1, 38.4, 12, 58],
  inr:         [1, 1.1, 1.4, 0.8, 9],          // *
  crp:         [5, 40, 120, 1, 500],           // *
  lungOpacity: [0, 0.06, 0.15, 0, 1],          // share of a lung that is white
} as const;

export type Quantity = keyof typeof QUANTITY_ROWS;
const QUANTITIES = Object.keys(QUANTITY_ROWS) as Quantity[];

/** The fastest that a living heart goes here, /min. */
export const FASTEST_HEART = QUANTITY_ROWS.heartRate[4];

/** Share of set A's spread drawn for a baseline: the rest of it is illness, which scenarios add. */
const SPREAD_SHARE = 0.6;
/** 90th centile of the normal distribution. */
const Z90 = 1.2816;
/** How much longer than the heart and lungs the blood takes to show it. */
const SLOWNESS: Partial<Record<Quantity, number>> = {
  creatinine: 3,
  bun: 3,
  wbc: 3,
  platelets: 3,
  bilirubin: 3,
  ast: 3,
  alt: 3,
  crp: 3,
  albumin: 3,
};

/** Times after which noise has forgotten all but 1/e of itself: beat-to-beat regulation, and the drift of hours. */
const NOISE_MS = 10 * MINUTE_MS;
const DRIFT_MS = 4 * HOUR_MS;
/** Correlation of the noises of heart rate and pressure. */
const HEART_PRESSURE = 0.5;

/** One patient's body: baseline, scenario, circadian rhythm, and noise that remembers. Deterministic in its Random. */
export class Body {
  readonly #random: Random;
  readonly #scenario: Scenario;
  readonly #onset: number;
  readonly #baseline: Record<Quantity, number>;
  readonly #effect: Partial<Record<Quantity, number>>;
  #elapsed = 0;
  #severity: number;
  /** Cosine of the time of day, highest at 16 h. */
  #rhythm = 0;
  #heart = 0;
  #pressure = 0;
  #breath = 0;
  #drift = 0;

  /** `onset` is in milliseconds after admission. */
  constructor(scenario: Scenario, onset: number, random: Random) {
    this.#scenario = scenario;
    this.#onset = onset;
    this.#random = random;
    this.#effect = EFFECTS[scenario];
    this.#severity = severity(scenario, -onset);
    const drawn = QUANTITIES.map((name) => {
      const [low, median, high] = QUANTITY_ROWS[name];
      const z = (SPREAD_SHARE / Z90) * Math.max(-2.2, Math.min(2.2, random.normal()));
      return [name, median + z * (z < 0 ? median - low : high - median)];
    });
    this.#baseline = Object.fromEntries(drawn) as Record<Quantity, number>;
  }

  /** How much of the scenario shows now, 0 to 1. */
  get severity(): number {
    return this.#severity;
  }

  /** Moves to a time after admission, which is not before the last one; `hourOfDay` drives the rhythm. */
  advanceTo(elapsed: number, hourOfDay: number): void {
    const random = this.#random;
    const passed = elapsed - this.#elapsed;
    const keep = Math.exp(-passed / NOISE_MS);
    const fresh = Math.sqrt(1 - keep * keep);
    const keepDrift = Math.exp(-passed / DRIFT_MS);
    this.#elapsed = elapsed;
    this.#severity = severity(this.#scenario, elapsed - this.#onset);
    this.#rhythm = Math.cos((2 * Math.PI * (hourOfDay - 16)) / 24);
    const shared = random.normal();
    this.#heart = keep * this.#heart + fresh * shared;
    this.#pressure =
      keep * this.#pressure +
      fresh * (HEART_PRESSURE * shared + Math.sqrt(1 - HEART_PRESSURE ** 2) * random.normal());
    this.#breath = keep * this.#breath + fresh * random.normal();
    this.#drift = keepDrift * this.#drift + Math.sqrt(1 - keepDrift * keepDrift) * random.normal();
  }

  /** A quantity as it is now, in its canonical unit, within the limits of a living body. */
  now(name: Quantity): number {
    const effect = this.#effect[name];
    let value = this.#baseline[name];
    if (effect !== undefined) {
      const slowness = SLOWNESS[name];
      value +=
        effect *
        (slowness === undefined
          ? this.#severity
          : severity(this.#scenario, this.#elapsed - this.#onset, slowness));
    }
    value += this.#fluctuation(name);
    const row = QUANTITY_ROWS[name];
    return Math.min(row[4], Math.max(row[3], value));
  }

  #fluctuation(name: Quantity): number {
    switch (name) {
      case 'heartRate':
        return 3 * this.#rhythm + 4 * this.#heart + 3 * this.#drift;
      case 'map':
        return 2 * this.#rhythm + 3.5 * this.#pressure - 1.5 * this.#drift;
      case 'respRate':
        return 0.4 * this.#rhythm + 1.4 * this.#breath;
      case 'spo2':
        return -0.5 * this.#breath - 0.3 * this.#drift;
      case 'temperature':
        return 0.25 * this.#rhythm + 0.1 * this.#drift;
      default:
        return 0;
    }
  }
}
