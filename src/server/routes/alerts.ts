import { z } from 'zod';
import type { EventBus } from '../../bus/bus.js';
import type { Clock } from '../../clock.js';
import {
  acceptedSchema,
  actionSchema,
  alertEventsSchema,
  alertsQuerySchema,
  alertsSchema,
  idSchema,
} from '../../contract/schemas.js';
import { TOPICS } from '../../contract/topics.js';
import { MINUTE_MS } from '../../durations.js';
import type { MessageCodec } from '../../events/codec.js';
import { hashId } from '../../events/dead-letter.js';
import { type Endpoint, endpoint } from '../endpoint.js';
import { HttpProblem } from '../problem.js';

const alertParams = z.object({ alertId: idSchema });
const tag = 'Alerts';

/** Where actions go: onto the bus, like every other event. */
export interface ActionTarget {
  readonly bus: Pick<EventBus, 'produce'>;
  readonly codec: MessageCodec;
  readonly clock: Clock;
  /** The partition a patient's alerts come from; undefined where that of the patient id is to be taken. */
  readonly partitionOf?: ((patientId: string) => number | undefined) | undefined;
}

/** Everybody whom alerts name, once. */
export function patientsOf(alerts: readonly { readonly patientId: string }[]): string[] {
  return [...new Set(alerts.map(({ patientId }) => patientId))].filter((each) => each !== '');
}

export function alertEndpoints({ bus, codec, clock, partitionOf }: ActionTarget): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/api/v1/alerts',
      tag,
      summary: 'Alerts, newest first, each with its newest record',
      permission: 'read',
      audit: 'list-alerts',
      query: alertsQuerySchema,
      response: alertsSchema,
      handle: async ({ ward, query: { open, ...query }, note }) => {
        const page = await ward.alerts({ ...query, isOpen: open });
        note({ patients: patientsOf(page.alerts) });
        return page;
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/alerts/:alertId/events',
      tag,
      summary: 'Every record of an alert: what it became, when, and by whom',
      permission: 'read',
      audit: 'view-alert',
      params: alertParams,
      response: alertEventsSchema,
      handle: async ({ ward, params: { alertId }, note }) => {
        const events = await ward.alertRecords(alertId);
        const { patientId, wardId } = events[0];
        note({ patientId, wardId });
        return { alertId, events };
      },
    }),
    endpoint({
      method: 'POST',
      path: '/api/v1/alerts/:alertId/actions',
      tag,
      summary: 'Acknowledge, snooze, escalate or comment an open alert, in the name of the token’s subject',
      permission: 'act',
      audit: 'alert-action',
      params: alertParams,
      body: actionSchema,
      status: 202,
      response: acceptedSchema,
      handle: async ({ ward, params: { alertId }, body, principal, note }) => {
        const { action, requestId } = body;
        note({ action: `alert-${action.toLowerCase()}` });
        const { class: alertClass, patientId, wardId } = ward.openAlert(alertId);
        note({ patientId, wardId });
        if (alertClass === 'technical')
          throw new HttpProblem(409, 'a technical notice ends with its cause; nobody can act on it');
        const eventTime = clock.live ? clock.now() : ward.clock;
        const actor = principal.subject;
        const messageId = hashId(alertId, action, actor, requestId ?? eventTime);
        const snoozeMs = body.action === 'SNOOZE' ? body.minutes * MINUTE_MS : null;
        const reason = body.reason ?? null;
        const message = { messageId, patientId, eventTime, alertId, action, actor, snoozeMs, reason };
        // Where a producer's partitioner put the patient elsewhere than the key would, only that engine knows the alert.
        const partition = partitionOf?.(patientId);
        const value = codec.encode('Acknowledgement', message);
        await bus.produce(TOPICS.acks, [
          { key: patientId, value, ...(partition === undefined ? {} : { partition }) },
        ]);
        return { messageId };
      },
    }),
  ];
}
