import type { Clock } from '../clock.js';
import type { EpochMs } from '../events/event.js';
import type { RawRecord } from '../events/record.js';

/** Key of records that say a process has taken a partition over; no patient has it. */
export const CLAIM_KEY = '\u0000claim';

/** A message to be produced. The key is the patient id and decides the partition, unless that is given. */
export interface OutgoingMessage {
  readonly key: string;
  readonly partition?: number;
  /** Null, of a compacted topic: there is nothing of the key any more. */
  readonly value: Buffer | null;
  /** Of its writer's claim to the partition (`StateLog.epochOf`); left out where nobody asks. */
  readonly epoch?: number | undefined;
}

/** Records of one partition in the order of their log. */
export interface RecordBatch {
  /** The topic they come from, or `all` where the bus keeps one order across the topics of a partition. */
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly RawRecord[];
  /** How far its topics are read with it: also past what is no record, such as the marker of a transaction. */
  readonly positions: readonly Position[];
}

/** How far a topic is read, in time. */
export interface TopicProgress {
  readonly partition: number;
  readonly topic: string;
  /** All that was appended before and can be read has been handed over; −∞: not known yet. */
  readonly readThrough: EpochMs;
  /** All that was appended before has been; it stands still while an open transaction keeps records from being read. */
  readonly completeThrough: EpochMs;
  /** For how long, in milliseconds, answers have come for other topics and none for this one. */
  readonly silentMs: number;
  /** For how long, in milliseconds, it has been asked for and no answer has come; 0 where it is not asked for. */
  readonly unansweredMs: number;
}

/** Next offset to read of a topic-partition. */
export interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Kept beside the offset, for whoever reads on: ASCII, 3 000 characters at most. */
  readonly note?: string | undefined;
}

/** What a group has committed of a topic-partition. */
export interface Committed extends Pick<Position, 'offset' | 'note'> {
  /** It has committed nothing yet, and begins there. */
  readonly isNew?: boolean;
}

/** Who reads beside the engines, and from where. */
export interface Reader {
  /** Names its consumer group, which is another one than the engines'. */
  readonly group: string;
  /** Names it to people, as in `nobody reads it`. */
  readonly who: string;
  /**
   * Where its group has committed nothing, it reads what was appended from then on; from the end on where that is not finite. Asked
   * only then.
   */
  readonly since: () => Promise<EpochMs>;
  /** So many records before the committed offset are handed over again with each assignment, as far as they are there. */
  readonly lookBack: number;
}

/** Where the newest state of one patient stands in the log. */
export interface StatePlace {
  /** The patient id. */
  readonly key: string;
  readonly partition: number;
  readonly offset: number;
}

/** The newest state of one patient. */
export interface StateEntry extends StatePlace {
  readonly value: Buffer;
}

/** What the newest state of one patient becomes; null removes it. */
export interface StateChange {
  readonly key: string;
  readonly partition: number;
  readonly value: Buffer | null;
}

/** Part of a topic that has been read before: from what was appended at `since` on, to before the offset `until`. */
export interface Stretch {
  readonly topic: string;
  readonly partition: number;
  readonly since: number;
  readonly until: number;
}

/** The compacted topic in which the state of patients outlives the process. */
export interface StateLog {
  /**
   * Restores the partitions: gives of each of their keys what `take` makes of its newest state. It is called of older ones too,
   * and nothing but what it gives stays in memory. What a process that had the partitions before still writes, since it does not
   * know yet, counts for nothing from now on.
   */
  restore<Taken>(partitions: readonly number[], take: (entry: StateEntry) => Taken): Promise<Taken[]>;
  /** Resolves once they are in the log, with their places. Changes in partitions that are another process's by now are left out. */
  write(changes: readonly StateChange[]): Promise<StatePlace[]>;
  /** The states at these places; of those no longer there the newest. Those that are in the log no more are left out. */
  read(places: readonly StatePlace[]): Promise<StateEntry[]>;
  /**
   * The epoch of this process's newest claim to a partition: who takes it over later has a higher one. Undefined where the partition
   * is not this process's.
   */
  epochOf(partition: number): number | undefined;
  /**
   * Hands over again the input that state was made from, as far as it is still there: of each stretch in order, first
   * no record, and with its last ones `isDone`.
   */
  reread(
    stretches: readonly Stretch[],
    handle: (batch: RecordBatch, isDone: boolean) => Promise<void>,
  ): Promise<void>;
}

/** What the logs of some partitions are, as these are assigned. */
export interface LogState {
  /** Tells a topic from another of the same name that was made after it; undefined where the bus cannot tell. */
  idOf(topic: string): string | undefined;
  /** The offset that the next record gets; undefined where that is not known for now. */
  endOf(topic: string, partition: number): number | undefined;
  /** What the group has committed, or where another reader than the engines begins; undefined where that is of another log. */
  committed?(topic: string, partition: number): Committed | undefined;
  /** Told of an offset that was found to be of another log. */
  tellAnother?(topic: string, partition: number, offset: number): void;
}

