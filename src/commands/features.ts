import { mkdirSync } from 'node:fs';
import { DEFAULT_LIMITS } from '../config.js';
import { EventDecoder } from '../engine/decode.js';
import { MessageCodec } from '../events/codec.js';
import type { ClinicalEvent } from '../events/event.js';
import { exportFeatures } from '../features/export.js';
import { openSource } from '../replay/open.js';
import { bytesOf } from '../replay/source.js';

export interface FeaturesOptions {
  readonly from: string;
  readonly out: string;
  readonly patients?: number;
}

/** Steps the structured model sees: 48 of one hour. */
const GRID = { stepMs: 3_600_000, steps: 48 };
const CHUNK = 4096;

/** `wardstream features`: writes the training input that the serving code computes from a source. */
export function features(options: FeaturesOptions): Promise<{ stays: number; features: number }> {
  mkdirSync(options.out, { recursive: true });
  return exportFeatures(() => decodedEvents(options), GRID, options.out);
}

/** The source's messages through the real codec and validation, in chunks. */
async function* decodedEvents(options: FeaturesOptions): AsyncGenerator<ClinicalEvent[]> {
  const codec = new MessageCodec();
  const decoder = new EventDecoder(codec, DEFAULT_LIMITS);
  let events: ClinicalEvent[] = [];
  for await (const message of openSource(options.from, options.patients).messages()) {
    const { topic, eventTime } = message;
    const value = bytesOf(message, codec);
    const event = decoder.decode({ topic, partition: 0, offset: 0, value }, eventTime);
    decoder.takeDeadLetters();
    const isMomentOver = events.length > 0 && events[events.length - 1].eventTime < eventTime;
    if (events.length >= CHUNK && isMomentOver) {
      yield events;
      events = [];
    }
    if (event !== null) events.push(event);
  }
  yield events;
}
