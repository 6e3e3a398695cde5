import { NEWS2_EMERGENCY, NEWS2_URGENT } from '../clinical/news2.js';
import type { SignalId } from '../cohort/stays.js';

/** A signal whose high values mean danger, and the thresholds clinicians know it by. */
export interface Signal {
  readonly id: SignalId;
  readonly label: string;
  /** −1 where low values mean danger; the signal is multiplied by it. */
  readonly sign: 1 | -1;
  /** In the signal's own unit. */
  readonly thresholds: readonly number[];
  readonly unit: string;
  readonly source: string;
}

/** What the model is compared with, on the same stays and events. */
export const BASELINES: readonly Signal[] = [
  {
    id: 'news2',
    label: 'NEWS2',
    sign: 1,
    thresholds: [NEWS2_URGENT, NEWS2_EMERGENCY],
    unit: 'points',
    source: 'Royal College of Physicians 2017: 5 urgent, 7 emergency response',
  },
  {
    id: 'qsofa',
    label: 'qSOFA',
    sign: 1,
    thresholds: [2],
    unit: 'points',
    source: 'Singer et al., JAMA 2016;315:801-810',
  },
  {
    id: 'map',
    label: 'MAP threshold',
    sign: -1,
    thresholds: [65],
    unit: 'mmHg',
    source: 'the pressure in the definition of circulatory failure',
  },
  {
    id: 'spo2',
    label: 'SpO2 threshold',
    sign: -1,
    thresholds: [90],
    unit: '%',
    source: 'a usual lower alarm limit of pulse oximeters; SaO2 of a blood gas where there is no oximeter',
  },
];

/** How a threshold reads: `NEWS2 ≥ 7 points`, `MAP threshold ≤ 65 mmHg`. */
export function thresholdLabel({ label, sign, unit }: Signal, threshold: number): string {
  const value = unit === '' ? threshold.toFixed(3) : `${threshold} ${unit}`;
  return `${label} ${sign === 1 ? '≥' : '≤'} ${value}`;
}
