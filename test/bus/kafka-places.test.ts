import { expect, it, onTestFinished } from 'vitest';
import type { KafkaBusConfig } from '../../src/bus/kafka-client.js';
import { Places } from '../../src/bus/kafka-places.js';
import { KafkaWatch } from '../../src/bus/kafka-watch.js';
import type { Admin } from '../../src/bus/kafkajs/index.js';
import { Troubles } from '../../src/bus/troubles.js';
import { TOPICS } from '../../src/contract/topics.js';
import { parseConfig } from '../../src/settings/config.js';

const CONFIG = parseConfig({
  bus: { kind: 'kafka', brokers: ['b:9092'], topicPrefix: 'p.' },
}).bus as KafkaBusConfig;
const PARTITIONS = [0, 1, 2];

it('where a reader that has committed nothing begins is asked of the brokers once a topic', async () => {
  const topic = `p.${TOPICS.alerts}`;
  const asked: unknown[] = [];
  const uncommitted = PARTITIONS.map((partition) => ({ partition, offset: '-1', metadata: null }));
  const admin = {
    fetchTopicMetadata: async () => ({ topics: [] }),
    fetchTopicOffsets: async () => PARTITIONS.map((partition) => ({ partition, low: '5', high: '99' })),
    fetchOffsets: async () => [{ topic, partitions: uncommitted }],
    fetchTopicOffsetsByTimestamp: async (...what: unknown[]) => {
      asked.push(what);
      return PARTITIONS.map((partition) => ({ partition, offset: String(70 + partition) }));
    },
  } as unknown as Admin;
  const watch = new KafkaWatch(admin, CONFIG, new Troubles());
  onTestFinished(() => watch.close());
  const reader = { group: 'g', who: 'g', since: async () => 1000, lookBack: 0 };
  const { signal } = new AbortController();
  const places = new Places({ admin, config: CONFIG, watch, topics: [topic], signal, reader });
  const survey = await places.assign(PARTITIONS);
  expect(places.resets).toEqual(PARTITIONS.map((partition) => ({ topic, partition, from: 70 + partition })));
  expect(survey.committed(TOPICS.alerts, 2)).toEqual({ offset: 72, isNew: true });
  expect(asked).toEqual([[topic, 1000]]);
});
