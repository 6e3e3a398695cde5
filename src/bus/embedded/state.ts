import { TOPICS } from '../../contract/topics.js';
import type { RecordBatch, StateChange, StateEntry, StateLog, StatePlace, Stretch } from '../bus.js';
import type { EmbeddedLog } from './log.js';
import type { LogRecord } from './record.js';
import { MAX_BATCH, rawRecord } from './subscription.js';

/** The topic `ward.state`. The directory belongs to one process, so nobody else can write to it. */
export class EmbeddedStateLog implements StateLog {
  readonly #log: EmbeddedLog;
  readonly #epochs = new Map<number, number>();

  constructor(log: EmbeddedLog) {
    this.#log = log;
  }

  async restore<Taken>(partitions: readonly number[], take: (entry: StateEntry) => Taken): Promise<Taken[]> {
    const taken: Taken[] = [];
    for (const partition of partitions) {
      // What is written meanwhile is written by this process: a later one finds the end at least there.
      this.#epochs.set(partition, (this.#log.endOf(TOPICS.state, partition) ?? 0) + 1);
      for (const record of this.#log.all(TOPICS.state, partition)) {
        const entry = entryOf(partition, record);
        if (entry !== null) taken.push(take(entry));
      }
    }
    return taken;
  }

  async write(changes: readonly StateChange[]): Promise<StatePlace[]> {
    if (changes.length === 0) return [];
    const offsets = await this.#log.append(TOPICS.state, changes);
    return changes.flatMap(({ key, partition, value }, index) =>
      value === null ? [] : [{ key, partition, offset: offsets[index] }],
    );
  }

  async read(places: readonly StatePlace[]): Promise<StateEntry[]> {
    return places.flatMap(({ key, partition, offset }) => {
      const there = this.#log.at(TOPICS.state, partition, offset);
      const record = there ?? this.#log.newestOf(TOPICS.state, partition, key);
      return (record === undefined ? null : entryOf(partition, record)) ?? [];
    });
  }

  epochOf(partition: number): number | undefined {
    return this.#epochs.get(partition);
  }

  async reread(
    stretches: readonly Stretch[],
    handle: (batch: RecordBatch, isDone: boolean) => Promise<void>,
  ): Promise<void> {
    for (const { topic, partition, since, until } of stretches) {
      const to = Math.min(until, this.#log.endOf(topic, partition) ?? 0);
      const batch = { topic, partition, positions: [] };
      let from = this.#log.offsetAt(topic, partition, since);
      await handle({ ...batch, records: [] }, from >= to);
      while (from < to) {
        const records = this.#log.read(topic, partition, from, MAX_BATCH).filter(({ offset }) => offset < to);
        from = (records.at(-1)?.offset ?? to) + 1;
        await handle(
          { ...batch, records: records.map((each) => rawRecord(topic, partition, each)) },
          from >= to,
        );
      }
    }
  }
}

function entryOf(partition: number, { key, offset, value }: LogRecord): StateEntry | null {
  return value === null ? null : { key, partition, offset, value };
}
