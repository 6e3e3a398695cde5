import type { BusConfig } from '../settings/config.js';
import type { EventBus } from './bus.js';
import { MemoryBus } from './memory.js';

/** The configured bus. @throws WardstreamError `WS_BUS` where Kafka does not answer. */
export async function openBus(config: BusConfig): Promise<EventBus> {
  if (config.kind === 'memory') return new MemoryBus(config);
  const { KafkaBus } = await import('./kafka.js');
  return KafkaBus.open(config);
}
