import { onTestFinished } from 'vitest';
import type { OutgoingMessage } from '../../src/bus/bus.js';
import type { DeadLetterMessage, MessageOf } from '../../src/contract/messages.js';
import { TOPICS } from '../../src/contract/topics.js';
import type { Door } from '../../src/doors/door.js';
import type { HttpContext } from '../../src/doors/http/http-door.js';
import { DoorProblem } from '../../src/doors/http/problem.js';
import { DoorMeters } from '../../src/doors/meters.js';
import { MessageCodec } from '../../src/events/codec.js';
import { DEFAULT_LIMITS } from '../../src/settings/config.js';

/** The clock of tests of doors. */
export const NOW = Date.UTC(2026, 0, 14, 9, 30);

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

/** A door, what it is given, and what came of it. Tokens are names of senders; `nobody` is none. */
export async function openDoor(open: (context: HttpContext) => Promise<Door>) {
  const bus = new HeldLog();
  const clock = { now: () => NOW, live: true };
  const meters = new DoorMeters(clock);
  const warnings: string[] = [];
  const admit: HttpContext['admit'] = async ({ headers }) => {
    const subject = /^Bearer (\w+)$/.exec(headers.authorization ?? '')?.[1] ?? 'nobody';
    if (subject === 'nobody') throw new DoorProblem(401, 'a valid access token is needed');
    return { subject };
  };
  const onWarning = (message: string) => void warnings.push(message);
  const door = await open({ bus, clock, limits: DEFAULT_LIMITS, meters, onWarning, admit });
  onTestFinished(() => door.close());
  return { door, bus, meters, warnings, url: door.address };
}
