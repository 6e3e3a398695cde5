import type { NoticeBoard } from '../alerts/notices.js';
import type { TailBatch, TailStart } from '../bus/bus.js';
import { Fence } from '../bus/fence.js';
import type { EngineNowMessage } from '../contract/now-messages.js';
import type { NotPresent } from '../engine/behind.js';
import { DecodeFailure, type MessageCodec } from '../events/codec.js';

/** Of whom nothing has been heard for so long, nobody reads their partitions: they say so every 2 s. */
const SILENT_MS = 6000;
/** A gateway that begins waits so long for those of whom it has heard nothing yet. */
const BEGIN_MS = 10_000;
/** So long between two looks this process stood still itself, and others may have spoken. */
const STILL_MS = 3000;
/** An engine of before heartbeats is there as long as it writes of patients. */
const EARLIER_MS = 60_000;
const NOTICE = 'engine-away';

/** How it stands with a partition; `waiting`: nothing has been heard of it yet. */
export type PartitionState = 'waiting' | 'restoring' | 'live' | NotPresent['cause'];
export const PARTITION_STATES: readonly PartitionState[] = [
  'waiting',
  'restoring',
  'live',
  'behind',
  'unread',
];

interface Heard {
  readonly now: EngineNowMessage;
  /** When it came, on the monotonic clock; null: it was there before us. */
  readonly at: number | null;
}

export interface EngineWatchOptions {
  readonly codec: MessageCodec;
  readonly notices: NoticeBoard;
  readonly onWarning: (message: string) => void;
  /** A monotonic clock, in milliseconds. */
  readonly passed?: () => number;
}

/** What the engines say of themselves on `ward.engines`, and which partitions nobody reads. */
export class EngineWatch {
  readonly #options: EngineWatchOptions;
  readonly #passed: () => number;
  readonly #heard = new Map<number, Heard>();
  readonly #fence = new Fence();
  readonly #states = new Map<number, PartitionState>();
  /** When something of a partition's patients came last. */
  readonly #written = new Map<number, number>();
  /** Engines that are told to be away. */
  readonly #away = new Set<string>();
  /** Partitions that have been the present since we began. */
  readonly #known = new Set<number>();
  #ends: readonly number[] = [];
  /** From when on silence counts. */
  #since: number;
  #lookedAt: number;

  constructor(options: EngineWatchOptions) {
    this.#options = options;
    this.#passed = options.passed ?? (() => performance.now());
    this.#since = this.#passed();
    this.#lookedAt = this.#since;
  }

