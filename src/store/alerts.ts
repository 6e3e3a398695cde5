import type { ClickHouseClient } from '@clickhouse/client';
import { type Layer, RISK_SIGNALS } from '../contract/layers.js';
import { type AlertClass, type AlertMessage, type AlertState, alertOf } from '../contract/messages.js';
import type { Priority } from '../contract/priorities.js';
import { DAY_MS } from '../durations.js';
import { WardstreamError } from '../errors.js';
import type { EpochMs } from '../events/event.js';
import { Conditions, select, type Window } from './select.js';

/** An alert is looked for this far back from the window: its onset comes before it is raised, or it has been open so long. */
const LOOK_BACK_MS = 30 * DAY_MS;

const RISKS = ['', ...RISK_SIGNALS].map((signal) => `'${signal}'`).join(', ');
/** `layerOf` of a record's body. */
export const LAYER = `multiIf(JSONExtractString(body, 'class') = 'technical', 'technical',
  JSONExtractString(body, 'signal') IN (${RISKS}), 'risk', 'state')`;

export interface AlertQuery extends Window {
  /** Only alerts of patients who are on these wards, or whose ward is not known; all where not given. */
  readonly wards?: readonly string[] | undefined;
  readonly patientId?: string | undefined;
  readonly state?: AlertState | undefined;
  readonly class?: AlertClass | undefined;
  readonly layer?: Layer | undefined;
  readonly priority?: Priority | undefined;
  /** true: only those not resolved; false: only those resolved. */
  readonly isOpen?: boolean | undefined;
  /** Also those raised up to 30 days before `from` that were still open then: what a shift took over. */
  readonly withTakenOver?: boolean | undefined;
  readonly limit: number;
  /** `next` of the page before. */
  readonly after?: string | undefined;
}

export interface AlertPage {
  /** The newest record of each alert, latest raised first. */
  readonly alerts: AlertMessage[];
  /** Where the next page begins; null at the end. */
  readonly next: string | null;
}

/**
 * Alerts raised in a window, as they are now: the alerts of a shift.
 * @throws WardstreamError `WS_USAGE` where `after` is no cursor.
 */
export async function alertsOf(client: ClickHouseClient, query: AlertQuery): Promise<AlertPage> {
  const {
    wards,
    patientId,
    state,
    class: alertClass,
    layer,
    priority,
    isOpen,
    withTakenOver = false,
    limit,
    after,
  } = query;
  const { from, to } = query;
  const rows = new Conditions()
    .within('onset_time', { from: from === undefined ? undefined : from - LOOK_BACK_MS, to })
    .add('patient_id = {patientId:String}', { patientId });
  const groups = new Conditions()
    // Alerts follow their patients: the newest record tells the ward. What belongs to no ward concerns every ward.
    .add("(ward IN {wards:Array(String)} OR ward = '')", { wards })
    .add('raisedAt < {before:Int64}', { before: to })
    .add('raisedAt >= {since:Int64}', { since: withTakenOver ? undefined : from })
    .add("(raisedAt >= {open:Int64} OR state != 'RESOLVED' OR updatedAt >= {open:Int64})", {
      open: withTakenOver ? from : undefined,
    })
    .add('state = {state:String}', { state })
    .add('priority = {priority:String}', { priority })
    .add(`if(JSONExtractString(body, 'class') = 'technical', 'technical', 'clinical') = {class:String}`, {
      class: alertClass,
    })
    .add(`${LAYER} = {layer:String}`, { layer });
  if (isOpen !== undefined) groups.add(`state ${isOpen ? '!=' : '='} 'RESOLVED'`, {});
  if (after !== undefined) {
    const { raisedAt, alertId } = cursorOf(after);
    groups.add('(raisedAt, alertId) < ({cursorTime:Int64}, {cursorId:String})', {
      cursorTime: raisedAt,
      cursorId: alertId,
    });
  }
  const found = await select<{ raisedAt: EpochMs; alertId: string; body: string }>(
    client,
    `SELECT alert_id AS alertId, toUnixTimestamp64Milli(min(raised_at)) AS raisedAt,
            toUnixTimestamp64Milli(max(updated_at)) AS updatedAt, argMaxMerge(latest) AS newest,
            newest.state AS state, newest.priority AS priority, newest.body AS body,
            JSONExtractString(body, 'wardId') AS ward
     FROM alerts ${rows.as('WHERE')}
     GROUP BY onset_time, alert_id ${groups.as('HAVING')}
     ORDER BY raisedAt DESC, alertId DESC LIMIT {limit:UInt32}`,
    { ...rows.params, ...groups.params, limit: limit + 1 },
  );
  const last = found.length > limit ? found[limit - 1] : undefined;
  return {
    alerts: found.slice(0, limit).map(({ body }) => alertOf(body)),
    next: last === undefined ? null : `${last.raisedAt}.${last.alertId}`,
  };
}

/** Every record of one alert, oldest first; empty where there is no such alert. */
export async function alertEvents(client: ClickHouseClient, alertId: string): Promise<AlertMessage[]> {
  const rows = await select<{ body: string }>(
    client,
    'SELECT body FROM alert_events FINAL WHERE alert_id = {alertId:String} ORDER BY sequence',
    { alertId },
  );
  return rows.map(({ body }) => alertOf(body));
}

/** Every alert record of a patient in a window, oldest first. */
export async function alertEventsOf(
  client: ClickHouseClient,
  patientId: string,
  window: Window,
): Promise<AlertMessage[]> {
  const conditions = new Conditions()
    .add('patient_id = {patientId:String}', { patientId })
    .within('event_time', window);
  const rows = await select<{ body: string }>(
    client,
    `SELECT body FROM alert_events FINAL ${conditions.as('WHERE')} ORDER BY event_time, alert_id, sequence`,
    conditions.params,
  );
  return rows.map(({ body }) => alertOf(body));
}

function cursorOf(text: string): { raisedAt: number; alertId: string } {
  const match = /^(-?\d{1,15})\.(.+)$/.exec(text);
  if (match === null) {
    throw new WardstreamError(
      'WS_USAGE',
      `${JSON.stringify(text)} is no place in a list of alerts; give the \`next\` of the page before`,
    );
  }
  return { raisedAt: Number(match[1]), alertId: match[2] };
}
