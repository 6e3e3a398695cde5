import type { Committed, LogState } from './bus.js';
import type { KafkaBusConfig } from './kafka-client.js';
import type { Admin, PartitionMetadata } from './kafkajs/index.js';
import type { Troubles } from './troubles.js';

/** How often the topics are looked at. */
const EVERY_MS = 5000;
/** What has happened, and is no state that ends, is shown for so long. */
const SHOWN_MS = 3_600_000;

/** Where a log begins and ends: offsets of the oldest record and of the next one. */
interface Ends {
  readonly low: number;
  readonly high: number;
}

/** A topic-partition and where it is read on from. */
export interface ReadPosition {
  /** Without the prefix of the deployment. */
  readonly topic: string;
  readonly partition: number;
  readonly next: number;
  /** Of the topic that was read until now; undefined where that is not known. */
  readonly topicId: string | undefined;
}

/** What becomes of a position: it is good, the records behind it are gone, or the log is another one by now. */
export type Verdict = 'good' | 'lost' | 'another-log';

/**
 * What becomes of a position in a log of that id and those ends. A position beyond the end is one of another log, also where brokers
 * give no ids; without them a log made anew that has outgrown the position is not told.
 */
export function judge(
  position: Pick<ReadPosition, 'next' | 'topicId'>,
  id: string | undefined,
  ends: Ends | undefined,
): Verdict {
  const { next, topicId } = position;
  if (topicId !== undefined && id !== undefined && topicId !== id) return 'another-log';
  // Nothing of it was read.
  if (next < 0 || ends === undefined) return 'good';
  if (next > ends.high) return 'another-log';
  return next < ends.low ? 'lost' : 'good';
}

/** What the input topics are at a moment. */
export class Survey implements LogState {
  readonly #topics: ReadonlyMap<string, readonly PartitionMetadata[]>;
  readonly #ends: ReadonlyMap<string, Ends>;
  readonly #tell: (position: ReadPosition, survey: Survey) => void;
  readonly #committed = new Map<string, Committed>();

  constructor(
    topics: ReadonlyMap<string, readonly PartitionMetadata[]>,
    ends: ReadonlyMap<string, Ends>,
    tell: (position: ReadPosition, survey: Survey) => void = () => undefined,
  ) {
    this.#topics = topics;
    this.#ends = ends;
    this.#tell = tell;
  }

  tellAnother(topic: string, partition: number, next: number): void {
    this.#tell({ topic, partition, next, topicId: undefined }, this);
  }

  partitionsOf(topic: string): readonly PartitionMetadata[] {
    return this.#topics.get(topic) ?? [];
  }

  idOf(topic: string): string | undefined {
    return this.partitionsOf(topic)[0]?.topicId;
  }

  endsOf(topic: string, partition: number): Ends | undefined {
    return this.#ends.get(`${topic}/${partition}`);
  }

  endOf(topic: string, partition: number): number | undefined {
    return this.endsOf(topic, partition)?.high;
  }

  committed(topic: string, partition: number): Committed | undefined {
    return this.#committed.get(`${topic}/${partition}`);
  }

  /** What the group has committed, found good. */
  keep(topic: string, partition: number, committed: Committed): void {
    this.#committed.set(`${topic}/${partition}`, committed);
  }
}

/** Looks after the topics of a subscription: whether all of them is read, and whether they are still the same. */
export class KafkaWatch {
  readonly #admin: Admin;
  readonly #config: KafkaBusConfig;
  readonly #troubles: Troubles;
  /** Who reads; null for the engines, whose topics are the input. */
  readonly #who: string | null;
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;
  /** Up to where records that are gone have been counted, by topic and partition. */
  readonly #counted = new Map<string, number>();
  /** Records that were gone before they were read. */
  lost = 0;

  constructor(admin: Admin, config: KafkaBusConfig, troubles: Troubles, who: string | null = null) {
    this.#admin = admin;
    this.#config = config;
    this.#troubles = troubles;
    this.#who = who;
  }

  /** Looks every few seconds; `anew` is called with topics that are not those that were read. */
  start(topics: readonly string[], positions: () => readonly ReadPosition[], anew: () => void): void {
    this.#timer = setInterval(() => {
      if (this.#isLooking) return;
      this.#isLooking = true;
      this.#look(topics, positions, anew)
        // A broker that does not answer is told of by those who read and write.
        .catch(() => undefined)
        .finally(() => {
          this.#isLooking = false;
        });
    }, EVERY_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#closing.abort();
  }

  /** What the topics are now. What has no leader has no ends. */
  async survey(topics: readonly string[]): Promise<Survey> {
    const { topicPrefix } = this.#config;
    const names = topics.map((topic) => topicPrefix + topic);
    const described = await this.#admin.fetchTopicMetadata({ topics: names });
    const known = new Map<string, readonly PartitionMetadata[]>();
    const ends = new Map<string, Ends>();
    for (const { name, partitions } of described.topics) {
      const topic = name.slice(topicPrefix.length);
      known.set(topic, partitions);
      for (const { partition, low, high } of await this.#admin.fetchTopicOffsets(name)) {
        if (low !== undefined && high !== undefined) {
          ends.set(`${topic}/${partition}`, { low: Number(low), high: Number(high) });
        }
      }
    }
    return new Survey(known, ends, (position, of) => this.tell(position, 'another-log', of));
  }

