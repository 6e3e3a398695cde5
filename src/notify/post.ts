import { createHmac } from 'node:crypto';
import type { AlertMessage } from '../contract/messages.js';
import { withOldName } from '../contract/old-names.js';
import type { Hook } from './hook.js';

/** What came of a post. */
export interface Answer {
  readonly isTaken: boolean;
  /** Whether trying again would be for nothing. */
  readonly isFinal: boolean;
  readonly fault: string;
}

/** Answers that say that this very body will never be taken (RFC 9110, 15.5). */
const REFUSALS = new Set([400, 413, 415, 422]);

/** `t=…,v1=…`: HMAC-SHA256 in hex of the seconds, a full stop, and the body. */
function signatureOf(secret: string, seconds: number, body: string): string {
  const hmac = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${hmac}`;
}

/** Posts a record, signed. `cursor` is its place in the log, `now` in milliseconds. Never rejects. */
export async function post(
  { url, secret, timeoutMs }: Hook,
  { cursor, alert }: { readonly cursor: string; readonly alert: AlertMessage },
  now: number,
  signal: AbortSignal,
): Promise<Answer> {
  const body = JSON.stringify({ type: 'alert', version: 1, cursor, alert: withOldName(alert) });
  const seconds = Math.floor(now / 1000);
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'error',
      headers: {
        'content-type': 'application/json',
        'wardstream-delivery': `${alert.alertId}.${alert.sequence}`,
        'wardstream-signature': signatureOf(secret, seconds, body),
      },
      body,
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), signal]),
    });
    await response.body?.cancel();
    const { ok, status } = response;
    return { isTaken: ok, isFinal: REFUSALS.has(status), fault: `status ${status}` };
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { code?: string } };
    return { isTaken: false, isFinal: false, fault: cause?.code ?? message };
  }
}
