import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { KafkaTail } from '../../src/bus/kafka-tail.js';
import type { Admin, Kafka } from '../../src/bus/kafkajs/index.js';
import { Troubles } from '../../src/bus/troubles.js';
import { TOPICS } from '../../src/contract/topics.js';

/** Brokers that answer with nothing new, but refuse one of the topics. */
function brokersThatRefuse(refused: string): Kafka {
  const fetch = async ({ topics }: { readonly topics: readonly { readonly topic: string }[] }) => {
    if (topics.some(({ topic }) => topic === refused))
      throw Object.assign(new Error('not allowed'), { type: 'TOPIC_AUTHORIZATION_FAILED' });
    await sleep(10);
    return { responses: [] };
  };
  const cluster = {
    connect: async () => undefined,
    disconnect: async () => undefined,
    addTargetTopic: async () => undefined,
    findLeaderForPartitions: () => ({ 1: [0] }),
    findBroker: async () => ({ fetch }),
  };
  return { cluster: () => cluster } as unknown as Kafka;
}

it('a topic that may not be read is told once, and is not over because another one is read', async () => {
  const admin = {
    fetchTopicMetadata: async () => ({ topics: [] }),
    fetchTopicOffsets: async () => [{ partition: 0, low: '0', high: '0' }],
  } as unknown as Admin;
  const told: string[] = [];
  const troubles = new Troubles({
    notices: {
      raise: ({ kind, subject }) => told.push(`${kind} ${subject}`),
      clear: (kind, subject) => told.push(`${kind} ${subject} over`),
    },
  });
  const options = { kafka: brokersThatRefuse(TOPICS.alerts), admin, topicPrefix: '', troubles };
  const handler = { begun: () => undefined, batch: () => undefined };
  for (const topic of [TOPICS.alerts, TOPICS.patients]) {
    const tail = await KafkaTail.start(options, [{ topic, from: 0 }], handler);
    onTestFinished(() => tail.close());
  }
  await expect.poll(() => told).toEqual([`log-not-read ${TOPICS.alerts}`]);
  await sleep(500);
  expect(told).toHaveLength(1);
});
