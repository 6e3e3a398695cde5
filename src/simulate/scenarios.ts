import { HOUR_MS } from '../durations.js';
import type { Quantity } from './physiology.js';
import { Random } from './random.js';

/** How a simulated stay goes; each but `stable` changes at a known onset. */
export const SCENARIOS = [
  'stable',
  'septic-shock',
  'respiratory-failure',
  'haemorrhage',
  'sensor-fault',
  'recovery',
] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** What happens in a bed and when; `onsetTime` is null for a stable stay. */
export interface PlannedStay {
  readonly patientId: string;
  readonly bedId: string;
  readonly scenario: Scenario;
  readonly onsetTime: number | null;
}

/** Full effect of a scenario on the latent state, added to the baseline. */
export const EFFECTS: Record<Scenario, Partial<Record<Quantity, number>>> = {
  stable: {},
  'sensor-fault': {},
  'septic-shock': {
    heartRate: 48,
    map: -34,
    pulseRatio: -0.1,
    respRate: 15,
    temperature: 2.2,
    spo2: -7,
    gcs: -6,
    fio2: 0.35,
    urine: -70,
    paco2: -8,
    baseExcess: -11,
    lactate: 6.5,
    creatinine: 2.2,
    bun: 38,
    wbc: 13,
    platelets: -130,
    bilirubin: 2.4,
    ast: 180,
    alt: 120,
    inr: 0.9,
    crp: 220,
    potassium: 0.8,
    glucose: 55,
    albumin: -0.8,
    lungOpacity: 0.3,
  },
  'respiratory-failure': {
    heartRate: 28,
    map: -4,
    respRate: 19,
    temperature: 0.9,
    spo2: -13,
    gcs: -3,
    fio2: 0.59,
    paco2: 26,
    baseExcess: 1,
    lactate: 1.2,
    wbc: 6,
    crp: 90,
    lungOpacity: 0.85,
  },
  haemorrhage: {
    heartRate: 46,
    map: -34,
    pulseRatio: -0.2,
    respRate: 9,
    temperature: -0.9,
    spo2: -2,
    gcs: -3,
    fio2: 0.19,
    urine: -65,
    paco2: -4,
    baseExcess: -9,
    lactate: 5,
    creatinine: 0.7,
    hematocrit: -13,
    platelets: -90,
    inr: 0.6,
  },
  recovery: {
    heartRate: 26,
    map: -14,
    respRate: 9,
    temperature: 1.2,
    spo2: -4,
    gcs: -4,
    fio2: 0.29,
    urine: -40,
    baseExcess: -5,
    lactate: 2.4,
    creatinine: 0.9,
    bun: 22,
    wbc: 6,
    crp: 130,
    lungOpacity: 0.35,
  },
};

/** Half of the full effect is reached after this long. */
const HALF_TIME_MS = 2.5 * HOUR_MS;
/** From here after onset treatment works; the effect then halves in `TREATED_HALF_TIME_MS`, down to a rest. */
const TREATED_AFTER_MS = 20 * HOUR_MS;
const TREATED_HALF_TIME_MS = 18 * HOUR_MS;
const REST = 0.15;

/**
 * How much of a scenario shows, 0 to 1, at `since` ms after its onset. A recovery is ill until its onset and improves
 * from there. `slowness` stretches the course for what lags behind, such as creatinine.
 */
export function severity(scenario: Scenario, since: number, slowness = 1): number {
  if (scenario === 'stable') return 0;
  const rise = since <= 0 ? 0 : 1 - 0.5 ** (since / (HALF_TIME_MS * slowness));
  if (scenario === 'recovery') return 1 - rise;
  const treated = since - TREATED_AFTER_MS * slowness;
  if (treated <= 0) return rise;
  return rise * (REST + (1 - REST) * 0.5 ** (treated / (TREATED_HALF_TIME_MS * slowness)));
}

/** The first six beds show every scenario, ill ones first and early; later ones are drawn, half of them stable. */
const SHOWN: readonly Scenario[] = [
  'septic-shock',
  'stable',
  'respiratory-failure',
  'recovery',
  'haemorrhage',
  'sensor-fault',
];
/** Latest onset after admission, in hours: of the first six beds, and of others. */
const SHOWN_ONSET_HOURS = 1.5;
const LATEST_ONSET_HOURS = 20.5;
const RECOVERY_ONSET_HOURS = 4;

/** What bed number `bed` (from 0) will see. It follows from the seed and the bed alone, not from the size of the ward. */
export function planStay(
  seed: number,
  bed: number,
  startTime: number,
  scenarios: readonly Scenario[] | undefined,
): PlannedStay {
  const random = new Random(seed, bed * 2);
  const drawn = random.chance(0.5) ? 'stable' : random.pick(SCENARIOS);
  const scenario = scenarios === undefined ? (SHOWN[bed] ?? drawn) : scenarios[bed % scenarios.length];
  const latest = bed < SHOWN.length ? SHOWN_ONSET_HOURS : LATEST_ONSET_HOURS;
  const onset = scenario === 'recovery' ? RECOVERY_ONSET_HOURS : random.between(0.5, latest);
  return {
    patientId: `SIM-${seed}-${String(bed + 1).padStart(3, '0')}`,
    bedId: `Bed ${String(bed + 1).padStart(2, '0')}`,
    scenario,
    onsetTime: scenario === 'stable' ? null : startTime + Math.round(onset * HOUR_MS),
  };
}
