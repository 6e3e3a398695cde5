import { startBroker } from './broker.js';

/** Starts the broker that the test files share, and names it in `KAFKA_BROKERS`. */
export async function setup(): Promise<() => Promise<void>> {
  const { brokers, stop } = await startBroker();
  process.env.KAFKA_BROKERS = brokers.join(',');
  return stop;
}
