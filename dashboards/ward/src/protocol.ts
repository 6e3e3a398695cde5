/**
 * The push protocol, version 1, as this page reads it. The server's own types are the only definition
 * (`src/server/protocol.ts`, described in docs/push-api.md); this is the one place where the page takes them from.
 */
export type {
  AlertAction,
  AlertMessage as AlertView,
  AlertState,
  Evidence,
  Priority,
} from '../../../src/events/messages.js';
export type { PatientView, ServerFrame, SubscribeFrame, ValueView } from '../../../src/server/protocol.js';
export { NOTICE, PROTOCOL_VERSION, SUBPROTOCOL } from '../../../src/server/protocol.js';
