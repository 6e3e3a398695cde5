// A ward in a process of its own, to be killed: node ward-process.mjs '{"port":0,"directory":…,"secret":…,"began":…,"msPerMinute":20,"minutes":600}'
// A simulated ward whose clock is tied to the time of day, so that a process started again finds the stream gone on. It
// has to read it from the begin again, as after a crash before the first commit, and ends at a set minute.
import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryBus } from '../../dist/bus/memory.js';
import { ReplayClock } from '../../dist/clock.js';
import { BusSink } from '../../dist/engine/bus-sink.js';
import { Engine } from '../../dist/engine/engine.js';
import { MessageCodec } from '../../dist/events/codec.js';
import { produceAll } from '../../dist/replay/replay.js';
import { WardServer } from '../../dist/server/server.js';
import { parseConfig } from '../../dist/settings/config.js';
import { simulateWard } from '../../dist/simulate/ward.js';
import { StoredAlertLog } from '../../dist/store/alert-log.js';
import { openStore } from '../../dist/store/open-store.js';
import { StoreWriter } from '../../dist/store/writer/store-writer.js';
import { AlertLog } from '../../dist/ward/alert-log.js';
import { WardView } from '../../dist/ward/ward-view.js';

const MINUTE_MS = 60_000;
const { port, directory, secret, began, msPerMinute, minutes } = JSON.parse(process.argv[2]);
const config = parseConfig({ store: { kind: 'embedded', directory } });
const store = await openStore(config.store);
const view = new WardView(await AlertLog.open(await StoredAlertLog.open(store, 'killed')));
const bus = new MemoryBus(config.bus);
const clock = new ReplayClock();
const codec = new MessageCodec();
const writer = await StoreWriter.start({ bus, client: store, codec, limits: config.limits, clock });
const toBus = new BusSink(bus, codec, 'killed', { isLive: false });
const engine = await Engine.open({ config, bus, clock, sinks: [view, toBus] });
const server = await WardServer.open({
  config: { ...config.server, port, auth: { kind: 'secret', secret } },
  view,
  store,
  bus,
  codec: engine.codec,
  clock,
  model: { version: engine.model.config.version },
});
await engine.start();
process.stdout.write(`${server.url}\n`);
const startTime = Date.UTC(2026, 0, 5, 6);
const ward = {
  beds: 8,
  hours: Math.ceil(minutes / 60),
  seed: 1,
  startTime,
  wardId: 'ICU',
  vitalsIntervalMs: MINUTE_MS,
};
let moment = [];
for (const message of simulateWard(ward)) {
  const { eventTime } = message;
  if (moment.length > 0 && moment[0].eventTime !== eventTime) {
    clock.advanceTo(eventTime);
    await produceAll(moment, bus, engine.codec);
    moment = [];
    await sleep(Math.max(0, began + ((eventTime - startTime) / MINUTE_MS) * msPerMinute - Date.now()));
  }
  moment.push(message);
}
while (bus.unread > 0) await sleep(5);
await engine.finish();
await toBus.flush();
while (bus.unreadBeside > 0) await sleep(5);
await writer.flush();
process.stdout.write('ended\n');
