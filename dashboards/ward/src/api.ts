import type {
  Act,
  AlertEventsResponse,
  AlertsResponse,
  AlertView,
  Explanation,
  ImagesResponse,
  ImageView,
  NotesResponse,
  NoteView,
  ReplayCommand,
  Timeline,
} from './protocol.js';

const TIMEOUT_MS = 8000;

/** Sends an action; the alert's new state comes as an alert frame. Throws an Error that says what to do. */
export async function act(token: string, alertId: string, what: Act): Promise<void> {
  const path = `/api/v1/alerts/${encodeURIComponent(alertId)}/actions`;
  const response = await request(token, path, { method: 'POST', body: JSON.stringify(what) });
  if (response.status === 404) throw new Error('Not done: this alert is no longer open.');
  if (response.status === 403) throw new Error('Not done: your role does not allow it.');
  if (!response.ok) throw new Error(`Not done: the server answered ${response.status}. Try again.`);
}

/** The newest resolved alerts, newest first. */
export async function resolvedAlerts(token: string, limit: number): Promise<readonly AlertView[]> {
  const { alerts } = await get<AlertsResponse>(token, `/api/v1/alerts?open=false&limit=${limit}`);
  return alerts;
}

async function get<Body>(token: string, path: string): Promise<Body> {
  const response = await request(token, path, {});
  if (!response.ok) throw new Error(await faultOf(response));
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
  return (await get<AlertEventsResponse>(token, path)).events;
}

/** The course of a patient over the `hours` up to `until`; null: up to now. */
export function readTimeline(
  token: string,
  patientId: string,
  hours: number,
  until: number | null,
): Promise<Timeline> {
  const end = until === null ? '' : `&until=${Math.round(until)}`;
  return get<Timeline>(token, `${patientPath(patientId)}/timeline?hours=${hours.toFixed(3)}${end}`);
}

/** Why the newest score is what it is. */
export function readExplanation(token: string, patientId: string): Promise<Explanation> {
  return get<Explanation>(token, `${patientPath(patientId)}/explanation`);
}

/** A patient's notes, newest first. */
export async function readNotes(token: string, patientId: string): Promise<readonly NoteView[]> {
  return (await get<NotesResponse>(token, `${patientPath(patientId)}/notes`)).notes;
}

/** A patient's images, newest first, without their bytes. */
export async function readImages(token: string, patientId: string): Promise<readonly ImageView[]> {
  return (await get<ImagesResponse>(token, `${patientPath(patientId)}/images`)).images;
}

/** The bytes of an image. */
export async function readImage(token: string, patientId: string, imageId: string): Promise<Blob> {
  const response = await request(
    token,
    `${patientPath(patientId)}/images/${encodeURIComponent(imageId)}`,
    {},
  );
  if (!response.ok) throw new Error(await faultOf(response));
  return response.blob();
}

function patientPath(patientId: string): string {
  return `/api/v1/patients/${encodeURIComponent(patientId)}`;
}

/** What the server says was wrong. */
async function faultOf(response: Response): Promise<string> {
  const problem: unknown = await response.json().catch(() => null);
  const isProblem = typeof problem === 'object' && problem !== null && 'detail' in problem;
  if (!isProblem) return `The server answered ${response.status}.`;
  const detail = String(problem.detail);
  return `${detail.charAt(0).toUpperCase()}${detail.slice(1)}.`;
}

/** Drives the replay; its new state comes as a frame. Throws an Error that says what was wrong. */
export async function commandReplay(token: string, command: ReplayCommand): Promise<void> {
  const response = await request(token, '/api/v1/replay', { method: 'POST', body: JSON.stringify(command) });
  if (!response.ok) throw new Error(await faultOf(response));
}
