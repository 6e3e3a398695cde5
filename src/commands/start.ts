import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Parts, untilStopped } from '../app/parts.js';
import { MemoryBus } from '../bus/memory.js';
import { ReplayClock } from '../clock.js';
import { Engine } from '../engine/engine.js';
import type { SourceMessage } from '../events/source-message.js';
import { loadModel } from '../inference/model.js';
import { Observer } from '../metrics/observe.js';
import { produceAll } from '../replay/replay.js';
import { WardServer } from '../server/server.js';
import { parseConfig } from '../settings/config.js';
import { type SimulateOptions, simulateWard } from '../simulate/ward.js';
import { openStore } from '../store/open.js';
import { recordModel } from '../store/queries.js';
import { StoreSink } from '../store/sink.js';
import { WardView } from '../ward/ward-view.js';

export interface StartOptions {
  readonly beds: number;
  /** Simulated time per real time. */
  readonly speed: number | 'max';
  readonly port: number;
  readonly seed: number;
}

const HOUR_MS = 3_600_000;
const VITALS_INTERVAL_MS = 60_000;
/** The demo stops by itself after this much simulated time. */
const HOURS = 30 * 24;
/** Simulated time that has passed when the page opens, so that there is a course to see. */
const HEAD_START_MS = 3 * HOUR_MS;

/** `wardstream start`: a simulated ward through the real pipeline, with dashboard. Runs until `stop` resolves. */
export async function start(options: StartOptions, stop: Promise<unknown>): Promise<void> {
  const parts = new Parts();
  await untilStopped(parts, stop, () => demo(options, parts, stop));
}

/** Resolves when the simulated time is over. */
async function demo(options: StartOptions, parts: Parts, stop: Promise<unknown>): Promise<null> {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-'));
  parts.keep({ close: async () => rmSync(directory, { recursive: true, force: true }) });
  const config = parseConfig({ store: { kind: 'embedded', directory }, encoders: { always: ['image'] } });
  const model = loadModel('latest');
  const clock = new ReplayClock();
  const bus = parts.keep(new MemoryBus({ partitions: 4, capacity: 8192 }));
  const view = new WardView();
  const store = parts.keep(await openStore({ kind: 'embedded', directory }));
  await recordModel(store, model.config);
  const observer = new Observer(clock);
  const storeSink = new StoreSink(store, model.config.version);
  const sinks = observer.around({ view, store: storeSink });
  const engine = await Engine.open({ config, bus, clock, sinks });
  parts.handOn(store);
  parts.keep(engine);
  const server = await WardServer.open({
    config: { ...config.server, port: options.port },
    view,
    store,
    bus,
    codec: engine.codec,
    clock,
    model: { version: model.config.version },
    notices: engine.notices,
    explain: (patientId) => engine.explain(patientId),
    observability: observer.options(engine, { client: store, sink: storeSink }, config.metrics.token),
  });
  parts.keep(server);
  await engine.start();
  parts.allow(config.shutdown.deadlineMs);
  process.stdout.write(
    `\n  Ward of ${options.beds} simulated beds at ${options.speed}x: ${server.url}/#token=${server.localToken}\n`,
  );
  process.stdout.write('  Decision support under evaluation. Ctrl-C stops it.\n\n');
  let isStopped = false;
  void stop.then(() => {
    isStopped = true;
  });
  await simulate(options, bus, engine, clock, () => isStopped);
  return null;
}

async function simulate(
  options: StartOptions,
  bus: MemoryBus,
  engine: Engine,
  clock: ReplayClock,
  isStopped: () => boolean,
): Promise<void> {
  const ward: SimulateOptions = {
    beds: options.beds,
    hours: HOURS,
    seed: options.seed,
    startTime: Date.UTC(2026, 0, 5, 6),
    wardId: 'ICU',
    vitalsIntervalMs: VITALS_INTERVAL_MS,
  };
  const speed = options.speed === 'max' ? Number.POSITIVE_INFINITY : options.speed;
  const began = performance.now();
  let moment: SourceMessage[] = [];
  for (const message of simulateWard(ward)) {
    const { eventTime } = message;
    if (moment.length > 0 && moment[0].eventTime !== eventTime) {
      clock.advanceTo(eventTime);
      await produceAll(moment, bus, engine.codec);
      moment = [];
      const due = began + (eventTime - ward.startTime - HEAD_START_MS) / speed;
      await sleep(Math.max(0, due - performance.now()));
      if (engine.failure !== null) throw engine.failure;
      if (isStopped()) return;
    }
    moment.push(message);
  }
}
