import type { ClickHouseClient } from '@clickhouse/client';
import type { EpochMs } from '../events/event.js';
import { Conditions, select, type Window } from './select.js';

/** From when to when a patient was in a state, as the scores of a window tell it. */
export interface StoredStateSpan {
  /** Id of the criterion. */
  readonly criterion: string;
  readonly since: EpochMs;
  /** When the first score came that no longer had the state; null where every score since has it. */
  readonly to: EpochMs | null;
  /** Of the newest score that had it. */
  readonly value: number;
  readonly lowest: number;
  readonly highest: number;
  readonly variable: string;
}

/** The states of a patient in a window, oldest first. One that began and ended between two scores is in none. */
export function stateSpansOf(
  client: ClickHouseClient,
  patientId: string,
  window: Window,
): Promise<StoredStateSpan[]> {
  const conditions = new Conditions()
    .add('patient_id = {patientId:String}', { patientId })
    .within('event_time', window);
  return select(
    client,
    `SELECT toString(criterion) AS criterion, toUnixTimestamp64Milli(began) AS since, nullIf(argMax(next, at), 0) AS to,
            argMax(read, at) AS value, min(read) AS lowest, max(read) AS highest, toString(argMax(source, at)) AS variable
     FROM (
       SELECT at, states, state_since, state_values, state_variables,
              any(at) OVER (ORDER BY at ROWS BETWEEN 1 FOLLOWING AND 1 FOLLOWING) AS next
       FROM (
         SELECT toUnixTimestamp64Milli(event_time) AS at, states, state_since, state_values, state_variables
         FROM scores FINAL ${conditions.as('WHERE')} ORDER BY at LIMIT 1 BY at))
     ARRAY JOIN states AS criterion, state_since AS began, state_values AS read, state_variables AS source
     GROUP BY criterion, since ORDER BY since, criterion`,
    conditions.params,
  );
}
