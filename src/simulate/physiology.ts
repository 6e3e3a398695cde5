import type { Random } from './random.js';

/** How a simulated stay goes; each but `stable` begins at a known onset. */
export const SCENARIOS = [
  'stable',
  'septic-shock',
  'respiratory-failure',
  'haemorrhage',
  'sensor-fault',
  'recovery',
] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** Latent quantities, in the canonical unit of the variable of that name; `map` in mmHg. */
export interface Physiology {
  heartRate: number;
  map: number;
  respRate: number;
  temperature: number;
  spo2: number;
  gcs: number;
  fio2: number;
  urine: number;
  ph: number;
  paco2: number;
  lactate: number;
  creatinine: number;
  bun: number;
  wbc: number;
  platelets: number;
  hematocrit: number;
}
type Quantity = keyof Physiology;
const QUANTITIES: readonly Quantity[] = [
  'heartRate',
  'map',
  'respRate',
  'temperature',
  'spo2',
  'gcs',
  'fio2',
  'urine',
  'ph',
  'paco2',
  'lactate',
  'creatinine',
  'bun',
  'wbc',
  'platelets',
  'hematocrit',
];

/** Typical value of a patient who does well: medians of set A, or a little better; and the spread between patients. */
const BASELINE: Record<Quantity, readonly [typical: number, spread: number]> = {
  heartRate: [80, 10],
  map: [82, 7],
  respRate: [16, 2.5],
  temperature: [37, 0.3],
  spo2: [97, 1],
  gcs: [15, 0],
  fio2: [0.21, 0],
  urine: [80, 20],
  ph: [7.4, 0.03],
  paco2: [40, 3],
  lactate: [1.4, 0.4],
  creatinine: [0.9, 0.2],
  bun: [16, 4],
  wbc: [10, 2],
  platelets: [210, 50],
  hematocrit: [33, 3],
};

/** Full effect of a scenario, added to the baseline. */
const EFFECTS: Record<Scenario, Partial<Physiology>> = {
  stable: {},
  'sensor-fault': {},
  'septic-shock': {
    heartRate: 48,
    map: -36,
    respRate: 16,
    temperature: 2.2,
    spo2: -7,
    gcs: -7,
    fio2: 0.39,
    urine: -75,
    ph: -0.2,
    paco2: -6,
    lactate: 7,
    creatinine: 2.2,
    bun: 40,
    wbc: 14,
    platelets: -140,
  },
  'respiratory-failure': {
    heartRate: 28,
    respRate: 20,
    spo2: -13,
    gcs: -4,
    fio2: 0.59,
    ph: -0.17,
    paco2: 24,
    lactate: 1.5,
    wbc: 6,
  },
  haemorrhage: {
    heartRate: 45,
    map: -34,
    respRate: 9,
    temperature: -0.9,
    gcs: -3,
    urine: -65,
    ph: -0.14,
    lactate: 5,
    hematocrit: -14,
    platelets: -90,
    fio2: 0.19,
  },
  recovery: {
    heartRate: 25,
    map: -14,
    respRate: 8,
    temperature: 1.1,
    spo2: -4,
    gcs: -4,
    fio2: 0.29,
    urine: -40,
    lactate: 2.2,
    creatinine: 0.9,
    bun: 22,
    wbc: 6,
  },
};

const HOUR_MS = 3_600_000;
/** A scenario reaches half its effect after this long. */
const HALF_TIME_MS = 2.5 * HOUR_MS;
/** Noise of vitals: share kept from one sample to the next, and spread as a share of the between-patient one. */
const MEMORY = 0.9;

/** One patient's body: slow course, day rhythm, and noise that remembers. */
export class Body {
  readonly onset: number;
  readonly #random: Random;
  readonly #baseline = {} as Physiology;
  readonly #scenario: Scenario;
  #noise = 0;

  /** `onset` is in milliseconds after admission; recovery begins ill and gets better from there. */
  constructor(scenario: Scenario, onset: number, random: Random) {
    this.#scenario = scenario;
    this.onset = onset;
    this.#random = random;
    for (const name of QUANTITIES) {
      const [typical, spread] = BASELINE[name];
      this.#baseline[name] = typical + spread * random.normal();
    }
  }

  /** How much of the scenario shows, 0 to 1. */
  severity(elapsed: number): number {
    const since = Math.max(0, elapsed - this.onset);
    const course = 1 - 0.5 ** (since / HALF_TIME_MS);
    return this.#scenario === 'recovery' ? 1 - course : course;
  }

  /** The state at a time after admission; `hourOfDay` moves the circadian rhythm. */
  at(elapsed: number, hourOfDay: number): Physiology {
    const severity = this.severity(elapsed);
    const effect = EFFECTS[this.#scenario];
    const now = {} as Physiology;
    for (const name of QUANTITIES) now[name] = this.#baseline[name] + severity * (effect[name] ?? 0);
    const rhythm = Math.cos((2 * Math.PI * (hourOfDay - 16)) / 24);
    this.#noise = MEMORY * this.#noise + Math.sqrt(1 - MEMORY ** 2) * this.#random.normal();
    now.heartRate += 3 * rhythm + 4 * this.#noise;
    now.map += 2 * rhythm + 3 * this.#noise + this.#random.normal();
    now.temperature += 0.25 * rhythm;
    now.respRate += 1.2 * this.#random.normal();
    now.spo2 = Math.min(100, now.spo2 + 0.6 * this.#random.normal());
    now.gcs = Math.max(3, Math.min(15, Math.round(now.gcs)));
    now.fio2 = Math.max(0.21, Math.min(1, now.fio2));
    now.urine = Math.max(0, now.urine + 12 * this.#random.normal());
    now.lactate = Math.max(0.4, now.lactate);
    now.platelets = Math.max(15, now.platelets);
    return now;
  }
}
