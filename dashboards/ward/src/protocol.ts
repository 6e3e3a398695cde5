/**
 * The protocol as this page reads it. The server's own types are the only definition (`src/server/protocol.ts`,
 * described in docs/push-api.md); this is the one place where the page takes them from.
 */
export type {
  AlertMessage as AlertView,
  AlertState,
  Evidence,
  Priority,
} from '../../../src/events/messages.js';
export type {
  ActionRequest as Act,
  AlertEventsResponse,
  AlertsResponse,
  CatchingUpView,
  Explanation,
  ImagesResponse,
  ImageView,
  NotesResponse,
  NoteView,
  PatientView,
  ReplayCommand,
  ReplayState,
  Series,
  ServerFrame,
  SubscribeFrame,
  Timeline,
  ValueView,
} from '../../../src/server/protocol.js';
export { NOTICE, PROTOCOL_VERSION, SUBPROTOCOL } from '../../../src/server/protocol.js';
