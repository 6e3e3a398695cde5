import { expect, it } from 'vitest';
import { MemoryBus } from '../../src/bus/memory.js';
import type { AlertMessage } from '../../src/contract/messages.js';
import { Engine } from '../../src/engine/engine.js';
import { produceAll } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { action, quickRule, signs } from '../integration/faults/bedside.js';

const ESCALATE_MS = 1500;

/** An engine whose clock the test moves, and what its alerts come to. */
async function open() {
  const clock = { time: Date.now(), now: () => clock.time, live: true };
  const bus = new MemoryBus({ partitions: 2, capacity: 100 });
  const alerts: AlertMessage[] = [];
  const gate = { opened: Promise.resolve() };
  const keep = {
    write: async ({ alerts: some }: { readonly alerts: readonly AlertMessage[] }) => {
      await gate.opened;
      alerts.push(...some);
    },
  };
  const config = parseConfig({
    alerts: { rules: [quickRule(ESCALATE_MS)] },
    align: { minScoreIntervalMs: 0 },
  });
  const engine = await Engine.open({ config, bus, clock, sinks: [keep], asksModel: false });
  await engine.start();
  const courseOf = (patientId: string) =>
    alerts
      .filter((alert) => alert.patientId === patientId)
      .map(({ state, eventTime, onsetTime }) => [state, eventTime - onsetTime]);
  const send = (...messages: Parameters<typeof produceAll>[0]) => produceAll(messages, bus, engine.codec);
  return { clock, bus, engine, alerts, gate, courseOf, send };
}

it('an alert escalates when it is due though nothing more comes, and not while an acknowledgement waits to be read', async () => {
  const { clock, engine, alerts, gate, courseOf, send } = await open();
  await send(signs('idle', 'ill'), signs('acked', 'ill'));
  clock.time = Date.now() + 400;
  await expect.poll(() => alerts.length).toBe(2);
  const alertId = alerts.find(({ patientId }) => patientId === 'acked')!.alertId;
  clock.time += ESCALATE_MS - 600;
  // The pipeline stands still, and the acknowledgement waits with the rest.
  let release: () => void = () => undefined;
  gate.opened = new Promise((resolve) => {
    release = resolve;
  });
  const filler = Array.from({ length: 20 }, (_, n) => signs(`other${n}`, 'well'));
  await send(...filler, action('acked', alertId, { eventTime: clock.time }));
  clock.time += 5000;
  await new Promise((resolve) => setTimeout(resolve, 200));
  release();
  await expect
    .poll(() => courseOf('idle'))
    .toEqual([
      ['RAISED', 0],
      ['ESCALATED', ESCALATE_MS],
    ]);
  await expect.poll(() => courseOf('acked').map(([state]) => state)).toEqual(['RAISED', 'ACKNOWLEDGED']);
  await engine.close();
});
