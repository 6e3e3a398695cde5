import type { ObservedStay } from '../cohort/stays.js';
import type { BootstrapOptions } from './bootstrap.js';
import { CALIBRATION_BINS, expectedCalibrationError } from './calibration.js';
import { areas, auroc } from './metrics.js';
import { type Estimate, estimate, type HourSample } from './mortality.js';
import { rank, subset } from './ranking.js';

/** With fewer deaths or survivors than this, no statement is made of a group. */
export const LEAST_IN_CLASS = 10;

/** Patients who share something, and how the model does for them. */
export interface SubgroupFigures {
  /** What divides: age, sex, … */
  readonly by: string;
  readonly group: string;
  readonly patients: number;
  readonly deaths: number;
  readonly meanPredicted: number;
  readonly observed: number;
  readonly auroc: Estimate;
  readonly auprc: Estimate;
  readonly ece: Estimate;
  /** AUROC of the group less that of all others. */
  readonly difference: Estimate;
  /**
   * `worse`: the interval of the difference lies below 0; `none shown`: it holds 0; `too few`: fewer than 10 deaths or survivors. Intervals are
   * not adjusted for the number of groups.
   */
  readonly verdict: 'worse' | 'better' | 'none shown' | 'too few';
}

/** One way to divide stays: of each its group, and the groups there are. */
export interface Grouping {
  readonly by: string;
  readonly names: readonly string[];
  readonly groups: readonly string[];
}

const UNITS: Readonly<Record<string, string>> = {
  CORONARY_CARE: 'coronary care',
  CARDIAC_SURGERY: 'cardiac surgery',
  MEDICAL: 'medical',
  SURGICAL: 'surgical',
  OTHER: 'other',
};

/** By age, sex, unit type, whether ventilated, and how densely charted (against the median of these stays). */
export function groupings(stays: readonly ObservedStay[]): Grouping[] {
  const density = ({ observations, admittedAt, endAt }: ObservedStay) =>
    observations / Math.max(1, endAt - admittedAt);
  const densities = Float64Array.from(stays, density).sort();
  const median = densities[densities.length >> 1];
  const hasVentilation = stays.some(({ charted }) => charted.mechVent.times.length > 0);
  const ways: readonly (readonly [by: string, groupOf: (stay: ObservedStay) => string])[] = [
    ['age', ({ demographics }) => ageBand(demographics.ageYears)],
    ['sex', ({ demographics }) => demographics.sex?.toLowerCase() ?? 'not recorded'],
    ['unit', ({ demographics }) => UNITS[demographics.unitType ?? ''] ?? 'not recorded'],
    [
      'ventilation',
      ({ charted }) => {
        if (!hasVentilation) return 'not recorded';
        return Array.from(charted.mechVent.values).includes(1) ? 'ventilated' : 'never ventilated';
      },
    ],
    ['charting', (stay) => (density(stay) < median ? 'sparser half' : 'denser half')],
  ];
  const order = (a: string, b: string) => AGE_ORDER.indexOf(a) - AGE_ORDER.indexOf(b) || (a < b ? -1 : 1);
  return ways.map(([by, groupOf]) => {
    const names = stays.map(groupOf);
    return { by, names, groups: [...new Set(names)].sort(order) };
  });
}

function ageBand(years: number | null): string {
  if (years === null) return 'not recorded';
  if (years < 50) return 'under 50';
  if (years < 65) return '50 to 64';
  return years < 80 ? '65 to 79' : '80 and over';
}
const AGE_ORDER = ['under 50', '50 to 64', '65 to 79', '80 and over', 'not recorded'];

/** The model's figures in every subgroup of the stays at one hour; all intervals from the same resamples. */
export function subgroupFigures(
  { stays, signals, outcomes }: HourSample,
  options: BootstrapOptions,
): SubgroupFigures[] {
  const all = rank(signals.model, outcomes);
  const groups = groupings(stays).flatMap(({ by, names, groups: there }) =>
    there.map((group) => ({
      by,
      group,
      own: subset(all, (subject) => names[subject] === group),
      others: subset(all, (subject) => names[subject] !== group),
    })),
  );
  const estimates = estimate(outcomes.length, options, (weights) =>
    groups.flatMap(({ own, others }) => {
      const area = areas(own, weights);
      const ece = expectedCalibrationError(own, CALIBRATION_BINS, weights);
      return [area.auroc, area.auprc, ece, area.auroc - auroc(others, weights)];
    }),
  );
  return groups.map(({ by, group, own }, index) => {
    const [area, precision, error, difference] = estimates.slice(4 * index);
    const deaths = own.outcomes.reduce((sum, outcome) => sum + outcome, 0);
    return {
      by,
      group,
      patients: own.size,
      deaths,
      meanPredicted: own.scores.reduce((sum, score) => sum + score, 0) / own.size,
      observed: deaths / own.size,
      auroc: area,
      auprc: precision,
      ece: error,
      difference,
      verdict: verdictOf(Math.min(deaths, own.size - deaths), difference),
    };
  });
}

/** What is shown of a group from the difference to all others; `least`: how many it rests on. */
export function verdictOf(
  least: number,
  { interval: [low, high] }: Estimate,
): 'worse' | 'better' | 'none shown' | 'too few' {
  if (least < LEAST_IN_CLASS) return 'too few';
  if (high < 0) return 'worse';
  return low > 0 ? 'better' : 'none shown';
}
