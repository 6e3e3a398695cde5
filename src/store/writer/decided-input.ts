import type { Position } from '../../bus/bus.js';
import type { VerdictMessage } from '../../contract/messages.js';
import { TOPICS } from '../../contract/topics.js';
import type { RawRecord } from '../../events/record.js';

/** Input topics of which rows are made. Stays are told by the engine; what people do to alerts is in these. */
export const STORED_INPUT = [
  TOPICS.vitals,
  TOPICS.labs,
  TOPICS.treatments,
  TOPICS.imaging,
  TOPICS.notes,
] as const;

/** A topic of which so many messages wait in memory for the engine is not read on; half of it, and it is again. */
const MAX_HELD = 20_000;
const MAX_HELD_BYTES = 16 * 1_048_576;
/** Messages of which something is said and that are not read yet: beyond it, what is said is not read on. */
const MAX_AHEAD = 20_000;

/** Told of each message in the order of its topic, once the engine has decided on it, with all that it said of it. */
export type OnDecided = (record: RawRecord, said: readonly VerdictMessage[]) => void;

interface Held {
  records: RawRecord[];
  bytes: number;
  /** Next offset to be read; undefined before anything was. */
  next: number | undefined;
  /** All before is decided on. */
  through: number;
  /** What is before is not for this engine to decide on, and not written: NaN until it is known. */
  from: number;
  isPaused: boolean;
}

interface Said {
  readonly topic: string;
  readonly offset: number;
  readonly verdicts: VerdictMessage[];
  /** Offset in `ward.verdicts` of the first of them. */
  readonly at: number;
}

/**
 * One partition's input. A message waits until the engine says that it has decided on all before some later one: by then all that is to be
 * said of it has been read. The first that is said of a message stands.
 */
export class DecidedInput {
  readonly partition: number;
  readonly #held = new Map<string, Held>();
  readonly #said = new Map<string, Said>();
  readonly #onDecided: OnDecided;
  /** Where the newest word of how far the input is decided on stands. */
  #progressAt: number | undefined;
  #nextVerdict: number | undefined;

  /** `committedOf` says how far a topic was written before: then all that follows is to be; undefined where nothing was. */
  constructor(partition: number, committedOf: (topic: string) => number | undefined, onDecided: OnDecided) {
    this.partition = partition;
    this.#onDecided = onDecided;
    for (const topic of STORED_INPUT) {
      const next = committedOf(topic);
      const from = next === undefined ? Number.NaN : 0;
      this.#held.set(topic, { records: [], bytes: 0, next, through: 0, from, isPaused: false });
    }
  }

  /** Messages that wait for the engine. */
  get waiting(): number {
    return [...this.#held.values()].reduce((sum, { records }) => sum + records.length, 0);
  }

  /** Takes a message of an input topic. */
  add(record: RawRecord): void {
    const held = this.#held.get(record.topic) as Held;
    held.next = record.offset + 1;
    if (held.records.length === 0 && record.offset < held.through) {
      this.#decide(record, held);
      return;
    }
    held.records.push(record);
    held.bytes += record.end - record.start;
  }

  /** Takes what the engine said, at an offset of `ward.verdicts`. */
  note(verdict: VerdictMessage, at: number): void {
    this.#nextVerdict = at + 1;
    const { topic, offset, through } = verdict;
    if (through.length > 0) this.#advance(through, at);
    const held = this.#held.get(topic);
    // An engine that reads a message again says the same of it again, or something else where it had not kept what it knew.
    if (held === undefined || offset < Math.max(held.through, doneOf(held))) return;
    const key = keyOf(topic, offset);
    const said = this.#said.get(key);
    if (said === undefined) this.#said.set(key, { verdicts: [verdict], at, topic, offset });
    else said.verdicts.push(verdict);
  }

  /** The topic is read past what is no message, to before this offset. */
  passed(topic: string, offset: number): void {
    const held = this.#held.get(topic);
    if (held !== undefined) held.next = Math.max(offset, held.next ?? 0);
    else if (topic === TOPICS.verdicts) this.#nextVerdict = Math.max(offset, this.#nextVerdict ?? 0);
  }

  /** From where each topic is to be read again, should what is not decided on be forgotten. */
  positions(): Position[] {
    const { partition } = this;
    const positions: Position[] = [];
    for (const [topic, held] of this.#held) {
      // Before it is known what is to be written at all, nothing may be passed.
      if (!Number.isNaN(held.from))
        positions.push({ topic, partition, offset: Math.max(held.from, doneOf(held)) });
    }
    this.#forgetGone();
    const [oldest] = this.#said.values();
    const ends = [oldest?.at, this.#progressAt, this.#nextVerdict].filter((end) => end !== undefined);
    if (ends.length > 0) positions.push({ topic: TOPICS.verdicts, partition, offset: Math.min(...ends) });
    return positions;
  }

  /** Topics that are not to be read on for now: what waits must not fill the memory. */
  get paused(): string[] {
    const paused: string[] = [];
    for (const [topic, held] of this.#held) {
      const share = Math.max(held.records.length / MAX_HELD, held.bytes / MAX_HELD_BYTES);
      held.isPaused = share > (held.isPaused ? 0.5 : 1);
      if (held.isPaused) paused.push(topic);
    }
    // Where a topic waits for the engine, what that says is what it waits for.
    return paused.length === 0 && this.#said.size > MAX_AHEAD ? [TOPICS.verdicts] : paused;
  }

  /** What was said of messages that were gone before they could be read. */
  #forgetGone(): void {
    for (const [key, { topic, offset }] of this.#said) {
      if (offset >= doneOf(this.#held.get(topic) as Held)) return;
      this.#said.delete(key);
    }
  }

  #advance(through: VerdictMessage['through'], at: number): void {
    this.#progressAt = at;
    for (const { topic, from, offset } of through) {
      const held = this.#held.get(topic);
      if (held === undefined) continue;
      if (Number.isNaN(held.from)) held.from = from;
      held.through = Math.max(held.through, offset);
      let decided = 0;
      for (; decided < held.records.length; decided++) {
        const record = held.records[decided];
        if (record.offset >= held.through) break;
        held.bytes -= record.end - record.start;
        this.#decide(record, held);
      }
      if (decided > 0) held.records = held.records.slice(decided);
    }
  }

  #decide(record: RawRecord, { from }: Held): void {
    const key = keyOf(record.topic, record.offset);
    const said = this.#said.get(key);
    if (said !== undefined) this.#said.delete(key);
    if (record.offset >= from) this.#onDecided(record, said?.verdicts ?? NOTHING_SAID);
  }
}

const NOTHING_SAID: readonly VerdictMessage[] = [];

/** All before is decided on, or not there. */
function doneOf({ records, next }: Held): number {
  return records[0]?.offset ?? next ?? 0;
}

function keyOf(topic: string, offset: number): string {
  return `${topic}/${offset}`;
}
