import type { Deliverer } from '../deliverer.js';
import type { DoorContext } from '../door.js';
import { acknowledgement, answerCode } from './answer.js';
import { textOf } from './charset.js';
import { CodeBook } from './codes.js';
import type { Block } from './framing.js';
import { type Hl7Message, messagesIn, Unreadable } from './message.js';
import type { Sender } from './sender.js';
import { translate } from './translate.js';
import type { Translation } from './translation.js';

/** A message of a block, and what comes out of it. */
export interface ReadMessage {
  readonly read: Hl7Message | Unreadable;
  readonly translation: Translation;
  /** MSA-1 of its answer, by which messages are counted. */
  readonly code: string;
  /** For its sender. */
  readonly answer: string;
  /** As it came. */
  readonly bytes: Buffer;
}

const FAULTS = {
  cut: 'the message is cut off: no end of the block came',
  oversized: 'the message is larger than maxMessageBytes',
} as const;

/** Reads blocks of one sender. */
export class Hl7Reader {
  readonly #sender: Sender;
  readonly #codes: CodeBook;
  readonly #maxFutureSkewMs: number;

  constructor(sender: Sender, maxFutureSkewMs: number) {
    this.#sender = sender;
    this.#codes = new CodeBook(sender);
    this.#maxFutureSkewMs = maxFutureSkewMs;
  }

  /** Each message of a block. Never throws. */
  *read({ bytes, fault }: Block, now: number): Generator<ReadMessage> {
    const sender = this.#sender;
    const options = { sender, codes: this.#codes, now, maxFutureSkewMs: this.#maxFutureSkewMs };
    const messages = messagesIn(textOf(bytes, sender.encoding));
    for (const [index, { text, read }] of messages.entries()) {
      const isLast = index === messages.length - 1;
      const translation =
        fault !== null && isLast
          ? translate(new Unreadable(FAULTS[fault]), options)
          : translate(read, options);
      const own = messages.length === 1 ? bytes : Buffer.from(text, 'utf8');
      const code = answerCode(read, translation, sender);
      const answer = acknowledgement(read, translation, code, now);
      yield { read, translation, code, answer, bytes: own };
    }
  }
}

/** Takes a block: all of it is in the log once this resolves, with the answers to its messages. Rejects where the log does not take it. */
export async function receive(
  block: Block,
  door: string,
  parts: { readonly reader: Hl7Reader; readonly deliverer: Deliverer; readonly context: DoorContext },
): Promise<string[]> {
  const { reader, deliverer, context } = parts;
  const answers: string[] = [];
  for (const { read, translation, code, answer, bytes } of reader.read(block, context.clock.now())) {
    const meter = context.meters.of(door, read instanceof Unreadable ? '' : read.sender);
    await deliverer.deliver(translation, { bytes, meter });
    const { used, unmapped, ignored, rejected } = translation.counts;
    meter.values.used += used;
    meter.values.unmapped += unmapped;
    meter.values.ignored += ignored;
    meter.values.rejected += rejected;
    meter.answers.set(code, (meter.answers.get(code) ?? 0) + 1);
    answers.push(answer);
  }
  return answers;
}
