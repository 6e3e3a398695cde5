import type { EventBus } from '../bus/bus.js';
import type { Clock } from '../clock.js';
import type { Rejection } from '../events/dead-letter.js';
import type { SourceMessage } from '../events/source-message.js';
import type { Part } from '../parts.js';
import type { Config } from '../settings/config.js';
import type { DoorMeters } from './meters.js';

/**
 * A way by which the hospital's systems bring messages in. A door turns what it receives into the input schemas, produces it, and
 * acknowledges it to the sender only once the log has it; while the log has no room it takes no more. It knows nothing of the engine.
 */
export interface Door extends Part {
  readonly name: string;
  /** Where it is reached, for people: mllp://127.0.0.1:2575. */
  readonly address: string;
}

/** What a door is given. */
export interface DoorContext {
  readonly bus: Pick<EventBus, 'produce'>;
  readonly clock: Clock;
  readonly limits: Config['limits'];
  readonly meters: DoorMeters;
  readonly onWarning: (message: string) => void;
}

/** A code that nothing is known of. */
export interface Unmapped {
  readonly code: string;
  /** What the sender calls it. */
  readonly text: string;
  /** A value that came under it, with its unit. */
  readonly example: string;
}

/** What a received message comes to. */
export interface Delivery {
  /** In the order in which they are to be produced. Their ids are the same when the message is sent again. */
  readonly messages: SourceMessage[];
  /** What cannot be used. */
  readonly rejections: Rejection[];
  readonly unmapped: readonly Unmapped[];
}
