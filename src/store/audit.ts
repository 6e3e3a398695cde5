import type { ClickHouseClient } from '@clickhouse/client';
import type { EpochMs } from '../events/event.js';
import { Conditions, select, type Window } from './select.js';

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
  readonly wardId: string;
  /** What else it was done to, e.g. an alert id. */
  readonly target: string;
  /** How it ended, e.g. `allowed`, `refused`. */
  readonly outcome: string;
  /** Network address it came from. */
  readonly source: string;
  readonly detail: string;
}

/** Adds entries to the audit; resolves once they are safe. Nothing changes or removes them but their retention. */
export async function appendAudit(client: ClickHouseClient, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await client.insert({
    table: 'audit',
    columns: [
      'at',
      'audit_id',
      'actor',
      'role',
      'action',
      'patient_id',
      'ward_id',
      'target',
      'outcome',
      'source',
      'detail',
    ],
    values: entries.map((entry) => [
      (entry.at / 1000).toFixed(3),
      entry.auditId,
      entry.actor,
      entry.role,
      entry.action,
      entry.patientId,
      entry.wardId,
      entry.target,
      entry.outcome,
      entry.source,
      entry.detail,
    ]),
    format: 'JSONCompactEachRow',
  });
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
    .add('patient_id = {patientId:String}', { patientId })
    .add('actor = {actor:String}', { actor })
    .add('action = {action:String}', { action });
  return select(
    client,
    `SELECT audit_id AS auditId, toUnixTimestamp64Milli(audit.at) AS at, actor, role, action, patient_id AS patientId,
            ward_id AS wardId, target, outcome, source, detail
     FROM audit ${conditions.as('WHERE')}
     ORDER BY at DESC, auditId LIMIT 1 BY audit_id LIMIT {limit:UInt32}`,
    { ...conditions.params, limit },
  );
}
