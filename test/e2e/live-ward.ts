import { MemoryBus } from '../../src/bus/memory.js';
import { WALL_CLOCK } from '../../src/clock.js';
import type { CatchingUpView } from '../../src/contract/protocol.js';
import type { NotPresent } from '../../src/engine/behind.js';
import { Engine } from '../../src/engine/engine.js';
import type { SourceMessage } from '../../src/events/source-message.js';
import { produceAll } from '../../src/replay/replay.js';
import { signToken } from '../../src/server/access/tokens.js';
import { WardServer } from '../../src/server/server.js';
import { parseConfig } from '../../src/settings/config.js';
import { WardView } from '../../src/ward/ward-view.js';
import { openTestStore, SECRET } from '../server/ward.js';
import { DirectSink } from '../store/direct-sink.js';

/** High at once at NEWS2 7, resolved below 5: nothing has to hold. */
const RULE = {
  id: 'news2-emergency',
  signal: 'news2',
  priority: 'HIGH',
  raiseAt: 7,
  resolveBelow: 5,
  holdMs: 0,
  refractoryMs: 0,
  escalateAfterMs: 3_600_000,
} as const;

/** A ward on the time of day, with engine, store and server, fed by the test. */
export interface LiveWard {
  /** Where a browser opens the page, token and all. */
  readonly address: string;
  send(messages: readonly SourceMessage[]): Promise<void>;
  /** What the engine says from now on of every partition: null, that it is read up to now. */
  presence: NotPresent | null;
  /** How far the server says that it is from the present. */
  catchingUp: CatchingUpView | null;
  /** Ends the server, not the engine: what happens meanwhile nobody is told. */
  stopServer(): Promise<void>;
  /** Starts a server again on the same port. */
  startServer(): Promise<void>;
  close(): Promise<void>;
}

/** With `watchesFeeds`, it is told where values cease, as a test that sends some now and then does not want. */
export async function openLiveWard({ watchesFeeds = false } = {}): Promise<LiveWard> {
  const { store, close } = await openTestStore();
  const config = parseConfig({ alerts: { rules: [RULE] }, align: { minScoreIntervalMs: 0 } });
  const bus = new MemoryBus(config.bus as ConstructorParameters<typeof MemoryBus>[0]);
  const view = new WardView(undefined, () => WALL_CLOCK.now());
  const state: Pick<LiveWard, 'presence' | 'catchingUp'> = { presence: null, catchingUp: null };
  view.liveness.follow(() => state.presence);
  const clock = WALL_CLOCK;
  const sinks = [view, new DirectSink(store, 'test')];
  const engine = await Engine.open({ config, bus, clock, sinks, watchesFeeds });
  const model = { version: engine.model.config.version };
  let port = 0;
  const open = async () => {
    const settings = {
      ...config.server,
      port,
      auth: { kind: 'secret', secret: SECRET },
    } as typeof config.server;
    const opened = await WardServer.open({
      config: settings,
      view,
      store,
      bus,
      codec: engine.codec,
      clock,
      model,
      catchingUp: () => state.catchingUp,
    });
    port = Number(new URL(opened.url).port);
    return opened;
  };
  let server = await open();
  await engine.start();
  const who = { subject: 'dr.lee', role: 'clinician', wards: new Set(['*']) } as const;
  const token = await signToken(SECRET, who, new Date(Date.now() + 3_600_000));
  return Object.assign(state, {
    address: `${server.url}/#token=${token}`,
    send: (messages: readonly SourceMessage[]) => produceAll([...messages], bus, engine.codec),
    stopServer: () => server.close(),
    startServer: async () => {
      server = await open();
    },
    close: async () => {
      await server.close();
      await engine.close();
      await bus.close();
      await close();
    },
  });
}
