import type { ClickHouseClient } from '@clickhouse/client';
import type { EpochMs } from '../events/event.js';
import { correctedValues } from './corrected.js';
import { Conditions, select, type Window } from './select.js';

export interface StoredScore {
  readonly eventTime: EpochMs;
  readonly modelVersion: string;
  readonly risk: number;
  readonly circulatory: number | null;
  readonly respiratory: number | null;
  readonly deterioration: number | null;
  readonly news2: number | null;
  readonly qsofa: number | null;
}

const SCORE_COLUMNS = `toUnixTimestamp64Milli(event_time) AS eventTime, model_version AS modelVersion, risk,
  circulatory, respiratory, deterioration, news2, qsofa`;

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
     FROM (SELECT * FROM scores FINAL ${conditions.as('WHERE')} ORDER BY event_time DESC LIMIT {limit:UInt32})
     ORDER BY eventTime`,
    { ...conditions.params, limit },
  );
}

export interface CurrentScore extends StoredScore {
  readonly patientId: string;
  readonly stayId: string;
  readonly wardId: string;
  readonly bedId: string;
}

export interface WardNow {
  /** Only these wards; all where not given. */
  readonly wards?: readonly string[] | undefined;
  readonly modelVersion?: string | undefined;
  /** Patients without a score since then are left out. */
  readonly since?: EpochMs | undefined;
}

/** The newest score of every patient who is not discharged, by patient id. */
export function currentScores(client: ClickHouseClient, now: WardNow = {}): Promise<CurrentScore[]> {
  const { wards, modelVersion, since } = now;
  const conditions = new Conditions()
    .add('ward_id IN {wards:Array(String)}', { wards })
    .add('model_version = {modelVersion:String}', { modelVersion })
    .within('event_time', { from: since })
    .add('stay_id NOT IN (SELECT stay_id FROM stays FINAL WHERE discharged_at IS NOT NULL)', {});
  return select(
    client,
    `SELECT patient_id AS patientId, stay_id AS stayId, ward_id AS wardId, bed_id AS bedId, ${SCORE_COLUMNS}
     FROM current_scores FINAL ${conditions.as('WHERE')} ORDER BY patientId, modelVersion`,
    conditions.params,
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

/** One hour of one variable. */
export interface HourlyValue {
  readonly variable: string;
  /** Where the hour begins. */
  readonly hour: EpochMs;
  readonly low: number;
  readonly high: number;
  /** Mean over the minutes that have a value of each minute's last one. */
  readonly mean: number;
  readonly last: number;
  /** Minutes that have a value. */
  readonly minutes: number;
}

/**
 * Hourly aggregates of a patient, by variable and hour: the same however often a value was written. Laboratory results are as they were
 * corrected, as long as the values themselves are kept.
 */
export function hourlyOf(
  client: ClickHouseClient,
  patientId: string,
  { from, to }: Window,
): Promise<HourlyValue[]> {
  const ofPatient = new Conditions().add('patient_id = {patientId:String}', { patientId });
  // Of hours with laboratory results the aggregates are made anew, from what they were corrected to.
  const withResults = (columns: string) =>
    `(SELECT ${columns} FROM observations ${ofPatient.as('WHERE')} AND result != 0)`;
  const hourOf = (time: string) => `toStartOfHour(toDateTime(${time}, 'UTC'))`;
  const ofVariables = new Conditions()
    .add('patient_id = {patientId:String}', { patientId })
    .add(`variable IN ${withResults('variable')}`, {});
  const inWindow = new Conditions()
    .add("began >= toStartOfHour(fromUnixTimestamp64Milli({from:Int64}, 'UTC'))", { from })
    .add("began < fromUnixTimestamp64Milli({to:Int64}, 'UTC')", { to });
  const value = (bits: string): string => `reinterpretAsFloat32(toUInt32(bitAnd(${bits}, 0xFFFFFFFF)))`;
  return select(
    client,
    `SELECT variable, toUnixTimestamp(began) * 1000 AS hour, low, high,
            arrayAvg(bits -> ${value('bits')}, mapValues(cells)) AS mean,
            ${value('cells[arrayMax(mapKeys(cells))]')} AS last, length(cells) AS minutes
     FROM (
       SELECT variable, hour AS began, low, high, minutes AS cells FROM observations_hourly FINAL ${ofPatient.as('WHERE')}
         AND (variable, hour) NOT IN ${withResults(`variable, ${hourOf('event_time')}`)}
       UNION ALL
       SELECT variable, ${hourOf('intDiv(at, 1000)')} AS began, min(value) AS low, max(value) AS high,
              maxMap(map(toUInt8(intDiv(at, 60000) % 60),
                bitOr(bitShiftLeft(toUInt64(at % 60000), 32), toUInt64(reinterpretAsUInt32(value))))) AS cells
       FROM (${correctedValues(ofVariables)})
       WHERE (variable, ${hourOf('intDiv(at, 1000)')}) IN ${withResults(`variable, ${hourOf('event_time')}`)}
       GROUP BY variable, began)
     ${inWindow.as('WHERE')} ORDER BY variable, hour`,
    { ...ofPatient.params, ...inWindow.params },
  );
}

/** Which model gave the scores: its configuration, and when it was last put to use. */
export interface StoredModel {
  readonly modelVersion: string;
  readonly config: unknown;
  readonly lastUsed: EpochMs;
}

/** Every model that has written scores here, newest use first. */
export async function modelsOf(client: ClickHouseClient): Promise<StoredModel[]> {
  const rows = await select<{ modelVersion: string; config: string; lastUsed: EpochMs }>(
    client,
    `SELECT model_version AS modelVersion, config, toUnixTimestamp64Milli(last_used) AS lastUsed
     FROM models FINAL ORDER BY lastUsed DESC, modelVersion`,
  );
  return rows.map(({ config, ...row }) => ({ ...row, config: JSON.parse(config) as unknown }));
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
