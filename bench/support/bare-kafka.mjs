// Worker thread: a bare client, kafkajs as it is published, that only reads topics; one reading a message. In a thread of its own, so
// that neither slows the other down.
import { randomUUID } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import kafkajs from 'kafkajs';
import { Rate } from './rate.mjs';

parentPort.on('message', async ({ brokers, topics, total }) => {
  const client = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
  const consumer = client.consumer({ groupId: `bare-${randomUUID()}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topics, fromBeginning: true });
  const rate = new Rate();
  const reached = await new Promise((resolve) => {
    void consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        rate.add(batch.messages.length);
        if (rate.count >= total) resolve(rate.reached);
      },
    });
  });
  await consumer.disconnect();
  parentPort.postMessage(reached);
});
