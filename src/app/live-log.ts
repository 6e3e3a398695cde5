import type { EventBus, OpenLog } from '../bus/bus.js';
import { EmbeddedBus } from '../bus/embedded/bus.js';
import { KafkaBus, type KafkaBusConfig } from '../bus/kafka.js';
import type { LateNotices, Troubles } from '../bus/troubles.js';
import { CheckedClock } from '../checked-clock.js';
import { DoorMeters } from '../doors/meters.js';
import type { LiveParts } from '../metrics/observe.js';
import type { BusConfig, EmbeddedBusConfig } from '../settings/bus.js';
import type { Life } from './life.js';
import { log } from './log.js';
import { untilAvailable } from './wait.js';

/** A log that outlives the process, and the clock of who reads it. */
export interface LiveLog extends LiveParts {
  readonly bus: LiveParts['bus'] & EventBus & OpenLog & { readonly troubles: Troubles };
  readonly clock: CheckedClock;
  readonly doors: DoorMeters;
  /** Null where it is in a directory. */
  readonly kafka: KafkaBusConfig | null;
}

const onWarning = (message: string) => log.warn(message);
const onRelief = (message: string) => log.info(message);

/** Opens the log. Waits for brokers, but not longer than until the process is told to stop: then null. */
export async function openLiveLog(
  config: Exclude<BusConfig, { kind: 'memory' }>,
  life: Life,
  notices: LateNotices,
): Promise<LiveLog | null> {
  return config.kind === 'kafka' ? openKafka(config, life, notices) : openEmbedded(config, life, notices);
}

async function openKafka(
  config: KafkaBusConfig,
  { parts, stop }: Life,
  notices: LateNotices,
): Promise<LiveLog | null> {
  const troubled = { onWarning, onRelief, notices };
  const bus = await untilAvailable('Kafka', () => KafkaBus.open(config, troubled), stop);
  if (bus === null) return null;
  parts.keep(bus);
  const clock = parts.keep(new CheckedClock({ broker: bus.openClock(), troubles: bus.troubles }));
  return { bus, clock, kafka: config, doors: new DoorMeters(clock) };
}

async function openEmbedded(
  { directory, partitions }: EmbeddedBusConfig,
  { parts }: Life,
  notices: LateNotices,
): Promise<LiveLog> {
  const bus = parts.keep(EmbeddedBus.open({ directory, partitions, onWarning, onRelief, notices }));
  // Whoever writes is on this machine, by its clock: only the times of their events can tell that it is wrong.
  const clock = parts.keep(new CheckedClock({ broker: null, troubles: bus.troubles }));
  return { bus, clock, kafka: null, doors: new DoorMeters(clock) };
}
