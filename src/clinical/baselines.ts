/**
 * What is normal for one patient where it is not what is normal for others, as staff have set it. Sources:
 * [O] O'Driscoll et al., BTS guideline for oxygen use, Thorax 2017;72:ii1-ii90: a target of 88 to 92 % in hypercapnic failure.
 * [NEWS2] Royal College of Physicians, NEWS2, London 2017, scale 2 for that target: 85 % or less is two points, 83 % or less three.
 */
import { SIGN_IDS } from './signs.js';
import { CRITERIA, type Criterion } from './state.js';

export interface Baseline {
  /** Saturation that is aimed at, in %; with one, NEWS2 goes by scale 2. */
  readonly spo2Target?: readonly [low: number, high: number] | undefined;
  /** The slowest heart rate that is meant, in beats a minute, as under a pacemaker or a drug. */
  readonly heartRateLow?: number | undefined;
}

/** Criteria as they are for a patient, by sign in the order of `SIGN_IDS`. */
export interface CriteriaSet {
  readonly bySign: readonly (readonly Criterion[])[];
  /** Tells sets apart that judge differently. */
  readonly key: string;
}

/** Of these a baseline moves limits: how far below its low end they begin and end. */
const SPO2_BELOW_TARGET: Readonly<Record<string, readonly [limit: number, endLimit: number]>> = {
  'desaturation-severe': [5, 3],
  desaturation: [3, 1],
};
const HEART_RATE_HYSTERESIS = 5;

export const USUAL_CRITERIA = setOf(CRITERIA);

/** The criteria of a patient with this baseline. */
export function criteriaOf({ spo2Target, heartRateLow }: Baseline): CriteriaSet {
  return setOf(
    CRITERIA.map((criterion) => {
      const below = SPO2_BELOW_TARGET[criterion.id];
      if (spo2Target !== undefined && below !== undefined) {
        const [limit, endLimit] = below.map((points) => spo2Target[0] - points);
        return { ...criterion, limit, endLimit };
      }
      if (heartRateLow !== undefined && criterion.id === 'bradycardia') {
        return { ...criterion, limit: heartRateLow, endLimit: heartRateLow + HEART_RATE_HYSTERESIS };
      }
      return criterion;
    }),
  );
}

/** The scale of NEWS2 for a patient with this baseline. */
export function news2ScaleOf({ spo2Target }: Baseline): 1 | 2 {
  return spo2Target === undefined ? 1 : 2;
}

function setOf(criteria: readonly Criterion[]): CriteriaSet {
  const bySign = SIGN_IDS.map((id) => criteria.filter(({ sign }) => sign === id));
  const judged = criteria.map(({ id, sign, direction, limit, endLimit, lastsMs }) => {
    return [id, sign, direction, limit, endLimit, lastsMs].join(' ');
  });
  return { bySign, key: judged.join('\n') };
}
