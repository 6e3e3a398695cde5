import type { ClickHouseClient } from '@clickhouse/client';
import type { AlertMessage } from '../contract/messages.js';
import { hashId } from '../events/dead-letter.js';
import { select } from '../store/select.js';
import { textValue, timeValue, uintValue } from '../store/values.js';
import type { WebhookStore } from './webhook.js';

/** `topic` of dead letters that webhooks leave. */
const TOPIC = 'webhook';

/** Keeps where webhooks got to and what they are done with in the store, and what they could not deliver with its dead letters. */
export function webhookStore(client: ClickHouseClient): WebhookStore {
  return {
    cursor: async (place) => {
      const [row] = await select<{ cursor: string }>(
        client,
        'SELECT cursor FROM webhook_cursors FINAL WHERE name = {name:String}',
        { name: place },
      );
      return row?.cursor ?? null;
    },
    keepCursor: async (place, cursor) => {
      const values = [{ name: place, cursor }];
      await client.insert({ table: 'webhook_cursors', values, format: 'JSONEachRow' });
    },
    doneWith: async (name, alertId) => {
      const [row] = await select<{ sequence: number | null }>(
        client,
        `SELECT maxOrNull(sequence) AS sequence FROM webhook_deliveries
         WHERE name = {name:String} AND alert_id = {alertId:String}`,
        { name, alertId },
      );
      return row?.sequence ?? null;
    },
    keepDone: async (name, done) => {
      const values = [...done].map(([alertId, sequence]) => ({ name, alert_id: alertId, sequence }));
      await client.insert({ table: 'webhook_deliveries', values, format: 'JSONEachRow' });
    },
    setAside: async (name, alert, reason) => {
      await client.insert({
        table: 'dead_letters',
        values: [rowOf(name, alert, reason)],
        format: 'JSONEachRow',
      });
    },
  };
}

function rowOf(name: string, alert: AlertMessage, reason: string): object {
  return {
    topic: TOPIC,
    partition: 0,
    offset: uintValue(alert.sequence),
    dead_letter_id: hashId(TOPIC, name, alert.alertId, alert.sequence),
    reason: 'undeliverable',
    detail: textValue(`webhook ${name}: ${reason}`),
    patient_id: textValue(alert.patientId),
    event_time: timeValue(alert.eventTime),
    raw: Buffer.from(JSON.stringify(alert)).toString('base64'),
  };
}
