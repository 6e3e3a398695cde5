import type { Reader } from './bus.js';
import { type KafkaBusConfig, patiently } from './kafka-client.js';
import { judge, type KafkaWatch, type ReadPosition, type Survey } from './kafka-watch.js';
import type { Admin } from './kafkajs/index.js';

/** A topic-partition that is read from another offset than the committed one. */
export interface OffsetReset {
  /** On the cluster. */
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
}

export interface PlacesOptions {
  readonly admin: Admin;
  readonly config: KafkaBusConfig;
  readonly watch: KafkaWatch;
  /** As they are called on the cluster. */
  readonly topics: readonly string[];
  readonly signal: AbortSignal;
  /** Undefined for the engines. */
  readonly reader?: Reader | undefined;
}

/** What is committed of a topic-partition. */
interface CommittedPosition extends ReadPosition {
  readonly note: string | undefined;
}

/** The id of the topic, and after a space the note of who reads, if there is one. */
export function metadataOf(topicId: string | undefined, note: string | undefined): string | null {
  return note === undefined ? (topicId ?? null) : `${topicId ?? ''} ${note}`;
}

/** Where a membership reads each topic-partition on: what is committed, unless that is an offset of another topic that had the name. */
export class Places {
  readonly #options: PlacesOptions;
  /** By topic on the cluster: which one the offsets of this membership are of. */
  readonly #topicIds = new Map<string, string | undefined>();
  /** By topic on the cluster and partition. */
  readonly #resets = new Map<string, OffsetReset>();

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  idOf(topic: string): string | undefined {
    return this.#topicIds.get(topic);
  }

  /** What is read from elsewhere than the committed offset. */
  get resets(): OffsetReset[] {
    return [...this.#resets.values()];
  }

  /** Where a topic-partition is read from whatever is committed; undefined where that counts. */
  fromOf(topic: string, partition: number): number | undefined {
    return this.#resets.get(`${topic}/${partition}`)?.from;
  }

  /** What is committed is an offset of this topic from now on, or others read the partition. */
  forget(topic: string, partition: number): void {
    this.#resets.delete(`${topic}/${partition}`);
  }

  /**
   * What the topics are as the partitions are assigned, and what of them is not read from the committed offset: from its beginning, where
   * that is of another topic, or of an end that is lost; and as the reader asks.
   */
  async assign(partitions: readonly number[]): Promise<Survey> {
    const { config, watch, topics, signal } = this.#options;
    const names = topics.map((topic) => topic.slice(config.topicPrefix.length));
    const survey = await patiently(() => watch.survey(names), signal);
    for (const topic of names) {
      const before = this.#topicIds.get(config.topicPrefix + topic);
      const now = survey.idOf(topic);
      this.#topicIds.set(config.topicPrefix + topic, now);
      // With a topic brokers delete what is committed of it: what was read before is known here only.
      if (before === undefined || now === undefined || before === now) continue;
      for (const partition of partitions) {
        watch.tell({ topic, partition, next: -1, topicId: before }, 'another-log', survey);
      }
    }
    const begins = new Map<string, Promise<ReadonlyMap<number, number>>>();
    for (const position of await this.committed(partitions)) {
      const { topic: name, partition } = position;
      const ends = survey.endsOf(name, partition);
      const verdict = judge(position, survey.idOf(name), ends);
      watch.tell(position, verdict, survey);
      const low = ends?.low ?? 0;
      const from = verdict === 'another-log' ? low : await this.#from(position, low, begins);
      if (verdict !== 'another-log') this.#keep(survey, position, from);
      if (from === position.next) continue;
      const topic = config.topicPrefix + name;
      this.#resets.set(`${topic}/${partition}`, { topic, partition, from });
    }
    return survey;
  }

  #keep(survey: Survey, { topic, partition, next, note }: CommittedPosition, from: number): void {
    if (next >= 0) survey.keep(topic, partition, { offset: next, note });
    else if (from >= 0) survey.keep(topic, partition, { offset: from, isNew: true });
  }

  /** Where the reader wants a good position to be read from; the position itself where it wants nothing else. */
  async #from(
    { topic, partition, next }: CommittedPosition,
    low: number,
    begins: Map<string, Promise<ReadonlyMap<number, number>>>,
  ): Promise<number> {
    const { reader } = this.#options;
    if (reader === undefined) return next;
    if (next >= 0) return Math.max(low, next - reader.lookBack);
    const asked = begins.get(topic) ?? this.#beginsOf(topic, reader);
    begins.set(topic, asked);
    return (await asked).get(partition) ?? low;
  }

  /** Where the reader begins with each partition of a topic of which nothing is committed. */
  async #beginsOf(topic: string, reader: Reader): Promise<ReadonlyMap<number, number>> {
    const { admin, config, signal } = this.#options;
    const since = await reader.since();
    const name = config.topicPrefix + topic;
    const offsets = await patiently(async () => {
      return Number.isFinite(since)
        ? admin.fetchTopicOffsetsByTimestamp(name, Math.max(0, since))
        : (await admin.fetchTopicOffsets(name)).map((each) => ({ ...each, offset: each.high }));
    }, signal);
    return new Map(offsets.map(({ partition, offset }) => [partition, Number(offset)]));
  }

  async committed(partitions: readonly number[]): Promise<CommittedPosition[]> {
    const { admin, config, topics, signal } = this.#options;
    const { groupId, topicPrefix } = config;
    const committed = await patiently(() => admin.fetchOffsets({ groupId, topics: [...topics] }), signal);
    return committed.flatMap(({ topic, partitions: all }) =>
      all
        .filter(({ partition }) => partitions.includes(partition))
        .map(({ partition, offset, metadata }) => {
          const [topicId, note] = (metadata ?? '').split(' ');
          return {
            topic: topic.slice(topicPrefix.length),
            partition,
            next: Number(offset),
            topicId: topicId || undefined,
            note,
          };
        }),
    );
  }
}
