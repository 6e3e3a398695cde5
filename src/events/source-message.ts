import type { MessageOf } from '../contract/messages.js';
import type { InputTopic } from '../contract/topics.js';
import type { EpochMs } from './event.js';

/** A message of history. */
export interface SourceMessage {
  readonly topic: InputTopic;
  /** The patient id. */
  readonly key: string;
  readonly eventTime: EpochMs;
  /** What it says; or its bytes, where it was recorded from a bus. */
  readonly record: MessageOf[keyof MessageOf] | Buffer;
}
