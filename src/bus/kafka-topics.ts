import { setTimeout as sleep } from 'node:timers/promises';
import { RETENTION_MS, TOPICS } from '../contract/topics.js';
import { HOUR_MS } from '../durations.js';
import { WardstreamError } from '../errors.js';
import type { TopicDescription } from './bus.js';
import type { KafkaBusConfig } from './kafka-client.js';
import kafkajs, { type Admin } from './kafkajs/index.js';

const LEADERS_TIMEOUT_MS = 30_000;
const LEADERS_POLL_MS = 50;
const MAX_IMAGING_BYTES = 33 * 1_048_576;
/** Of a compacted topic that is read whole. */
const MAX_SEGMENT_BYTES = 16 * 1_048_576;

/** What a topic's setting must be for nothing to be lost. */
type Bound = { readonly is: string } | { readonly atLeast: number } | { readonly atMost: number };

/** The topics of one deployment on a cluster: makes them, lists them, and says what is wrong with those that are there. */
export class KafkaTopics {
  readonly #admin: Admin;
  readonly #config: KafkaBusConfig;

  constructor(admin: Admin, config: KafkaBusConfig) {
    this.#admin = admin;
    this.#config = config;
  }

  /**
   * Makes the topics that are missing, with the configured partitions and each topic's retention.
   * @throws WardstreamError `WS_BUS` naming every topic that is there and differs: with other partitions patients would be
   * split between processes, with other settings records would be gone before they are read, or state with them.
   */
  async create(topics: readonly string[]): Promise<string[]> {
    const present = (await this.list()).filter(({ name }) => topics.includes(name));
    const faults = [...this.#partitionFaults(present), ...(await this.#settingFaults(present))];
    if (faults.length > 0) throw new WardstreamError('WS_BUS', faults.join('; '));
    const missing = topics.filter((topic) => !present.some(({ name }) => name === topic));
    if (missing.length === 0) return [];
    const { topicPrefix, partitions, replicationFactor } = this.#config;
    await this.#admin.createTopics({
      // kafkajs would give up on a broker that has not heard of the topic yet.
      waitForLeaders: false,
      topics: missing.map((topic) => ({
        topic: topicPrefix + topic,
        numPartitions: partitions,
        replicationFactor,
        configEntries: Object.entries(boundsOf(topic)).map(([name, bound]) => ({
          name,
          value: settingOf(bound),
        })),
      })),
    });
    await this.#led(missing.map((topic) => topicPrefix + topic));
    return missing;
  }

  /** Waits until every partition of the topics has a leader. */
  async #led(topics: string[]): Promise<void> {
    for (const deadline = performance.now() + LEADERS_TIMEOUT_MS; ; ) {
      try {
        const described = await this.#admin.fetchTopicMetadata({ topics });
        const isLed = described.topics.every(({ partitions }) =>
          partitions.every(({ leader }) => leader >= 0),
        );
        if (isLed && described.topics.length === topics.length) return;
        if (performance.now() > deadline) return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
      }
      await sleep(LEADERS_POLL_MS);
    }
  }

  async list(): Promise<TopicDescription[]> {
    const { topicPrefix } = this.#config;
    const names = (await this.#admin.listTopics()).filter(
      (name) => name.startsWith(topicPrefix) && !name.startsWith('__'),
    );
    if (names.length === 0) return [];
    const { topics } = await this.#admin.fetchTopicMetadata({ topics: names });
    return topics
      .map(({ name, partitions }) => ({
        name: name.slice(topicPrefix.length),
        partitions: partitions.length,
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #partitionFaults(present: readonly TopicDescription[]): string[] {
    const { partitions } = this.#config;
    return present
      .filter((topic) => topic.partitions !== partitions)
      .map((topic) => {
        const what = `topic ${topic.name} has ${topic.partitions} partitions, bus.partitions is ${partitions}`;
        return `${what}, and all topics must have the same number`;
      });
  }

  async #settingFaults(present: readonly TopicDescription[]): Promise<string[]> {
    if (present.length === 0) return [];
    const { topicPrefix } = this.#config;
    const { resources } = await this.#admin.describeConfigs({
      includeSynonyms: false,
      resources: present.map(({ name }) => ({
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name: topicPrefix + name,
        configNames: Object.keys(boundsOf(name)),
      })),
    });
    return resources.flatMap(({ resourceName, configEntries }) => {
      const bounds = boundsOf(resourceName.slice(topicPrefix.length));
      return configEntries.flatMap(({ configName, configValue }) => {
        const fault = faultOf(bounds[configName], configValue);
        return fault === null ? [] : [`topic ${resourceName} has ${configName} ${configValue}, ${fault}`];
      });
    });
  }
}

function boundsOf(topic: string): Readonly<Record<string, Bound>> {
  const retention = RETENTION_MS[topic];
  if (topic === TOPICS.patients) {
    // Who begins reads all of it: of each patient there must be few records beside the newest. What is written to is not compacted.
    return { 'cleanup.policy': { is: 'compact' }, 'segment.bytes': { atMost: MAX_SEGMENT_BYTES } };
  }
  if (retention === 'compact') {
    // For so long a state stays beside the one that replaced it, should a process that lost the partition have written it.
    return { 'cleanup.policy': { is: 'compact' }, 'min.compaction.lag.ms': { atLeast: HOUR_MS } };
  }
  return {
    'cleanup.policy': { is: 'delete' },
    ...(retention === undefined ? {} : { 'retention.ms': { atLeast: retention } }),
    ...(topic === TOPICS.clock ? { 'message.timestamp.type': { is: 'LogAppendTime' } } : {}),
    ...(topic === TOPICS.imaging ? { 'max.message.bytes': { atLeast: MAX_IMAGING_BYTES } } : {}),
  };
}

function settingOf(bound: Bound): string {
  if ('is' in bound) return bound.is;
  return String('atLeast' in bound ? bound.atLeast : bound.atMost);
}

/** `-1` is without limit. */
function faultOf(bound: Bound | undefined, value: string): string | null {
  if (bound === undefined) return null;
  if ('atMost' in bound) return Number(value) <= bound.atMost ? null : `it must be at most ${bound.atMost}`;
  if ('is' in bound) return value === bound.is ? null : `it must be ${bound.is}`;
  return value === '-1' || Number(value) >= bound.atLeast ? null : `it must be at least ${bound.atLeast}`;
}
