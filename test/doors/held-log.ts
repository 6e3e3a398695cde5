import type { OutgoingMessage } from '../../src/bus/bus.js';
import type { DeadLetterMessage, MessageOf } from '../../src/contract/messages.js';
import { TOPICS } from '../../src/contract/topics.js';
import { MessageCodec } from '../../src/events/codec.js';

const CODEC = new MessageCodec();

/** A log that does what a test says. */
export class HeldLog {
  readonly produced: { topic: string; messages: readonly OutgoingMessage[] }[] = [];
  work: () => Promise<void> = async () => undefined;

  async produce(topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
    await this.work();
    this.produced.push({ topic, messages });
  }

  /** What it has of a topic, in order. */
  of<Name extends keyof MessageOf>(topic: string, name: Name): MessageOf[Name][] {
    return this.#values(topic).map((value) => CODEC.decode(name, value) as MessageOf[Name]);
  }

  vitals() {
    return this.of(TOPICS.vitals, 'VitalSigns');
  }

  images() {
    return this.of(TOPICS.imaging, 'ImagingEvent');
  }

  deadLetters(): DeadLetterMessage[] {
    return this.#values(TOPICS.deadLetters).map(
      (value) => CODEC.decode('DeadLetter', value) as DeadLetterMessage,
    );
  }

  #values(topic: string): Buffer[] {
    return this.produced
      .filter((each) => each.topic === topic)
      .flatMap(({ messages }) => messages.map(({ value }) => value as Buffer));
  }
}
