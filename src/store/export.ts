import type { Readable } from 'node:stream';
import type { ClickHouseClient } from '@clickhouse/client';
import { FORECAST_IDS } from '../contract/outcomes.js';
import { LAYER } from './alerts.js';
import { Conditions, select, type Window } from './select.js';

/** What an export can be written as. */
export const EXPORT_FORMATS = { csv: 'CSVWithNames', arrow: 'ArrowStream', parquet: 'Parquet' } as const;
export type ExportFormat = keyof typeof EXPORT_FORMATS;
export const EXPORT_TABLES = ['observations', 'scores', 'alerts', 'treatments'] as const;
export type ExportTable = (typeof EXPORT_TABLES)[number];

export interface ExportQuery extends Window {
  readonly table: ExportTable;
  readonly format: ExportFormat;
  /** Only these wards; all where not given. Observations and treatments carry no ward: of them, those of patients of these wards. */
  readonly wards?: readonly string[] | undefined;
  readonly patientId?: string | undefined;
}

const PATIENTS_OF_WARDS = `patient_id IN (SELECT patient_id FROM current_scores FINAL WHERE ward_id IN {wards:Array(String)})`;

/** One row an observation, score, alert record or treatment in a window, in order of patient and time. */
export async function exportOf(client: ClickHouseClient, query: ExportQuery): Promise<Readable> {
  const { table, format } = query;
  const conditions = conditionsOf(query);
  const rows = SELECTIONS[table].replace('$conditions', conditions.as('WHERE'));
  const guarded = format === 'csv' ? `SELECT * REPLACE (${GUARDS[table]}) FROM (${rows})` : rows;
  const result = await client.exec({
    query: `${guarded} FORMAT ${EXPORT_FORMATS[format]}`,
    query_params: conditions.params,
    clickhouse_settings: { format_csv_null_representation: '' },
  });
  return result.stream;
}

/** Whom an export names: for the audit. */
export async function exportedPatients(client: ClickHouseClient, query: ExportQuery): Promise<string[]> {
  const conditions = conditionsOf(query);
  const rows = await select<{ id: string }>(
    client,
    `SELECT DISTINCT toString(patient_id) AS id FROM ${TABLES[query.table]} ${conditions.as('WHERE')} ORDER BY id`,
    conditions.params,
  );
  return rows.map(({ id }) => id);
}

function conditionsOf({ table, wards, patientId, from, to }: ExportQuery): Conditions {
  return new Conditions()
    .add('patient_id = {patientId:String}', { patientId })
    .within('event_time', { from, to })
    .add(WITHOUT_WARD.has(table) ? PATIENTS_OF_WARDS : 'ward_id IN {wards:Array(String)}', { wards });
}

const WITHOUT_WARD: ReadonlySet<ExportTable> = new Set(['observations', 'treatments']);

const TABLES: Record<ExportTable, string> = {
  observations: 'observations',
  scores: 'scores',
  alerts: 'alert_events',
  treatments: 'treatments',
};

const SELECTIONS: Record<ExportTable, string> = {
  observations: `SELECT toString(patient_id) AS patient_id, event_time, toString(variable) AS variable, value, delay_ms,
      toString(verdict) AS verdict, toString(verdict_reason) AS verdict_reason
    FROM observations FINAL $conditions ORDER BY patient_id, event_time, variable`,
  scores: `SELECT toString(patient_id) AS patient_id, toString(stay_id) AS stay_id, toString(ward_id) AS ward_id, event_time,
      toString(model_version) AS model_version, mortality, ${FORECAST_IDS.join(', ')}, news2, qsofa, late,
      arrayStringConcat(out_of_range, ' ') AS out_of_range, arrayStringConcat(scores.states, ' ') AS states,
      arrayStringConcat(arrayMap(since -> toString(since), scores.state_since), ' ') AS state_since,
      arrayStringConcat(arrayMap(value -> toString(value), scores.state_values), ' ') AS state_values,
      arrayStringConcat(scores.state_variables, ' ') AS state_variables, sofa_total, sofa_respiration, sofa_coagulation,
      sofa_liver, sofa_cardiovascular, sofa_nervous, sofa_renal, mortality AS risk
    FROM scores FINAL $conditions ORDER BY patient_id, event_time, model_version`,
  alerts: `SELECT toString(patient_id) AS patient_id, alert_id, sequence, toString(ward_id) AS ward_id, toString(rule) AS rule,
      toString(signal) AS signal, toString(label) AS label, toString(unit) AS unit, value, threshold, toString(priority) AS priority, toString(state) AS state, onset_time,
      event_time, body, ${LAYER} AS layer
    FROM alert_events FINAL $conditions ORDER BY patient_id, event_time, alert_id, sequence`,
  treatments: `SELECT toString(patient_id) AS patient_id, event_time, observed_at, toString(message_id) AS message_id,
      toString(treatment_id) AS treatment_id, toString(drug) AS drug, toString(action) AS action, rate, toString(unit) AS unit, weight_kg,
      toString(corrects) AS corrects, toString(source) AS source
    FROM treatments FINAL $conditions ORDER BY patient_id, event_time, message_id`,
};

/**
 * Text that a spreadsheet would run as a formula: it begins with one of these characters, also after blanks, and in the wide
 * forms of East Asian keyboards. What is no more than a number stays as it is.
 */
const FORMULA = '^[\\\\s\\\\p{Z}\\\\p{C}]*[=+@\\\\-\uff1d\uff0b\uff0d\uff20]|^[\\\\t\\\\r\\\\n]';
const NUMBER = '^[+-]?[0-9]+([.][0-9]+)?$';

/** In CSV such text gets an apostrophe before it, which spreadsheets take as "this is text" (OWASP, CSV injection). */
const GUARDS: Record<ExportTable, string> = {
  observations: guardsOf('patient_id', 'variable', 'verdict', 'verdict_reason'),
  scores: guardsOf(
    'patient_id',
    'stay_id',
    'ward_id',
    'model_version',
    'out_of_range',
    'states',
    'state_since',
    'state_values',
    'state_variables',
  ),
  alerts: guardsOf(
    'patient_id',
    'alert_id',
    'ward_id',
    'rule',
    'signal',
    'label',
    'unit',
    'priority',
    'state',
    'body',
  ),
  treatments: guardsOf(
    'patient_id',
    'message_id',
    'treatment_id',
    'drug',
    'action',
    'unit',
    'corrects',
    'source',
  ),
};

function guardsOf(...columns: string[]): string {
  const isFormula = (column: string) =>
    `match(${column}, '${FORMULA}') AND NOT match(${column}, '${NUMBER}')`;
  return columns
    .map((column) => `if(${isFormula(column)}, concat('\\'', ${column}), ${column}) AS ${column}`)
    .join(', ');
}
