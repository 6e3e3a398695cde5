import type { ClickHouseClient } from '@clickhouse/client';
import { WALL_CLOCK } from '../clock.js';
import type { DeadLetterMessage } from '../contract/messages.js';
import { TOPICS } from '../contract/topics.js';
import { within } from '../deadline.js';
import { MessageCodec } from '../events/codec.js';
import { formerPosition } from '../notify/former-positions.js';
import { type Beginning, Notifier } from '../notify/notifier.js';
import { connectStore } from '../store/open-store.js';
import type { LiveLog } from './live-log.js';
import { log } from './log.js';
import type { Ports } from './ports.js';

/** How long a hook without a position in the log waits for the store to say where version 0.1 got to. */
const FORMER_MS = 30_000;

/**
 * Opens the role `notifier`: each hook reads the alerts in a group of its own, so that none holds up another one. `store` is the one
 * that the process has open anyway.
 */
export async function openNotifiers(
  { config, life, live }: Ports,
  store: ClickHouseClient | null,
): Promise<readonly Notifier[]> {
  const { webhooks } = config.server;
  if (webhooks.length === 0) return [];
  if (live === null) {
    log.warn('server.webhooks: nothing is posted of events that come from no log');
    return [];
  }
  await live.bus.createTopics([TOPICS.alerts, TOPICS.deadLetters]);
  const client = store ?? (await ownStore(config, life));
  const codec = new MessageCodec();
  const now = () => WALL_CLOCK.now();
  const setAside = (letter: DeadLetterMessage) => keep(live, codec, letter);
  const { bus, clock } = live;
  const { troubles } = bus;
  const startedAt = clock.now();
  return webhooks.map((hook) => {
    const beginning = () => beginningOf(client, hook.name, startedAt);
    const notifier = new Notifier(hook, { bus, codec, clock, now, setAside, beginning, troubles });
    notifier.start();
    return life.parts.keep(notifier);
  });
}

/** Null where the settings name no store that this process could reach. */
async function ownStore(
  { store }: Ports['config'],
  { parts }: Ports['life'],
): Promise<ClickHouseClient | null> {
  if (store.kind !== 'server') return null;
  const { client } = await connectStore(store);
  return parts.keep(client);
}

async function beginningOf(
  client: ClickHouseClient | null,
  hook: string,
  startedAt: number,
): Promise<Beginning> {
  const none = { since: startedAt, done: new Map<string, number>() };
  if (client === null) return none;
  const told = formerPosition(client, hook).catch(() => undefined);
  const former = await within(FORMER_MS, told, () => undefined);
  if (former === undefined)
    log.warn(
      `webhook ${hook}: the store does not say where it got to; it begins with what comes from now on`,
    );
  return former ?? none;
}

/** In the log, from where the role `writer` brings it to the store. */
async function keep({ bus }: LiveLog, codec: MessageCodec, letter: DeadLetterMessage): Promise<void> {
  log.warn(`set aside: ${letter.detail}`);
  const key = letter.patientId || letter.deadLetterId;
  await bus.produce(TOPICS.deadLetters, [{ key, value: codec.encode('DeadLetter', letter) }]);
}
