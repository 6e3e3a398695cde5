import type { z } from 'zod';
import type * as schemas from './schemas.js';

/**
 * What the HTTP API and the push protocol, version 1, say: types of `schemas.ts`, without its checks, so that a browser
 * can have them for nothing. Described in docs/push-api.md.
 */

export type ValueView = z.infer<typeof schemas.valueSchema>;
export type DoubtView = z.infer<typeof schemas.doubtSchema>;
export type NotLiveView = z.infer<typeof schemas.notLiveSchema>;
export type MarkedValue = z.infer<typeof schemas.markedValueSchema>;
export type StateSpan = z.infer<typeof schemas.stateSpanSchema>;
export type PatientView = z.infer<typeof schemas.patientSchema>;
export type Problem = z.infer<typeof schemas.problemSchema>;
export type Session = z.infer<typeof schemas.sessionSchema>;
export type PatientsResponse = z.infer<typeof schemas.patientsSchema>;
export type PatientResponse = z.infer<typeof schemas.patientDetailSchema>;
export type Series = z.infer<typeof schemas.seriesSchema>;
export type Timeline = z.infer<typeof schemas.timelineSchema>;
export type NoteMark = z.infer<typeof schemas.noteMarkSchema>;
export type NoteView = z.infer<typeof schemas.noteSchema>;
export type NotesResponse = z.infer<typeof schemas.notesSchema>;
export type Finding = z.infer<typeof schemas.findingSchema>;
export type ImageView = z.infer<typeof schemas.imageSchema>;
export type ImagesResponse = z.infer<typeof schemas.imagesSchema>;
export type Explanation = z.infer<typeof schemas.explanationSchema>;
export type Alert = z.infer<typeof schemas.alertSchema>;
export type AlertsResponse = z.infer<typeof schemas.alertsSchema>;
export type AlertEventsResponse = z.infer<typeof schemas.alertEventsSchema>;
export type ActionRequest = z.infer<typeof schemas.actionSchema>;
export type ScoresResponse = z.infer<typeof schemas.scoresSchema>;
export type ModelsResponse = z.infer<typeof schemas.modelsSchema>;
export type DepartureReason = z.infer<typeof schemas.departureReasonSchema>;
export type CatchingUpView = z.infer<typeof schemas.catchingUpSchema>;
export type ReplayEvent = z.infer<typeof schemas.replayEventSchema>;
export type ReplayState = z.infer<typeof schemas.replayStateSchema>;
export type ReplayCommand = z.infer<typeof schemas.replayCommandSchema>;

/** The only frame a client sends. */
export type SubscribeFrame = z.infer<typeof schemas.subscribeSchema>;
export type ServerFrame = z.infer<typeof schemas.serverFrameSchema>;

export const PROTOCOL_VERSION = 1;
export const NOTICE = 'Decision support under evaluation. Not a cleared medical device.';

/** WebSocket close codes of our own. */
export const CLOSE = {
  /** Not now, for a reason that passes: reconnect later (IANA, WebSocket close codes). */
  tryAgain: 1013,
  /** A frame that is not of the protocol; reconnecting with the same frame would not help. */
  protocolError: 4400,
  /** The token has expired or is not accepted: get a new one. */
  unauthorized: 4401,
  /** The token does not allow what was subscribed. */
  forbidden: 4403,
  /** Too slow for alerts: reconnect and resume. */
  tooSlow: 4408,
  /** Too many frames, or too many connections. */
  tooMany: 4429,
} as const;
export const SUBPROTOCOL = 'wardstream.v1';
