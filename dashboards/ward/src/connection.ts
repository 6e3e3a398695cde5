import type { AlertMessage } from '../../../src/events/messages.js';
import type { PatientView, ServerFrame } from '../../../src/server/protocol.js';

/** What the page shows. */
export interface Ward {
  readonly connected: boolean;
  /** Event time of the stream, ms since the epoch. */
  readonly clock: number;
  readonly patients: ReadonlyMap<string, PatientView>;
  readonly alerts: ReadonlyMap<string, AlertMessage>;
  readonly modelVersion: string;
}

export const NO_WARD: Ward = {
  connected: false,
  clock: 0,
  patients: new Map(),
  alerts: new Map(),
  modelVersion: '',
};

/** Without a frame for this long (heartbeats come every 2 s) the connection counts as lost. */
const SILENCE_MS = 5000;
const MAX_BACKOFF_MS = 10_000;
const TOKEN_KEY = 'wardstream-token';

/** The access token from the address (`#token=…`), kept for the session and removed from the address bar. */
export function takeToken(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given !== null) {
    sessionStorage.setItem(TOKEN_KEY, given);
    history.replaceState(null, '', location.pathname);
  }
  return sessionStorage.getItem(TOKEN_KEY);
}

/** Keeps the ward up to date; reconnects with growing, jittered waits and resumes after the last alert seen. */
export function connect(token: string, onWard: (ward: Ward) => void): void {
  let ward = NO_WARD;
  let cursor: number | undefined;
  let attempts = 0;
  const update = (change: Partial<Ward>) => {
    ward = { ...ward, ...change };
    onWard(ward);
  };

  const open = () => {
    const address = `${location.origin.replace(/^http/, 'ws')}/ws`;
    const socket = new WebSocket(address, ['wardstream.v1', `bearer.${token}`]);
    let silence = setTimeout(() => socket.close(), SILENCE_MS);
    socket.onmessage = ({ data }) => {
      clearTimeout(silence);
      silence = setTimeout(() => {
        update({ connected: false });
        socket.close();
      }, SILENCE_MS);
      attempts = 0;
      const frame = JSON.parse(String(data)) as ServerFrame;
      if (frame.type === 'hello') {
        socket.send(JSON.stringify({ type: 'subscribe', wards: ['*'], resumeFrom: cursor }));
      }
      if (frame.type === 'alert' || frame.type === 'snapshot') cursor = frame.cursor;
      update({ ...applyFrame(ward, frame), connected: true });
    };
    socket.onclose = () => {
      clearTimeout(silence);
      update({ connected: false });
      const wait = Math.min(MAX_BACKOFF_MS, 500 * 2 ** attempts++);
      setTimeout(open, wait * (0.5 + Math.random() / 2));
    };
  };
  open();
}

/** Acknowledges an alert; the answer comes as an alert frame. */
export async function acknowledge(alertId: string): Promise<void> {
  const headers = {
    authorization: `Bearer ${sessionStorage.getItem(TOKEN_KEY)}`,
    'content-type': 'application/json',
  };
  const response = await fetch(`/api/v1/alerts/${alertId}/acknowledge`, {
    method: 'POST',
    headers,
    body: '{}',
  });
  if (!response.ok) throw new Error(`the alert could not be acknowledged (${response.status})`);
}

function applyFrame(ward: Ward, frame: ServerFrame): Partial<Ward> {
  switch (frame.type) {
    case 'hello':
      return { modelVersion: frame.modelVersion };
    case 'snapshot':
      return {
        clock: frame.clock,
        patients: new Map(frame.patients.map((each) => [each.patientId, each])),
        alerts: new Map(frame.alerts.map((each) => [each.alertId, each])),
      };
    case 'patients': {
      const patients = new Map(ward.patients);
      for (const patient of frame.patients) patients.set(patient.patientId, patient);
      return { clock: frame.clock, patients };
    }
    case 'discharged': {
      const patients = new Map(ward.patients);
      patients.delete(frame.patientId);
      return { patients };
    }
    case 'alert': {
      const alerts = new Map(ward.alerts);
      if (frame.alert.state === 'RESOLVED') alerts.delete(frame.alert.alertId);
      else alerts.set(frame.alert.alertId, frame.alert);
      return { alerts };
    }
    case 'heartbeat':
      return { clock: frame.clock };
  }
}
