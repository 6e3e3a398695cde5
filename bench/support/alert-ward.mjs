import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryBus } from '../../dist/bus/memory.js';
import { WALL_CLOCK } from '../../dist/clock.js';
import { BusSink } from '../../dist/engine/bus-sink.js';
import { Engine } from '../../dist/engine/engine.js';
import { MessageCodec } from '../../dist/events/codec.js';
import { produceAll } from '../../dist/replay/replay.js';
import { WardServer } from '../../dist/server/server.js';
import { parseConfig } from '../../dist/settings/config.js';
import { openStore } from '../../dist/store/open-store.js';
import { StoreWriter } from '../../dist/store/writer/store-writer.js';
import { WardView } from '../../dist/ward/ward-view.js';

const RULE = {
  id: 'news2-emergency',
  signal: 'news2',
  priority: 'HIGH',
  raiseAt: 7,
  resolveBelow: 5,
  holdMs: 0,
  refractoryMs: 0,
  escalateAfterMs: 3_600_000,
};
const WELL = { respRate: 14, spo2: 98, heartRate: 72 };
const ILL = { respRate: 31, spo2: 84, heartRate: 142 };
const UNITS = { respRate: '/min', spo2: '%', heartRate: '/min' };

/** One bed on the time of day through the whole pipeline, whose alert is raised and resolved at will. */
export async function openAlertWard() {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-bench-'));
  const config = parseConfig({ alerts: { rules: [RULE] }, align: { minScoreIntervalMs: 0 } });
  const bus = new MemoryBus(config.bus);
  const store = await openStore({ kind: 'embedded', directory });
  const view = new WardView();
  const clock = WALL_CLOCK;
  const codec = new MessageCodec();
  const writer = await StoreWriter.start({ bus, client: store, codec, limits: config.limits, clock });
  const engine = await Engine.open({ config, bus, clock, sinks: [view, new BusSink(bus, codec, 'bench')] });
  const model = { version: engine.model.config.version };
  const settings = { ...config.server, port: 0 };
  const server = await WardServer.open({
    config: settings,
    view,
    store,
    bus,
    codec: engine.codec,
    clock,
    model,
  });
  await engine.start();
  let sent = 0;
  /** Sends vital signs of someone ill or well; gives their event time. */
  const send = async (isIll) => {
    const eventTime = Date.now();
    const observations = Object.entries(isIll ? ILL : WELL).map(([code, value]) => ({
      code,
      value,
      unit: UNITS[code],
    }));
    const record = {
      messageId: `v${++sent}`,
      patientId: 'p',
      eventTime,
      observedAt: null,
      source: '',
      observations,
    };
    await produceAll([{ topic: 'ward.vitals', key: 'p', eventTime, record }], bus, engine.codec);
    return eventTime;
  };
  await send(false);
  return {
    address: `${server.url}/#token=${server.localToken}`,
    send,
    close: async () => {
      await server.close();
      await engine.close();
      await writer.close();
      await store.close();
      await bus.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
