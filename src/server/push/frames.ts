import type { Duplex } from 'node:stream';
import type { ServerFrame, SubscribeFrame } from '../../contract/protocol.js';
import { PROBLEM_TYPE, problemOf } from '../problem.js';
import { patientsOf } from '../routes/alerts.js';

/** What was asked for, for the audit. */
export function askedBy({ wards, patients, priorities, values }: SubscribeFrame): string {
  return JSON.stringify({ wards, patients, priorities, values });
}

/** Everybody whom frames name. */
export function namedIn(frames: readonly ServerFrame[]): string[] {
  return patientsOf(
    frames.flatMap((frame): readonly { readonly patientId: string }[] => {
      if (frame.type === 'snapshot') return [...frame.patients, ...frame.alerts];
      if (frame.type === 'alert') return [frame.alert];
      return frame.type === 'replay' ? frame.state.events : [];
    }),
  );
}

export function refuse(
  socket: Duplex,
  status: number,
  detail: string,
  retryAfterS: number | null = null,
): void {
  const problem = problemOf(status, detail);
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${status} ${problem.title}`,
    'Connection: close',
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(retryAfterS === null ? [] : [`Retry-After: ${retryAfterS}`]),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** A close reason has at most 123 bytes (RFC 6455, 5.5). */
export function shorten(reason: string): string {
  const ascii = reason.replaceAll(/[^\x20-\x7e]+/g, ' ');
  return ascii.length > 120 ? `${ascii.slice(0, 117)}...` : ascii;
}

export function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
