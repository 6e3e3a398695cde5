/**
 * The protocol as this page reads it. The server's own types are the only definition (`src/contract/protocol.ts`,
 * described in docs/push-api.md); this is the one place where the page takes them from.
 */
export type { AlertMessage as AlertView } from '../../../src/contract/messages.js';
export type { Priority } from '../../../src/contract/priorities.js';
export type {
  ActionRequest as Act,
  CatchingUpView,
  DoubtView,
  Explanation,
  ImageView,
  MarkedValue,
  NoteView,
  PatientView,
  ReplayCommand,
  ReplayState,
  Series,
  ServerFrame,
  StateSpan,
  Timeline,
  ValueView,
} from '../../../src/contract/protocol.js';
export { NOTICE, PROTOCOL_VERSION } from '../../../src/contract/protocol.js';
