import { type WardClient, WardClientError } from '../../../src/client/browser.js';
import type { AlertView, ReplayCommand, Timeline } from './protocol.js';

const SEEK_TIMEOUT_MS = 300_000;

/** The newest resolved alerts, newest first. */
export async function resolvedAlerts(client: WardClient, limit: number): Promise<readonly AlertView[]> {
  return (await client.alerts({ open: 'false', limit: String(limit) })).alerts;
}

/** The course of a patient over the `hours` up to `until`; null: up to now. */
export function readTimeline(
  client: WardClient,
  patientId: string,
  hours: number,
  until: number | null,
): Promise<Timeline> {
  const end = until === null ? '' : `&until=${Math.round(until)}`;
  const path = `/api/v1/patients/${encodeURIComponent(patientId)}/timeline`;
  return client.request('GET', `${path}?hours=${hours.toFixed(3)}${end}`);
}

/** Where the bytes of an image are; the session cookie opens it. */
export function imagePath(patientId: string, imageId: string): string {
  return `/api/v1/patients/${encodeURIComponent(patientId)}/images/${encodeURIComponent(imageId)}`;
}

/** Drives the replay; its new state comes as a frame too. Going back in history takes as long as playing up to there. */
export async function commandReplay(command: ReplayCommand): Promise<void> {
  const response = await fetch('/api/v1/replay', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(command),
    signal: AbortSignal.timeout(SEEK_TIMEOUT_MS),
  });
  if (!response.ok) throw new WardClientError(response.status, `the server answered ${response.status}`);
}

/** What went wrong, as a sentence. */
export function faultText(error: unknown): string {
  if (error instanceof WardClientError && error.status === 403) return 'Your role does not allow it.';
  const text = error instanceof Error ? error.message : 'try again';
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
