import { LRUCache } from 'lru-cache';
import type { OutgoingMessage } from '../bus/bus.js';
import { RECORD_OF_TOPIC, TOPICS } from '../contract/topics.js';
import { MessageCodec } from '../events/codec.js';
import { DeadLetterLimit, hashId, MessageRejections } from '../events/dead-letter.js';
import type { SourceMessage } from '../events/source-message.js';
import type { Delivery, DoorContext } from './door.js';
import type { SenderMeter } from './meters.js';

/** Ids of messages that the log has, remembered: a monitor that repeats its last cuff pressure every second sends one message. */
const MOST_IDS = 100_000;

/** What came in, as it came. */
export interface Received {
  readonly bytes: Buffer;
  readonly meter: SenderMeter;
}

/** Brings what a door has made of messages to the log: the way of all doors. */
export class Deliverer {
  readonly #door: string;
  readonly #context: DoorContext;
  readonly #codec = new MessageCodec();
  readonly #limit: DeadLetterLimit;
  readonly #delivered = new LRUCache<string, true>({ max: MOST_IDS });
  /** The last delivery of a patient that is under way. */
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(door: string, context: DoorContext) {
    this.#door = door;
    this.#context = context;
    this.#limit = new DeadLetterLimit(context.limits.deadLetters);
  }

  /**
   * Resolves once the log has all of it; rejects where it does not take it: then nothing is known of it, and the sender sends it
   * again. What is of one patient goes in the order of the calls, whichever connection it came by.
   */
  async deliver(delivery: Delivery, received: Received): Promise<void> {
    const keys = new Set(delivery.messages.map(({ key }) => key));
    const before = [...keys].map((key) => this.#underWay.get(key));
    const work = Promise.allSettled(before).then(() => this.#deliver(delivery, received));
    const settled = work.catch(() => undefined);
    for (const key of keys) this.#underWay.set(key, settled);
    try {
      await work;
    } finally {
      for (const key of keys) if (this.#underWay.get(key) === settled) this.#underWay.delete(key);
    }
  }

  async #deliver(delivery: Delivery, received: Received): Promise<void> {
    const { meter } = received;
    const isNew = ({ key, record }: SourceMessage) => !this.#delivered.has(idOf(key, record));
    const messages = delivery.messages.filter(isNew);
    await this.#produce(messages);
    await this.#setAside(delivery, received);
    for (const { key, record, eventTime } of messages) {
      this.#delivered.set(idOf(key, record), true);
      if (!(meter.lastEventTime >= eventTime)) meter.lastEventTime = eventTime;
    }
    meter.repeated += delivery.messages.length - messages.length;
  }

  async #produce(messages: readonly SourceMessage[]): Promise<void> {
    let run: OutgoingMessage[] = [];
    for (let index = 0; index < messages.length; index++) {
      const { topic, key, record } = messages[index];
      run.push({ key, value: this.#codec.encode(RECORD_OF_TOPIC[topic], record as never) });
      if (messages[index + 1]?.topic === topic) continue;
      await this.#context.bus.produce(topic, run);
      run = [];
    }
  }

  /** Dead letters of what cannot be used; of a code that nothing is known of, with the first message that has it. */
  async #setAside({ rejections, unmapped }: Delivery, { bytes, meter }: Received): Promise<void> {
    const told = new MessageRejections();
    for (const rejection of rejections) told.add(rejection);
    const { meters } = this.#context;
    for (const code of unmapped) {
      if (!meters.addUnmapped(this.#door, meter.sender, code)) continue;
      const detail = `nothing is known of code ${code.code} (${code.text}), e.g. ${code.example}`;
      told.add({ reason: 'unknown-code', detail, patientId: null, eventTime: null, index: -1 });
    }
    if (told.isEmpty) return;
    const place = { topic: `door:${this.#door}`, partition: 0, offset: 0 };
    const content = hashId(this.#door, bytes.toString('latin1'));
    const letters = told.take(place, bytes).map((letter) => {
      return { ...letter, deadLetterId: hashId(content, letter.reason) };
    });
    meter.deadLetters += letters.length;
    const kept = this.#limit.keep(letters, this.#context.clock.now());
    if (kept.length === 0) return;
    const values = kept.map((letter) => ({
      key: letter.patientId ?? letter.deadLetterId,
      value: this.#codec.encode('DeadLetter', letter),
    }));
    await this.#context.bus.produce(TOPICS.deadLetters, values);
  }
}

function idOf(patientId: string, record: SourceMessage['record']): string {
  return `${patientId}\n${(record as { messageId: string }).messageId}`;
}
