import type { ClickHouseClient } from '@clickhouse/client';
import type { EpochMs } from '../events/event.js';
import { doubtfulCode, isRowFault } from './fault.js';
import { Conditions, select, type Window } from './select.js';
import { plainTextValue, timeValue } from './values.js';

/** Someone looked at or did something. Empty text where a field does not apply. */
export interface AuditEntry {
  /** Unique; a second row of the same id is the same entry sent again. */
  readonly auditId: string;
  readonly at: EpochMs;
  /** Who, as their token names them. */
  readonly actor: string;
  readonly role: string;
  /** What, e.g. `view-patient`, `acknowledge`. */
  readonly action: string;
  readonly patientId: string;
  /** Whom an answer about several patients named. */
  readonly patients: readonly string[];
  readonly wardId: string;
  /** What else it was done to, e.g. an alert id. */
  readonly target: string;
  /** How it ended, e.g. `allowed`, `refused`. */
  readonly outcome: string;
  /** Network address it came from. */
  readonly source: string;
  readonly detail: string;
}

/** Longest text of a field, in UTF-16 units; ids and names are shorter by their schemas. */
const MAX_TEXT = 1000;
const MAX_DETAIL = 4000;
/** Single entries refused, with none taken, before it is the table and no entry that is at fault. */
const MAX_REFUSED = 8;

const COLUMNS: readonly (readonly [column: string, value: (entry: AuditEntry) => unknown])[] = [
  ['at', ({ at }) => timeValue(at)],
  ['audit_id', ({ auditId }) => plainTextValue(auditId, MAX_TEXT)],
  ['actor', ({ actor }) => plainTextValue(actor, MAX_TEXT)],
  ['role', ({ role }) => plainTextValue(role, MAX_TEXT)],
  ['action', ({ action }) => plainTextValue(action, MAX_TEXT)],
  ['patient_id', ({ patientId }) => plainTextValue(patientId, MAX_TEXT)],
  ['patients', ({ patients }) => patients.map((each) => plainTextValue(each, MAX_TEXT))],
  ['ward_id', ({ wardId }) => plainTextValue(wardId, MAX_TEXT)],
  ['target', ({ target }) => plainTextValue(target, MAX_TEXT)],
  ['outcome', ({ outcome }) => plainTextValue(outcome, MAX_TEXT)],
  ['source', ({ source }) => plainTextValue(source, MAX_TEXT)],
  ['detail', ({ detail }) => plainTextValue(detail, MAX_DETAIL)],
];

/** Adds entries to the audit; resolves once they are safe. Nothing changes or removes them but their retention. */
export async function appendAudit(client: ClickHouseClient, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await client.insert({
    table: 'audit',
    columns: COLUMNS.map(([column]) => column) as [string, ...string[]],
    values: entries.map((entry) => COLUMNS.map(([, value]) => value(entry))),
    format: 'JSONCompactEachRow',
  });
}

/**
 * Adds entries, those that the store refuses aside: gives these back. One that is refused is told from a table that takes
 * nothing by others being taken.
 * @throws what the store threw where it is away, or takes none of them.
 */
export async function appendOrSetAside(
  client: ClickHouseClient,
  entries: readonly AuditEntry[],
): Promise<AuditEntry[]> {
  const refused: AuditEntry[] = [];
  let taken = 0;
  const append = async (some: readonly AuditEntry[]): Promise<void> => {
    try {
      await appendAudit(client, some);
      taken += some.length;
    } catch (error) {
      if (!isRowFault(error) && doubtfulCode(error) === null) throw error;
      if (some.length > 1) {
        const half = some.length >> 1;
        await append(some.slice(0, half));
        await append(some.slice(half));
        return;
      }
      refused.push(some[0]);
      if (taken === 0 && refused.length >= Math.min(MAX_REFUSED, entries.length)) throw error;
    }
  };
  await append(entries);
  return refused;
}

/** Keeps what the audit refused with the dead letters, so that someone can look at it. */
export async function setAsideAudit(client: ClickHouseClient, entries: readonly AuditEntry[]): Promise<void> {
  const values = entries.map((entry) => ({
    topic: 'audit',
    partition: 0,
    offset: 0,
    dead_letter_id: plainTextValue(entry.auditId, MAX_TEXT),
    reason: 'undeliverable',
    detail: 'the audit table refused this entry',
    patient_id: plainTextValue(entry.patientId, MAX_TEXT),
    event_time: timeValue(entry.at),
    raw: Buffer.from(JSON.stringify(entry)).toString('base64'),
  }));
  await client.insert({ table: 'dead_letters', values, format: 'JSONEachRow' });
}

export interface AuditQuery extends Window {
  readonly patientId?: string | undefined;
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly limit: number;
}

/** The newest `limit` entries that match, newest first, each once. */
export function auditOf(client: ClickHouseClient, query: AuditQuery): Promise<AuditEntry[]> {
  const { patientId, actor, action, limit, from, to } = query;
  const conditions = new Conditions()
    .within('audit.at', { from, to })
    .add('(patient_id = {patientId:String} OR has(patients, {patientId:String}))', { patientId })
    .add('actor = {actor:String}', { actor })
    .add('action = {action:String}', { action });
  return select(
    client,
    `SELECT audit_id AS auditId, toUnixTimestamp64Milli(audit.at) AS at, actor, role, action, patient_id AS patientId, patients,
            ward_id AS wardId, target, outcome, source, detail
     FROM audit ${conditions.as('WHERE')}
     ORDER BY at DESC, auditId LIMIT 1 BY audit_id LIMIT {limit:UInt32}`,
    { ...conditions.params, limit },
  );
}
