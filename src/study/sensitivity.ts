import type { ObservedStay, SignalId } from '../cohort/stays.js';
import type { Label } from '../sources/labels.js';
import { alarmFigures, cohortAlarms, HYLAND_RULES } from './alarms.js';
import type { BootstrapOptions } from './bootstrap.js';
import { CALIBRATION_BINS, expectedCalibrationError } from './calibration.js';
import { BROUGHT_IN_MS, type Endpoint, monitoredBy, watchOf } from './events.js';
import { areas, auroc } from './metrics.js';
import { type Estimate, estimate, sampleAt } from './mortality.js';
import { type Ranking, rank } from './ranking.js';

/** The same stays as they are, or in a variant. */
export interface VariedStays {
  readonly id: string;
  readonly label: string;
  readonly stays: readonly ObservedStay[];
}

/** What a variant of the history does to the figures. */
export interface SensitivityFigures {
  readonly id: string;
  readonly label: string;
  /** Stays with a score in the variant by the hour; those without one rank below all others. */
  readonly scored: number;
  readonly auroc: Estimate;
  readonly auprc: Estimate;
  readonly ece: Estimate;
  /** Less the figure of the history as it is, on the same patients. */
  readonly aurocChange: Estimate;
  readonly recall: Estimate;
  readonly alarmsPerPatientDay: Estimate;
}

export interface Sensitivity {
  /** Stays in the sample, and with the outcome. */
  readonly patients: number;
  readonly deaths: number;
  readonly hour: number;
  readonly endpoint: string;
  readonly threshold: number;
  /** The first is the history as it is. */
  readonly figures: readonly SensitivityFigures[];
}

/**
 * The figures again where history reached us in a worse state. Events and outcomes are those of the history as it is; only the
 * scores differ. `variants[0]` is the history as it is; all hold the same patients in the same order.
 */
export function sensitivityFigures(
  variants: readonly VariedStays[],
  labelOf: (stay: ObservedStay) => Label,
  hour: number,
  endpoint: Endpoint,
  signal: SignalId,
  threshold: number,
  options: BootstrapOptions,
): Sensitivity {
  const [asIs] = variants;
  const events = asIs.stays.map(endpoint.eventsOf);
  const outcomes = asIs.stays.map((stay) => Number(labelOf(stay).happened));
  const { starts, ends } = watchOf(asIs.stays);
  const rankings: Ranking[] = [];
  const alarms = variants.map(({ stays }) => {
    const { stays: scored, signals } = sampleAt(stays, labelOf, hour);
    const byStay = new Map(scored.map(({ patientId }, index) => [patientId, signals.model[index]]));
    // Nothing known of a patient is the lowest rank, and no risk.
    rankings.push(
      rank(
        stays.map(({ patientId }) => byStay.get(patientId) ?? 0),
        outcomes,
      ),
    );
    // Events end where the history as it is does.
    const watch = { ...watchOf(stays), starts, ends };
    const monitored = monitoredBy({ id: signal, sign: 1 }, stays, events, watch);
    return cohortAlarms(monitored, threshold, HYLAND_RULES, BROUGHT_IN_MS);
  });
  // Every event counts that counts in the history as it is: what is not foreseen for want of data is missed.
  const counting = alarms[0].events;
  const estimates = estimate(asIs.stays.length, options, (weights) =>
    rankings.flatMap((ranking, index) => {
      const area = areas(ranking, weights);
      const { recall, alarmsPerPatientDay } = alarmFigures({ ...alarms[index], events: counting }, weights);
      const change = area.auroc - auroc(rankings[0], weights);
      const ece = expectedCalibrationError(ranking, CALIBRATION_BINS, weights);
      return [area.auroc, area.auprc, ece, change, recall, alarmsPerPatientDay];
    }),
  );
  return {
    patients: asIs.stays.length,
    deaths: outcomes.reduce((total, each) => total + each, 0),
    hour,
    endpoint: endpoint.label,
    threshold,
    figures: variants.map(({ id, label, stays }, index) => {
      const [area, precision, ece, change, recall, burden] = estimates.slice(6 * index);
      return {
        id,
        label,
        scored: sampleAt(stays, labelOf, hour).stays.length,
        auroc: area,
        auprc: precision,
        ece,
        aurocChange: change,
        recall,
        alarmsPerPatientDay: burden,
      };
    }),
  };
}
