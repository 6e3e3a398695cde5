import { setTimeout as sleep } from 'node:timers/promises';
import { assembleFed, type FedWard } from '../app/assemble.js';
import { untilStopped } from '../app/life.js';
import { HOUR_MS } from '../durations.js';
import type { SourceMessage } from '../events/source-message.js';
import { produceAll } from '../replay/replay.js';
import { parseConfig } from '../settings/config.js';
import { type SimulateOptions, simulateWard } from '../simulate/ward.js';

export interface StartOptions {
  readonly beds: number;
  /** Simulated time per real time. */
  readonly speed: number | 'max';
  readonly port: number;
  readonly seed: number;
}

const VITALS_INTERVAL_MS = 60_000;
/** The demo stops by itself after this much simulated time. */
const HOURS = 30 * 24;
/** Simulated time that has passed when the page opens, so that there is a course to see. */
const HEAD_START_MS = 3 * HOUR_MS;

/** `wardstream start`: a simulated ward through the real pipeline, with dashboard. Runs until `stop` resolves. */
export async function start(options: StartOptions, stop: Promise<unknown>): Promise<void> {
  const { beds, speed, port } = options;
  const config = parseConfig({ server: { port }, encoders: { always: ['image'] } });
  await untilStopped(stop, async (life) => {
    const ward = await assembleFed(config, life);
    const { localToken, url } = ward.server;
    process.stdout.write(`\n  Ward of ${beds} simulated beds at ${speed}x: ${url}/#token=${localToken}\n`);
    process.stdout.write('  Decision support under evaluation. Ctrl-C stops it.\n\n');
    let isStopped = false;
    void stop.then(() => {
      isStopped = true;
    });
    await simulate(options, ward, () => isStopped);
    return null;
  });
}

/** Resolves when the simulated time is over. */
async function simulate(
  options: StartOptions,
  { bus, engine, clock }: FedWard,
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
