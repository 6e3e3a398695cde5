import type { EventBus } from '../bus/bus.js';
import type { Clock } from '../clock.js';
import { TOPICS } from '../contract/topics.js';
import type { MessageCodec } from '../events/codec.js';
import type { Engine } from './engine.js';
import type { Epochs } from './epochs.js';
import type { PatientsSink } from './patients-sink.js';

/** How often an engine says that it is there. */
const BEAT_MS = 2000;

export interface HeartbeatOptions {
  readonly bus: Pick<EventBus, 'produce'>;
  readonly codec: MessageCodec;
  readonly clock: Clock;
  /** Names the engine. */
  readonly name: string;
  readonly engine: Pick<Engine, 'partitions' | 'presence'>;
  readonly epochs: Pick<Epochs, 'of'>;
  readonly patients: Pick<PatientsSink, 'count' | 'mend'>;
  /** Told in words why nothing can be written, once. */
  readonly onTrouble: (message: string) => void;
}

/**
 * Says on `ward.engines` how it stands with each partition that this engine reads, about every 2 s: who shows the ward knows from it
 * which partitions nobody reads. Of a partition that takes nothing one record waits, not more.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #writing = new Set<number>();
  #hasTold = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.beat(), BEAT_MS);
  }

  /** Writes of all partitions at once. */
  async beat(): Promise<void> {
    const { engine } = this.#options;
    await Promise.all([...engine.partitions].map((partition) => this.#beat(partition)));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
  }

  async #beat(partition: number): Promise<void> {
    if (this.#writing.has(partition)) return;
    this.#writing.add(partition);
    try {
      await this.#write(partition);
    } catch (error) {
      if (!this.#hasTold) this.#options.onTrouble(`${TOPICS.engines} takes nothing: ${String(error)}`);
      this.#hasTold = true;
    } finally {
      this.#writing.delete(partition);
    }
  }

  async #write(partition: number): Promise<void> {
    const { bus, codec, clock, name, engine, epochs, patients } = this.#options;
    const epoch = await epochs.of(partition);
    // It may be another engine's by now, which says how it stands.
    if (epoch === null || !engine.partitions.has(partition)) return;
    const now = engine.presence.of(partition);
    const said = { engine: name, partition, epoch, time: Math.round(clock.now()), ...now };
    const value = codec.encode('EngineNow', { ...said, patients: patients.count(partition) });
    await bus.produce(TOPICS.engines, [{ key: String(partition), partition, value }]);
    if (now.state === 'live') void patients.mend(partition);
  }
}
