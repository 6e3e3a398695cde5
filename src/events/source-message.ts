import type { EpochMs } from './event.js';
import type { MessageOf } from './messages.js';
import type { InputTopic } from './topics.js';

/** A message of history. */
export interface SourceMessage {
  readonly topic: InputTopic;
  /** The patient id. */
  readonly key: string;
  readonly eventTime: EpochMs;
  /** What it says; or its bytes, where it was recorded from a bus. */
  readonly record: MessageOf[keyof MessageOf] | Buffer;
}
