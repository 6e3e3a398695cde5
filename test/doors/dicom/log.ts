import { onTestFinished } from 'vitest';
import type { OutgoingMessage } from '../../../src/bus/bus.js';
import type { DeadLetterMessage, ImagingMessage } from '../../../src/contract/messages.js';
import { TOPICS } from '../../../src/contract/topics.js';
import type { Door, DoorContext } from '../../../src/doors/door.js';
import { DoorMeters } from '../../../src/doors/meters.js';
import { MessageCodec } from '../../../src/events/codec.js';
import { DEFAULT_LIMITS, parseConfig } from '../../../src/settings/config.js';
import type { DoorConfig } from '../../../src/settings/doors.js';

const CODEC = new MessageCodec();
export const NOW = Date.UTC(2026, 2, 4, 12);

/** A log that does what a test says. */
export class TestLog {
  readonly produced: { topic: string; messages: readonly OutgoingMessage[] }[] = [];
  work: () => Promise<void> = async () => undefined;

  async produce(topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
    await this.work();
    this.produced.push({ topic, messages });
  }

  images(): ImagingMessage[] {
    return this.#of(TOPICS.imaging).map((value) => CODEC.decode('ImagingEvent', value) as ImagingMessage);
  }

  deadLetters(): DeadLetterMessage[] {
    return this.#of(TOPICS.deadLetters).map(
      (value) => CODEC.decode('DeadLetter', value) as DeadLetterMessage,
    );
  }

  #of(topic: string): Buffer[] {
    return this.produced
      .filter((each) => each.topic === topic)
      .flatMap(({ messages }) => messages.map(({ value }) => value as Buffer));
  }
}

/** Opens a door over a log of its own, until the test ends. */
export async function openDoor<Config extends DoorConfig>(
  settings: object,
  open: (config: Config, context: DoorContext) => Promise<Door>,
) {
  const [config] = parseConfig({ doors: [{ port: 0, name: 'pictures', ...settings }] }).doors;
  const clock = { now: () => NOW, live: true };
  const bus = new TestLog();
  const meters = new DoorMeters(clock);
  const warnings: string[] = [];
  const onWarning = (message: string) => void warnings.push(message);
  const door = await open(config as Config, { bus, clock, limits: DEFAULT_LIMITS, meters, onWarning });
  onTestFinished(() => door.close());
  return { door, bus, meters, warnings, port: Number(new URL(door.address).port) };
}