  begun(partitions: readonly TailStart[]): void {
    this.#ends = partitions.map(({ end }) => end);
    this.#fence.clear();
    this.#heard.clear();
    for (const partition of partitions.keys())
      if (!this.#states.has(partition)) this.#states.set(partition, 'waiting');
  }

  batch({ partition, records }: TailBatch): void {
    for (const { offset, value } of records) {
      const now = value === null ? null : this.#options.codec.decode('EngineNow', value);
      if (now === null || now instanceof DecodeFailure || !this.#fence.passes(partition, now.epoch)) continue;
      const isOld = offset < (this.#ends[partition] ?? 0);
      this.#heard.set(partition, { now, at: isOld ? null : this.#passed() });
      if (!isOld) this.#set(partition, stateOf(now));
    }
  }

  /** Something of a patient has been written to the partition. */
  noteWritten(partition: number): void {
    if (!this.#heard.has(partition)) this.#written.set(partition, this.#passed());
  }

  stateOf(partition: number): PartitionState {
    return this.#states.get(partition) ?? 'waiting';
  }

  /** Why what is known of a partition's patients is not the present; null where it is. */
  notPresent(partition: number): NotPresent | null {
    const state = this.stateOf(partition);
    if (state === 'live') return null;
    const cause = state === 'unread' ? 'unread' : 'behind';
    return { cause, since: this.#heard.get(partition)?.now.readThrough ?? null };
  }

  /** Whether what is known of the partition's patients is, or has been, the present: it is not while an engine takes them over. */
  isKnown(partition: number): boolean {
    return this.#known.has(partition) && this.stateOf(partition) !== 'restoring';
  }

  /** Partitions by how it stands with them. */
  counts(): Map<PartitionState, number> {
    const counts = new Map(PARTITION_STATES.map((state) => [state, 0]));
    for (const state of this.#states.values()) counts.set(state, (counts.get(state) ?? 0) + 1);
    return counts;
  }

  /** Partitions that nobody reads, in words; null where there are none. */
  get fault(): string | null {
    const unread = [...this.#states].flatMap(([partition, state]) => (state === 'unread' ? partition : []));
    return unread.length === 0 ? null : `no engine reads partitions ${unread.join(', ')}`;
  }

  /** Looks for partitions that nobody reads; to be called every second. `isRead`: what engines say is read at all. */
  look(isRead: boolean): void {
    const passed = this.#passed();
    // Who hears nothing, or stood still, knows nothing of the others.
    if (!isRead || passed - this.#lookedAt > STILL_MS) this.#since = Math.max(this.#since, passed);
    this.#lookedAt = passed;
    const silent: number[] = [];
    for (const partition of this.#states.keys()) {
      const isSilent = isRead && this.#isSilent(partition, passed);
      if (isSilent) silent.push(partition);
      if (isSilent || !isRead) this.#set(partition, 'unread');
    }
    if (isRead) this.#tell(silent);
  }

  /** Until then it is as it was. */
  #isSilent(partition: number, passed: number): boolean {
    const heard = this.#heard.get(partition);
    const written = this.#written.get(partition) ?? Number.NEGATIVE_INFINITY;
    if (heard === undefined && passed - written < EARLIER_MS) {
      this.#set(partition, 'live');
      return false;
    }
    const at = heard?.at ?? null;
    return passed - Math.max(at ?? this.#since, this.#since) > (at === null ? BEGIN_MS : SILENT_MS);
  }

  #set(partition: number, state: PartitionState): void {
    if (state === 'live' || state === 'behind') this.#known.add(partition);
    this.#states.set(partition, state);
  }

  /** One notice for each engine that is away, by the partitions that it had. */
  #tell(silent: readonly number[]): void {
    const away = new Map<string, number[]>();
    for (const partition of silent) {
      const engine = this.#heard.get(partition)?.now.engine ?? '';
      away.set(engine, [...(away.get(engine) ?? []), partition]);
    }
    for (const [engine, partitions] of away) this.#raise(engine, partitions);
    for (const engine of this.#away) {
      if (away.has(engine)) continue;
      this.#away.delete(engine);
      this.#options.notices.clear(NOTICE, engine);
      this.#options.onWarning(`${NOTICE} (${engine}): its partitions are read again`);
    }
  }

  #raise(engine: string, partitions: readonly number[]): void {
    if (this.#away.has(engine)) return;
    this.#away.add(engine);
    const which = partitions.join(', ');
    const patients = partitions.reduce((sum, each) => sum + (this.#heard.get(each)?.now.patients ?? 0), 0);
    const who = engine === '' ? 'No engine has been heard of' : `Nothing has been heard of engine ${engine}`;
    const what = `${who} for ${SILENT_MS / 1000} s: nobody reads partitions ${which}, with ${patients} patients`;
    this.#options.onWarning(`${NOTICE}: ${what}`);
    const detail = `${what}. They are not watched: look at the bedside monitors, and tell who runs Wardstream. Another engine takes them over by itself where there is one.`;
    this.#options.notices.raise({ kind: NOTICE, subject: engine, priority: 'HIGH', detail });
  }
}

/** Of a version that knows other states, it is not the present for all that is known. */
function stateOf({ state }: EngineNowMessage): PartitionState {
  return PARTITION_STATES.find((each) => each === state) ?? 'behind';
}