/** What a consumer is told. Calls come one at a time, each after the promise of the one before. */
export interface RecordHandler {
  /**
   * Partitions that this process reads from now on, and the topics of each; called before anything of theirs is handed over, and the
   * first time also where they are none.
   */
  assigned(partitions: readonly number[], topics: readonly string[], logs?: LogState): Promise<void>;
  /** Also called without records, where positions moved on. */
  batch(batch: RecordBatch): Promise<void>;
  /** Partitions that another process reads from now on: what is known of their patients is void. */
  revoked(partitions: readonly number[]): Promise<void>;
  /**
   * The partitions are about to be shared anew. What can be finished and committed within seconds is best finished now: once this resolves
   * others may read on from what is committed. Comes whenever it does, also during another call.
   */
  releasing?(): Promise<void>;
  /** They are shared: `revoked` and `assigned` have told what changed. */
  shared?(): void;
  /** Reading has ended for good. */
  failed(error: Error): void;
}

/** A running subscription. */
export interface Consumer {
  /**
   * Marks everything before the positions as done. False where that could not be noted, since the bus is away or the
   * group is rebalancing: it is to be tried again with the next positions.
   */
  commit(positions: readonly Position[]): Promise<boolean>;
  /** Commits again what is committed. False where this process may have lost its partitions without having been told. */
  recommit(): Promise<boolean>;
  /**
   * The same as far as it is known without asking: false once the group has not answered for a session's time. Left out where
   * there is no group.
   */
  isMember?(): boolean;
  /** How far each topic of the partitions is read. */
  progress(): TopicProgress[];
  /** From now on these topics of the partition are not read; those named before and not now are read again. */
  pause(partition: number, topics: readonly string[]): void;
  close(): Promise<void>;
}

/** A record as who reads without a group is given it. */
export interface TailRecord {
  readonly offset: number;
  readonly key: string;
  /** Null: there is nothing of the key any more. */
  readonly value: Buffer | null;
  /** Its writer's; left out where it said none. */
  readonly epoch?: number | undefined;
}

/** Some records of a partition in order, and the offset that is read next. */
export interface TailBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly TailRecord[];
  readonly next: number;
}

/** From where a partition is read, and where it ended then. */
export interface TailStart {
  readonly from: number;
  readonly end: number;
}

/** What who reads without a group is told. Nothing waits for it. */
export interface TailHandler {
  /**
   * The topic is read, each partition from its place on. Told before any of its records; and again where it was made anew, or what was
   * to be read next is gone: what was read of it before is void.
   */
  begun(topic: string, id: string, partitions: readonly TailStart[]): void;
  batch(batch: TailBatch): void;
}

/** All partitions of some topics, read without a group. */
export interface Tail {
  /** Partitions that have been read to where they ended when the reading began, and all of them. */
  readonly progress: { readonly partitions: number; readonly of: number };
  close(): Promise<void>;
}

/** Which topic is read, and from where: its beginning, or so many records before the end of each partition. */
export interface TailOf {
  readonly topic: string;
  readonly from: 'beginning' | number;
}

/** A stretch of a partition; what of it is gone is before `from`. */
export interface TailStretch {
  readonly from: number;
  readonly records: readonly TailRecord[];
}

/** A log that everybody can read all of, without a group. */
export interface OpenLog {
  /** As `produce`; gives the offset of each message, NaN of one that was dropped. */
  append(topic: string, messages: readonly OutgoingMessage[]): Promise<readonly number[]>;
  /** Reads all partitions of topics that are there; every reader is given everything. */
  tail(topics: readonly TailOf[], handler: TailHandler): Promise<Tail>;
  /** What the partition still has from the one offset to before the other; left out, to its end. */
  read(topic: string, partition: number, from: number, to?: number): Promise<TailStretch>;
}

export interface TopicDescription {
  readonly name: string;
  readonly partitions: number;
}

/** Where messages belong, and among how many partitions. */
export interface Home {
  readonly partition: number;
  readonly partitions: number;
}
/** Where a patient's messages of a topic belong; null where that is not known. */
export type HomeOf = (topic: string, patientId: string) => Home | null;

/** The log between the ward and the engine. A handler that is slow slows the source. */
export interface EventBus {
  readonly name: string;
  /** What is wrong with it now, where it can tell. */
  readonly troubles?: { readonly faults: readonly string[] } | undefined;
  /** Where state is kept; null where it lives and dies with the process, as the bus does. */
  readonly state: StateLog | null;
  /** Where a message with this key goes in the topics of ours; left out where all go out together. */
  readonly partitionOf?: (key: string) => number;
  /** Left out where the bus itself puts each message where it belongs; else producers may do otherwise. */
  readonly homeOf?: HomeOf;
  /** Makes the topics that are missing and returns their names. @throws WardstreamError `WS_BUS` where one differs. */
  createTopics(topics: readonly string[]): Promise<string[]>;
  listTopics(): Promise<TopicDescription[]>;
  /** Resolves once the messages are in the log. */
  produce(topic: string, messages: readonly OutgoingMessage[]): Promise<void>;
  /** Reads as an engine, or as another `reader`. `clock` shows the time by which the progress of reading is told. */
  consume(
    topics: readonly string[],
    handler: RecordHandler,
    clock: Clock,
    reader?: Reader,
  ): Promise<Consumer>;
  close(): Promise<void>;
}
