import type { ObservedStay } from '../cohort/stays.js';
import { HOUR_MS } from '../durations.js';
import type { Labels } from '../sources/labels.js';

/** A reason and how many it concerns. */
export interface Counted {
  readonly what: string;
  readonly count: number;
}

/** How many stays entered, and what became of them. */
export interface Flow {
  /** Stays of the source in this run, the excluded ones included. */
  readonly source: number;
  /** Stays the source itself sets aside, by reason. */
  readonly excluded: readonly Counted[];
  readonly withoutOutcome: number;
  /** Never scored within 48 hours: nothing was measured. */
  readonly withoutScore: number;
  readonly evaluated: number;
  /** Outcomes of patients who are not among the stays of this run. */
  readonly outcomesWithoutStay: number;
  /** Odd, but evaluated. */
  readonly notes: readonly Counted[];
  /** Values the source set aside, by reason. */
  readonly values: readonly Counted[];
  /** Codes nothing is mapped to, most values first. */
  readonly unmapped: readonly Counted[];
}

/** Who was evaluated. */
export interface Cohort {
  readonly ageMedian: number;
  readonly ageUnknown: number;
  readonly female: number;
  readonly male: number;
  readonly hoursObserved: number;
  readonly scores: number;
  readonly units: Readonly<Record<string, number>>;
  /** Stays in which the variable was ever charted with a plausible value, or the signal ever known. */
  readonly everKnown: Readonly<Record<string, number>>;
}

/** What a source set aside, as plain lists. */
export interface SetAside {
  readonly stays: readonly Counted[];
  readonly notes: readonly Counted[];
  readonly values: readonly Counted[];
  readonly unmapped: readonly Counted[];
}

export function flowOf(
  total: number,
  aside: SetAside,
  all: readonly ObservedStay[],
  withOutcome: readonly ObservedStay[],
  stays: readonly ObservedStay[],
  { byPatient }: Labels,
): Flow {
  const excluded = aside.stays.reduce((sum, { count }) => sum + count, 0);
  return {
    source: Math.max(total, all.length + excluded),
    excluded: aside.stays,
    withoutOutcome: all.length - withOutcome.length,
    withoutScore: withOutcome.length - stays.length,
    evaluated: stays.length,
    outcomesWithoutStay: byPatient.size - new Set(withOutcome.map(({ patientId }) => patientId)).size,
    notes: aside.notes,
    values: aside.values,
    unmapped: [...aside.unmapped].sort((a, b) => b.count - a.count),
  };
}

export function cohortOf(stays: readonly ObservedStay[]): Cohort {
  const ages = stays.flatMap(({ demographics }) => demographics.ageYears ?? []).sort((a, b) => a - b);
  const units: Record<string, number> = {};
  for (const { demographics } of stays) {
    const unit = demographics.unitType ?? 'not recorded';
    units[unit] = (units[unit] ?? 0) + 1;
  }
  const count = (holds: (stay: ObservedStay) => boolean) => stays.filter(holds).length;
  return {
    ageMedian: ages.length === 0 ? Number.NaN : ages[ages.length >> 1],
    ageUnknown: stays.length - ages.length,
    female: count(({ demographics }) => demographics.sex === 'FEMALE'),
    male: count(({ demographics }) => demographics.sex === 'MALE'),
    hoursObserved: stays.reduce((sum, { admittedAt, endAt }) => sum + (endAt - admittedAt) / HOUR_MS, 0),
    scores: stays.reduce((sum, { times }) => sum + times.length, 0),
    units,
    everKnown: {
      'mean pressure': count(
        ({ charted }) => charted.mapInvasive.times.length + charted.mapCuff.times.length > 0,
      ),
      lactate: count(({ charted }) => charted.lactate.times.length > 0),
      PaO2: count(({ charted }) => charted.pao2.times.length > 0),
      FiO2: count(({ charted }) => charted.fio2.times.length > 0),
      ventilation: count(({ charted }) => charted.mechVent.times.length > 0),
      'SpO2 or SaO2': count(({ signals }) => signals.spo2.some((value) => !Number.isNaN(value))),
    },
  };
}
