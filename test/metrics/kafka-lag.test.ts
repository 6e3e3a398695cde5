import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import type { KafkaBusConfig } from '../../src/bus/kafka-client.js';
import { KafkaLag } from '../../src/metrics/kafka-lag.js';
import { parseConfig } from '../../src/settings/config.js';

it('gives no number, and holds up neither a scrape nor the end, while no broker answers', async () => {
  // Takes connections and says nothing: what a frozen broker does.
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  const brokers = [`127.0.0.1:${(silent.address() as AddressInfo).port}`];
  const lag = new KafkaLag(parseConfig({ bus: { kind: 'kafka', brokers } }).bus as KafkaBusConfig);
  expect(await Promise.all([lag.read(), lag.read()])).toEqual([[], []]);
  await lag.close();
  silent.close();
});
