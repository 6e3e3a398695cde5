import type { AlertMessage } from '../events/messages.js';

/** The push protocol, version 1: JSON text frames on `/ws`. Described in docs/push-api.md. */

export interface ValueView {
  /** In the variable's canonical unit. */
  value: number;
  unit: string;
  /** Event time it was observed. */
  at: number;
}

export interface PatientView {
  patientId: string;
  stayId: string;
  wardId: string | null;
  bedId: string | null;
  admittedAt: number;
  lastEventAt: number;
  ageYears: number | null;
  sex: string | null;
  /** Null until the first score. */
  risk: number | null;
  riskAt: number | null;
  /** Risk now minus risk about an hour earlier. */
  riskTrend: number;
  /** [event time, risk], oldest first, at most 60. */
  riskHistory: [number, number][];
  news2: number | null;
  news2Missing: readonly string[];
  qsofa: number | null;
  values: Record<string, ValueView>;
  /** Nothing has arrived for 15 minutes of the stream's clock. */
  stale: boolean;
}

export type ServerFrame =
  | { type: 'hello'; version: 1; server: 'wardstream'; modelVersion: string; notice: string }
  | { type: 'snapshot'; cursor: number; clock: number; patients: PatientView[]; alerts: AlertMessage[] }
  | { type: 'patients'; clock: number; patients: PatientView[] }
  | { type: 'discharged'; patientId: string }
  | { type: 'alert'; cursor: number; alert: AlertMessage }
  | { type: 'heartbeat'; clock: number };

export const NOTICE = 'Decision support under evaluation. Not a cleared medical device.';

/** WebSocket close codes of our own. */
export const CLOSE = { protocolError: 4400, tooSlow: 4408 } as const;
export const SUBPROTOCOL = 'wardstream.v1';
