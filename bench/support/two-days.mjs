import { MemoryBus } from '../../dist/bus/memory.js';
import { ReplayClock } from '../../dist/clock.js';
import { Engine } from '../../dist/engine/engine.js';
import { produceAll } from '../../dist/replay/replay.js';
import { parseConfig } from '../../dist/settings/config.js';
import { simulateWard } from '../../dist/simulate/ward.js';

/** An engine after a ward of so many beds was monitored for 48 h, vital signs every 5 minutes. The caller closes it. */
export async function afterTwoDays(beds, sinks = []) {
  const config = parseConfig({});
  const clock = new ReplayClock();
  const bus = new MemoryBus(config.bus);
  const engine = await Engine.open({ config, bus, clock, sinks });
  await engine.start();
  const ward = {
    beds,
    hours: 48,
    seed: 1,
    startTime: Date.UTC(2026, 0, 5),
    wardId: 'W',
    vitalsIntervalMs: 300_000,
  };
  let chunk = [];
  const send = async () => {
    clock.advanceTo(chunk.at(-1).eventTime);
    await produceAll(chunk, bus, engine.codec);
    chunk = [];
  };
  for (const message of simulateWard(ward)) {
    chunk.push(message);
    if (chunk.length >= 500) await send();
  }
  await send();
  while (bus.unread > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await engine.finish();
  return engine;
}
