import type { ClickHouseClient } from '@clickhouse/client';
import { SOFA_PARTS, type Sofa } from '../clinical/sofa.js';
import type { PresentState } from '../clinical/state.js';
import { FORECAST_IDS, type Outcomes } from '../contract/outcomes.js';
import type { EpochMs } from '../events/event.js';
import { correctedValues } from './corrected.js';
import { WITHDRAWN } from './rows.js';
import { Conditions, select, type Window } from './select.js';

export interface StoredScore extends Outcomes {
  readonly eventTime: EpochMs;
  readonly modelVersion: string;
  readonly news2: number | null;
  readonly qsofa: number | null;
  readonly sofa: Sofa;
  readonly states: Pick<PresentState, 'criterion' | 'value' | 'since' | 'variable'>[];
}

const SOFA_NAMES = ['total', ...SOFA_PARTS];
/** Of the table `scores`. */
export const SCORE_COLUMNS = `toUnixTimestamp64Milli(event_time) AS eventTime, model_version AS modelVersion, mortality,
  ${FORECAST_IDS.join(', ')}, news2, qsofa,
  CAST((${SOFA_NAMES.map((name) => `sofa_${name}`).join(', ')}),
       'Tuple(${SOFA_NAMES.map((name) => `${name} Nullable(UInt8)`).join(', ')})') AS sofa,
  arrayMap((criterion, value, since, variable) -> CAST((criterion, value, toUnixTimestamp64Milli(since), variable),
             'Tuple(criterion String, value Float64, since Int64, variable String)'),
           scores.states, state_values, state_since, state_variables) AS states`;

/** The newest `limit` scores of one patient in a window, oldest first; `FINAL` makes them right before merges too. */
export function scoresOf(
  client: ClickHouseClient,
  patientId: string,
  limit: number,
  window: Window = {},
): Promise<StoredScore[]> {
  const conditions = new Conditions()
    .add('patient_id = {patientId:String}', { patientId })
    .within('event_time', window);
  return select(
    client,
    `SELECT ${SCORE_COLUMNS}
     FROM (SELECT * FROM scores FINAL ${conditions.as('WHERE')} ORDER BY event_time DESC LIMIT {limit:UInt32}) AS scores
     ORDER BY eventTime`,
    { ...conditions.params, limit },
  );
}

/** Values of one variable, oldest first; where they are thinned each stands for a stretch of time. */
export interface StoredSeries {
  readonly variable: string;
  readonly times: readonly EpochMs[];
  /** At `times`; means where `isThinned`. */
  readonly values: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  readonly isThinned: boolean;
}

export interface TimelineQuery {
  readonly from: EpochMs;
  readonly to: EpochMs;
  /** At most about so many a variable: where there are more, each stretch of `(to - from) / points` gets one. */
  readonly points: number;
}

/** The observations of a patient in a window, by variable; laboratory results as they were corrected. */
export async function timelineOf(
  client: ClickHouseClient,
  patientId: string,
  { from, to, points }: TimelineQuery,
): Promise<StoredSeries[]> {
  const conditions = new Conditions()
    .add('patient_id = {patientId:String}', { patientId })
    .within('event_time', { from, to });
  const width = Math.max(1, Math.ceil((to - from) / points));
  const rows = await select<Omit<StoredSeries, 'isThinned'> & { isThinned: 0 | 1 }>(
    client,
    `SELECT variable, groupArray(time) AS times, groupArray(mean) AS values, groupArray(lowest) AS low,
            groupArray(highest) AS high, max(thinned) AS isThinned
     FROM (
       SELECT variable, max(at) AS time, avg(value) AS mean, min(value) AS lowest, max(value) AS highest,
              any(total > {points:UInt32}) AS thinned
       FROM (SELECT variable, at, value, count() OVER (PARTITION BY variable) AS total FROM (
         ${correctedValues(conditions)}))
       GROUP BY variable, if(total > {points:UInt32}, intDiv(at - {from:Int64}, {width:Int64}), at),
                if(total > {points:UInt32}, 0, value)
       ORDER BY variable, time, mean)
     GROUP BY variable ORDER BY variable`,
    { ...conditions.params, points, width },
  );
  return rows.map((row) => ({ ...row, isThinned: row.isThinned === 1 }));
}

/** A value that is not used, and why. */
export interface StoredDoubt {
  readonly variable: string;
  readonly at: EpochMs;
  readonly value: number;
  readonly verdict: 'doubted' | 'artefact';
  readonly reason: string;
}

/** The newest `limit` values of a patient in a window that are not used, oldest first. */
export function doubtsOf(
  client: ClickHouseClient,
  patientId: string,
  window: Window,
  limit: number,
): Promise<StoredDoubt[]> {
  const conditions = new Conditions()
    .add('patient_id = {patientId:String}', { patientId })
    .within('event_time', window)
    .add(`verdict NOT IN ('used', '${WITHDRAWN}')`, {});
  return select(
    client,
    `SELECT * FROM (
       SELECT toString(variable) AS variable, toUnixTimestamp64Milli(event_time) AS at, value, toString(verdict) AS verdict,
              toString(verdict_reason) AS reason
       FROM observations FINAL ${conditions.as('WHERE')} ORDER BY at DESC, variable, value LIMIT {limit:UInt32})
     ORDER BY at, variable, value`,
    { ...conditions.params, limit },
  );
}

/** Notes that a model is put to use. */
export async function recordModel(
  client: ClickHouseClient,
  model: { readonly version: string },
): Promise<void> {
  await client.insert({
    table: 'models',
    columns: ['model_version', 'config'],
    values: [[model.version, JSON.stringify(model)]],
    format: 'JSONCompactEachRow',
  });
}
