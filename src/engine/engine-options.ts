import type { TechnicalNotices } from '../alerts/notices.js';
import type { EventBus } from '../bus/bus.js';
import type { Clock } from '../clock.js';
import type { SchemaRegistry } from '../events/codec.js';
import type { Config } from '../settings/config.js';
import type { Sink } from './outputs.js';

export interface EngineOptions {
  readonly config: Config;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly sinks: readonly Sink[];
  /** By default the one that is configured. */
  readonly registry?: SchemaRegistry | undefined;
  /** Told what goes on working, but not as configured. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Where parts of the process tell what is wrong; by default the engine has its own. */
  readonly notices?: TechnicalNotices | undefined;
  /** Whether alerts come with their reasons, some forty rows of the model each; by default they do. */
  readonly explainsAlerts?: boolean;
  /** False: nothing is foretold of anybody, and only what comes in counts. By default the model is asked. */
  readonly asksModel?: boolean | undefined;
  /** Whether what is wrong at a bed is told to staff; by default only live, since in history there is no bed to go to. */
  readonly watchesBeds?: boolean | undefined;
  /** Whether it is told that a bed's vital signs have ceased; by default only live. */
  readonly watchesFeeds?: boolean | undefined;
}
