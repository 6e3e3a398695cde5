import type { AlertMessage, DeadLetterMessage } from '../contract/messages.js';
import { TOPICS } from '../contract/topics.js';
import { deadLetter, hashId } from '../events/dead-letter.js';
import type { RawRecord } from '../events/record.js';

/** `topic` of dead letters that webhooks leave. */
const WEBHOOK = 'webhook';

/** The dead letter of a record that a hook could not deliver; the same wherever it is tried. */
export function undelivered(
  hook: string,
  { partition, offset }: Pick<RawRecord, 'partition' | 'offset'>,
  alert: AlertMessage,
  why: string,
): DeadLetterMessage {
  const { alertId, sequence, patientId, eventTime } = alert;
  return {
    deadLetterId: hashId(WEBHOOK, hook, alertId, sequence),
    topic: WEBHOOK,
    partition,
    offset,
    reason: 'undeliverable',
    detail: `webhook ${hook}: ${why}`,
    patientId,
    eventTime,
    raw: Buffer.from(JSON.stringify(alert)),
    count: 1,
  };
}

/** The dead letter of what stands among the alerts and is none; the same of every hook. */
export function undecodable({ partition, offset, value }: RawRecord, detail: string): DeadLetterMessage {
  const rejection = { reason: 'undecodable', detail, patientId: null, eventTime: null, index: -1 } as const;
  return deadLetter({ topic: TOPICS.alerts, partition, offset }, value, rejection);
}
