import type { Consumer, EventBus, Position, RecordHandler, StateEntry, StateLog } from '../../src/bus/bus.js';
import type { RawRecord } from '../../src/events/record.js';

/** How far the topics of partition 0 are read with these records. */
export function positionsOf(records: readonly RawRecord[]): Position[] {
  const next = new Map(records.map(({ topic, offset }) => [topic, offset + 1]));
  return [...next].map(([topic, offset]) => ({ topic, partition: 0, offset }));
}

/** A state log in memory that outlives an engine, and a bus of one partition over it. */
export class LoggedBus implements EventBus {
  readonly name = 'logged';
  readonly state: StateLog;
  handler: RecordHandler | null = null;
  /** How many single records were read back. */
  reads = 0;

  readonly #committed: Map<string, number>;

  /** Both outlive the bus. */
  constructor(log: StateEntry[], committed = new Map<string, number>()) {
    this.#committed = committed;
    this.state = {
      restore: async (_, take) => {
        const newest = new Map(log.map((entry) => [entry.key, entry]));
        return [...newest.values()].map(take);
      },
      write: async (changes) =>
        changes.flatMap(({ key, partition, value }) => {
          if (value === null) return [];
          const place = { key, partition, offset: log.length };
          log.push({ ...place, value });
          return [place];
        }),
      epochOf: () => 1,
      read: async (places) => {
        this.reads += places.length;
        return places.map(({ offset }) => log[offset]);
      },
      reread: async () => {
        throw new Error('nothing is to be read again');
      },
    };
  }

  async consume(_: readonly string[], handler: RecordHandler): Promise<Consumer> {
    this.handler = handler;
    await handler.assigned([0], ['all']);
    return {
      commit: async (positions) => {
        for (const { topic, offset } of positions) this.#committed.set(topic, offset);
        return true;
      },
      recommit: async () => true,
      progress: () => [],
      pause: () => undefined,
      close: async () => undefined,
    };
  }

  createTopics = async () => [];
  listTopics = async () => [];
  produce = async () => undefined;
  close = async () => undefined;
}
