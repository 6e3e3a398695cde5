// The Kafka a figure is measured on: that of KAFKA_BROKERS, else the one the tests start.
import { runnerImport } from 'vite';

export async function openBroker() {
  const { module } = await runnerImport('test/integration/kafka/broker.ts');
  return module.startBroker();
}