  /** Says and counts what has become of positions that are not good any more. */
  tell({ topic, partition, next }: ReadPosition, verdict: Verdict, survey: Survey): void {
    const key = `${topic}/${partition}`;
    const ends = survey.endsOf(topic, partition);
    if (verdict === 'another-log') {
      const where = `partition ${partition} of ${topic}`;
      const read = next > 0 ? `it was read to ${next}` : 'it was read before';
      const what = `was made anew, or its end was lost: ${read} and ends at ${ends?.high ?? 'an unknown place'}`;
      this.#show({
        kind: 'topic-made-anew',
        subject: this.#subject(key),
        priority: 'HIGH',
        detail: `${where} ${what}. What is in it is read from its beginning; find out who deleted it${this.#says(', and send again what was in it')}`,
      });
      this.#counted.delete(key);
      return;
    }
    if (verdict === 'good' || ends === undefined) return;
    const from = Math.max(next, this.#counted.get(key) ?? 0);
    if (from >= ends.low) return;
    this.#counted.set(key, ends.low);
    this.lost += ends.low - from;
    this.#show({
      kind: 'input-lost',
      subject: this.#subject(key),
      priority: 'HIGH',
      detail:
        `partition ${partition} of ${topic}: ${ends.low - from} messages were deleted before they were read (up to offset ${ends.low}). ` +
        `Raise retention.ms of the topic${this.#says(', and have the interfaces send again what was charted then')}`,
    });
  }

  async #look(
    topics: readonly string[],
    positions: () => readonly ReadPosition[],
    anew: () => void,
  ): Promise<void> {
    // As of before the ends are asked: what is read meanwhile is no sign of another log.
    const before = positions();
    const survey = await this.survey(topics);
    if (this.#closing.signal.aborted) return;
    for (const topic of topics) this.#lookAt(topic, survey.partitionsOf(topic));
    let isAnother = false;
    for (const position of before) {
      const { topic, partition } = position;
      const verdict = judge(position, survey.idOf(topic), survey.endsOf(topic, partition));
      this.tell(position, verdict, survey);
      isAnother ||= verdict === 'another-log';
    }
    if (isAnother) anew();
  }

  #lookAt(topic: string, partitions: readonly PartitionMetadata[]): void {
    const troubles = this.#troubles;
    const { partitions: configured } = this.#config;
    const unled = partitions
      .filter(({ leader }) => leader < 0)
      .map(({ partitionId }) => partitionId)
      .sort((a, b) => a - b);
    if (partitions.length > 0) troubles.clear('topic-gone', this.#subject(topic));
    else {
      troubles.raise({
        kind: 'topic-gone',
        subject: this.#subject(topic),
        priority: 'HIGH',
        detail: `the topic ${topic} is not there any more: nobody's ${topic} is read${this.#says()}. Make it again (wardstream topics create)`,
        stopsInput: this.#isInput,
      });
    }
    if (partitions.length <= configured) troubles.clear('partitions-added', this.#subject(topic));
    else {
      troubles.raise({
        kind: 'partitions-added',
        subject: this.#subject(topic),
        priority: 'HIGH',
        detail:
          `the topic ${topic} has ${partitions.length} partitions and only the first ${configured} (bus.partitions) are read: ` +
          `${this.#isInput ? 'patients in the others are not watched' : `what is in the others is not read${this.#says()}`}. ` +
          'Give every topic as many, set bus.partitions to that, and restart all processes at once; patients whose ' +
          'partition changes begin without their past',
        stopsInput: this.#isInput,
      });
    }
    if (unled.length === 0) troubles.clear('input-unled', this.#subject(topic));
    else {
      troubles.raise({
        kind: 'input-unled',
        subject: this.#subject(topic),
        priority: 'HIGH',
        detail: `no broker leads partitions ${unled.join(', ')} of ${topic}: what comes in there is not read${this.#says()}. Bring the broker back`,
        stopsInput: this.#isInput,
      });
    }
  }

  #subject(of: string): string {
    return this.#who === null ? of : `${this.#who} ${of}`;
  }

  get #isInput(): boolean {
    return this.#who === null;
  }

  /** Whom it concerns: the words for input, else the name of the reader. */
  #says(input = ''): string {
    return this.#who === null ? input : ` by ${this.#who}`;
  }

  #show(trouble: Parameters<Troubles['raise']>[0]): void {
    this.#troubles.raise(trouble);
    setTimeout(() => this.#troubles.clear(trouble.kind, trouble.subject), SHOWN_MS).unref();
  }
}
