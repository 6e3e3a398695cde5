import type { ObservedStay } from '../cohort/stays.js';
import type { CohortAlarms } from './alarms.js';
import type { BootstrapOptions } from './bootstrap.js';
import { type Estimate, estimate } from './mortality.js';
import { groupings, type SubgroupFigures, verdictOf } from './subgroups.js';

/** Patients who share something, and what an alarm does for them. */
export interface SubgroupAlarms {
  readonly by: string;
  readonly group: string;
  readonly patients: number;
  /** Events that count. */
  readonly events: number;
  readonly recall: Estimate;
  readonly precision: Estimate;
  readonly alarmsPerPatientDay: Estimate;
  /** Recall of the group less that of all others. */
  readonly difference: Estimate;
  /** From `difference`; `too few`: fewer than 10 events in the group or among all others. */
  readonly verdict: SubgroupFigures['verdict'];
}

/** Figures of one subgroup in `estimate`'s list. */
const FIGURES = 4;

/** What the alarms of stays do in every subgroup; all intervals from the same resamples. */
export function subgroupAlarms(
  stays: readonly ObservedStay[],
  alarms: CohortAlarms,
  options: BootstrapOptions,
): SubgroupAlarms[] {
  const ways = groupings(stays).map(({ by, names, groups }) => ({
    by,
    groups,
    placeOf: Uint32Array.from(names, (name) => groups.indexOf(name)),
    totals: groups.map(() => new Float64Array(5)),
  }));
  const estimates = estimate(stays.length, options, (weights) =>
    ways.flatMap(({ placeOf, totals }) => {
      for (const total of totals) total.fill(0);
      for (let stay = 0; stay < placeOf.length; stay++) {
        const weight = weights === undefined ? 1 : weights[stay];
        if (weight === 0) continue;
        const total = totals[placeOf[stay]];
        total[0] += weight * alarms.events[stay];
        total[1] += weight * alarms.caught[stay];
        total[2] += weight * alarms.alarms[stay];
        total[3] += weight * alarms.trueAlarms[stay];
        total[4] += weight * alarms.hours[stay];
      }
      const [allEvents, allCaught] = [0, 1].map((at) => totals.reduce((sum, total) => sum + total[at], 0));
      return totals.flatMap(([events, caught, sounded, isTrue, hours]) => {
        const recall = caught / events;
        const others = (allCaught - caught) / (allEvents - events);
        return [recall, isTrue / sounded, (24 * sounded) / hours, recall - others];
      });
    }),
  );
  const allEvents = alarms.events.reduce((total, each) => total + each, 0);
  let first = -FIGURES;
  return ways.flatMap(({ by, groups, placeOf }) =>
    groups.map((group, place) => {
      first += FIGURES;
      const [recall, precision, alarmsPerPatientDay, difference] = estimates.slice(first);
      const isMember = (stay: number) => placeOf[stay] === place;
      const events = alarms.events.reduce((total, each, stay) => total + (isMember(stay) ? each : 0), 0);
      return {
        by,
        group,
        patients: placeOf.filter((of) => of === place).length,
        events,
        recall,
        precision,
        alarmsPerPatientDay,
        difference,
        verdict: verdictOf(Math.min(events, allEvents - events), difference),
      };
    }),
  );
}
