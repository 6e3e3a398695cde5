import type { AlertView } from './protocol.js';

const TIMEOUT_MS = 8000;

/** What a person does about an alert. */
export type Act =
  | { readonly action: 'ACKNOWLEDGE' }
  | { readonly action: 'SNOOZE'; readonly minutes: number; readonly reason: string }
  | { readonly action: 'ESCALATE'; readonly reason?: string }
  | { readonly action: 'COMMENT'; readonly reason: string };

/** Sends an action; the alert's new state comes as an alert frame. Throws an Error that says what to do. */
export async function act(token: string, alertId: string, what: Act): Promise<void> {
  const path = `/api/v1/alerts/${encodeURIComponent(alertId)}/actions`;
  const body = JSON.stringify(what);
  const response = await request(token, path, { method: 'POST', body });
  if (response.status === 404) throw new Error('Not done: this alert is no longer open.');
  if (response.status === 403) throw new Error('Not done: your role does not allow it.');
  if (!response.ok) throw new Error(`Not done: the server answered ${response.status}. Try again.`);
}

/** The newest state of the newest alerts, resolved ones too, newest first. */
export async function recentAlerts(token: string, limit: number): Promise<readonly AlertView[]> {
  const { alerts } = await get<{ alerts: AlertView[] }>(token, `/api/v1/alerts?limit=${limit}`);
  return alerts;
}

async function get<Body>(token: string, path: string): Promise<Body> {
  const response = await request(token, path, {});
  if (!response.ok) throw new Error(`The server answered ${response.status}.`);
  return (await response.json()) as Body;
}

async function request(token: string, path: string, init: RequestInit): Promise<Response> {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  try {
    return await fetch(path, { ...init, headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    throw new Error('The server did not answer. Try again.');
  }
}

/** Every record of an alert, oldest first. */
export async function alertEvents(token: string, alertId: string): Promise<readonly AlertView[]> {
  const path = `/api/v1/alerts/${encodeURIComponent(alertId)}/events`;
  return (await get<{ events: AlertView[] }>(token, path)).events;
}
