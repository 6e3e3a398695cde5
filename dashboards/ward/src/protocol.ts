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
export type { PatientView, ServerFrame, ValueView } from '../../../src/server/protocol.js';
export { NOTICE, SUBPROTOCOL } from '../../../src/server/protocol.js';

/** The `version` of `hello` that this page understands. */
export const PROTOCOL_VERSION = 1;

/** The only frame a client sends. */
export interface SubscribeFrame {
  readonly type: 'subscribe';
  /** Ward ids; `*` is every ward. */
  readonly wards: readonly string[];
  /** The cursor of the last alert seen; left out the first time. */
  readonly resumeFrom?: number;
}
