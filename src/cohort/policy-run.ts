import { AlertPolicy } from '../alerts/policy.js';
import type { ScoredMoment } from '../alerts/rule-watch.js';
import { VARIABLE_COUNT } from '../clinical/variables.js';
import type { AlertMessage } from '../contract/messages.js';
import { byForecast } from '../contract/outcomes.js';
import type { AlertRule } from '../settings/config.js';
import type { ObservedStay } from './stays.js';

/** Scored stays keep no values: alerts from them have no evidence. */
export const UNKNOWN = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);

/**
 * The alert transitions a policy makes of stays that are scored already: those of the engine with the same rules, without
 * evidence and without acknowledgements, and of stays that were not over without what time alone changed after the last score. Nothing
 * is scored again, so many policies can be tried on one replay.
 */
export function* transitionsOf(
  stays: readonly ObservedStay[],
  rules: readonly AlertRule[],
  modelVersion: string,
): Generator<AlertMessage> {
  for (const stay of stays) {
    const policy = new AlertPolicy(rules, modelVersion);
    for (const moment of momentsOf(stay)) yield* policy.score(moment);
    if (stay.isOver) yield* policy.discharge(stay.patientId, stay.endAt);
  }
}

export function* momentsOf({
  patientId,
  stayId,
  wardId,
  admittedAt,
  times,
  signals,
}: ObservedStay): Generator<ScoredMoment> {
  const { model, news2, failing } = signals;
  for (let moment = 0; moment < times.length; moment++) {
    yield {
      patientId,
      stayId,
      wardId,
      bedId: null,
      eventTime: times[moment],
      admittedAt,
      failing: failing[moment],
      mortality: model[moment],
      ...byForecast(({ id }) => known(signals[id][moment])),
      news2: known(news2[moment]),
      values: UNKNOWN,
      ages: UNKNOWN,
      // States need no model and no rule: they are told of when stays are scored.
      episodes: [],
      reopened: 0,
    };
  }
}

export function known(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
