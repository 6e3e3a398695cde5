import { type KafkaBusConfig, patiently } from './kafka-client.js';
import { judge, type KafkaWatch, type ReadPosition, type Survey } from './kafka-watch.js';
import type { Admin } from './kafkajs/index.js';

/** A lane that is read from another place than what is committed. */
export interface AnewLane {
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
}

/** Where a membership reads on, lane by lane: what is committed, unless that is an offset of another topic that had the name. */
export class Places {
  readonly #options: PlacesOptions;
  /** By topic on the cluster: which one the offsets of this membership are of. */
  readonly #topicIds = new Map<string, string | undefined>();
  /** By topic on the cluster and partition. */
  readonly #anew = new Map<string, AnewLane>();

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  idOf(topic: string): string | undefined {
    return this.#topicIds.get(topic);
  }

  /** Lanes that are read from elsewhere than what is committed. */
  get anew(): AnewLane[] {
    return [...this.#anew.values()];
  }

  /** Where a lane is read from whatever is committed; undefined where that counts. */
  fromOf(topic: string, partition: number): number | undefined {
    return this.#anew.get(`${topic}/${partition}`)?.from;
  }

  /** What is committed of the lane is an offset of it from now on, or the lane is read by others. */
  forget(topic: string, partition: number): void {
    this.#anew.delete(`${topic}/${partition}`);
  }

  /**
   * What the topics are as the partitions are assigned, and the lanes of these that are read from their beginning, since their committed offset is
   * of another topic, or of an end that is lost.
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
    for (const position of await this.committed(partitions)) {
      const { topic: name, partition } = position;
      const ends = survey.endsOf(name, partition);
      const verdict = judge(position, survey.idOf(name), ends);
      watch.tell(position, verdict, survey);
      if (verdict !== 'another-log') continue;
      const topic = config.topicPrefix + name;
      this.#anew.set(`${topic}/${partition}`, { topic, partition, from: ends?.low ?? 0 });
    }
    return survey;
  }

  async committed(partitions: readonly number[]): Promise<ReadPosition[]> {
    const { admin, config, topics, signal } = this.#options;
    const { groupId, topicPrefix } = config;
    const committed = await patiently(() => admin.fetchOffsets({ groupId, topics: [...topics] }), signal);
    return committed.flatMap(({ topic, partitions: all }) =>
      all
        .filter(({ partition }) => partitions.includes(partition))
        .map(({ partition, offset, metadata }) => ({
          topic: topic.slice(topicPrefix.length),
          partition,
          next: Number(offset),
          topicId: metadata || undefined,
        })),
    );
  }
}
