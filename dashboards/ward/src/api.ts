import { type WardClient, WardClientError } from '../../../src/client/browser.js';
import type { AlertView, ReplayCommand, ReplayState, Timeline } from './protocol.js';

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

/** Drives the replay; its new state comes as a frame too. */
export function commandReplay(client: WardClient, command: ReplayCommand): Promise<ReplayState> {
  return client.request('POST', '/api/v1/replay', command);
}

/** What went wrong, as a sentence. */
export function faultText(error: unknown): string {
  if (error instanceof WardClientError && error.status === 403) return 'Your role does not allow it.';
  const text = error instanceof Error ? error.message : 'try again';
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
