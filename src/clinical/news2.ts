/**
 * National Early Warning Score 2. Royal College of Physicians, "National Early Warning Score (NEWS) 2: Standardising
 * the assessment of acute-illness severity in the NHS", London 2017, chart 1.
 */

/** Points that call for an urgent and for an emergency response; chart 2. */
export const NEWS2_URGENT = 5;
export const NEWS2_EMERGENCY = 7;

/** Points for values up to and including `upTo`; the last band has no upper end. */
export type Band = readonly [upTo: number, points: number];
const END = Number.POSITIVE_INFINITY;

/** Breaths a minute. */
export const NEWS2_RESP_RATE: readonly Band[] = [
  [8, 3],
  [11, 1],
  [20, 0],
  [24, 2],
  [END, 3],
];
/** SpO2 in %, scale 1. */
export const NEWS2_SPO2_SCALE_1: readonly Band[] = [
  [91, 3],
  [93, 2],
  [95, 1],
  [END, 0],
];
/** SpO2 in %, scale 2 (hypercapnic failure, target 88 to 92 %), breathing air. */
export const NEWS2_SPO2_SCALE_2_AIR: readonly Band[] = [
  [83, 3],
  [85, 2],
  [87, 1],
  [END, 0],
];
/** SpO2 in %, scale 2, on oxygen. */
export const NEWS2_SPO2_SCALE_2_OXYGEN: readonly Band[] = [
  [83, 3],
  [85, 2],
  [87, 1],
  [92, 0],
  [94, 1],
  [96, 2],
  [END, 3],
];
/** Systolic pressure in mmHg. */
export const NEWS2_SYSTOLIC: readonly Band[] = [
  [90, 3],
  [100, 2],
  [110, 1],
  [219, 0],
  [END, 3],
];
/** Beats a minute. */
export const NEWS2_HEART_RATE: readonly Band[] = [
  [40, 3],
  [50, 1],
  [90, 0],
  [110, 1],
  [130, 2],
  [END, 3],
];
/** °C. */
export const NEWS2_TEMPERATURE: readonly Band[] = [
  [35, 3],
  [36, 1],
  [38, 0],
  [39, 1],
  [END, 2],
];
/** Points for supplemental oxygen, and for confusion or less than alert. */
export const NEWS2_OXYGEN_POINTS = 2;
export const NEWS2_NOT_ALERT_POINTS = 3;

/** Null is unknown. */
export interface News2Inputs {
  readonly respRate: number | null;
  readonly spo2: number | null;
  readonly supplementalOxygen: boolean | null;
  readonly sbp: number | null;
  readonly heartRate: number | null;
  /** False: new confusion, or responds to voice, pain or nothing. */
  readonly alert: boolean | null;
  readonly temperature: number | null;
}

export interface News2 {
  /** 0 to 20 over the inputs present, so a lower bound where some are missing; null where all are. */
  readonly total: number | null;
  /** A single input scores 3: urgent review whatever the total. */
  readonly redScore: boolean;
  readonly missing: readonly (keyof News2Inputs)[];
}

export const NEWS2_INPUTS: readonly (keyof News2Inputs)[] = [
  'respRate',
  'spo2',
  'supplementalOxygen',
  'sbp',
  'heartRate',
  'alert',
  'temperature',
];

/** The score; `scale` 2 only for patients with confirmed hypercapnic respiratory failure. Missing inputs are reported, not guessed. */
export function news2(inputs: News2Inputs, scale: 1 | 2 = 1): News2 {
  const missing = NEWS2_INPUTS.filter((name) => inputs[name] === null);
  if (missing.length === NEWS2_INPUTS.length) return { total: null, redScore: false, missing };
  const parts = [
    bandPoints(NEWS2_RESP_RATE, inputs.respRate),
    bandPoints(spo2Bands(scale, inputs.supplementalOxygen), inputs.spo2),
    inputs.supplementalOxygen === true ? NEWS2_OXYGEN_POINTS : 0,
    bandPoints(NEWS2_SYSTOLIC, inputs.sbp),
    bandPoints(NEWS2_HEART_RATE, inputs.heartRate),
    inputs.alert === false ? NEWS2_NOT_ALERT_POINTS : 0,
    bandPoints(NEWS2_TEMPERATURE, inputs.temperature, 1),
  ];
  let total = 0;
  for (const points of parts) total += points;
  return { total, redScore: parts.includes(3), missing };
}

function spo2Bands(scale: 1 | 2, onOxygen: boolean | null): readonly Band[] {
  if (scale === 1) return NEWS2_SPO2_SCALE_1;
  return onOxygen === true ? NEWS2_SPO2_SCALE_2_OXYGEN : NEWS2_SPO2_SCALE_2_AIR;
}

/** Points of a value, rounded to the chart's `decimals` since its rows leave gaps between them. */
function bandPoints(bands: readonly Band[], value: number | null, decimals = 0): number {
  if (value === null) return 0;
  const unit = 10 ** decimals;
  const rounded = Math.round(value * unit) / unit;
  for (const [upTo, points] of bands) if (rounded <= upTo) return points;
  return 0;
}
