import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { AlertMessage } from '../../../src/contract/messages.js';
import { type ServerFrame, SUBPROTOCOL } from '../../../src/contract/protocol.js';
import { TOPICS } from '../../../src/contract/topics.js';
import type { SourceMessage } from '../../../src/events/source-message.js';
import { adt, vitals } from '../../helpers.js';
import { startBroker } from '../kafka/broker.js';
import type { EngineProcess } from './scene.js';
import { front, messages, reference, scene, setTheStage } from './stage.js';

const AWAY_MS = 25_000;
setTheStage(startBroker);

const admitted = (name: string, eventTime: number): SourceMessage => ({
  topic: TOPICS.adt,
  key: name,
  eventTime,
  record: adt('ADMIT', { patientId: name, messageId: `a-${name}`, eventTime, wardId: 'W', bedId: name }),
});
/** NEWS2 of at least 7. */
const shocked = (name: string, eventTime: number): SourceMessage => {
  const values = { heartRate: 142, respRate: 34, temperature: 39.6, mapInvasive: 47 };
  const record = vitals(values, { patientId: name, messageId: `v-${name}`, eventTime });
  return { topic: TOPICS.vitals, key: name, eventTime, record };
};

/** Watches all wards of an engine. */
async function watch(engine: EngineProcess) {
  const token = /#token=(\S+)/.exec(engine.said())?.[1];
  const socket = new WebSocket(`${engine.url.replace('http', 'ws')}/ws`, [SUBPROTOCOL, `bearer.${token}`]);
  const raised = new Map<string, number>();
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as ServerFrame;
      if (frame.type === 'hello') socket.send(JSON.stringify({ type: 'subscribe', wards: ['*'] }));
      if (frame.type === 'snapshot') resolve();
      if (frame.type === 'alert') raised.set(frame.alert.patientId, performance.now());
    });
  });
  return {
    /** From now, in milliseconds, until the patient's alert is pushed. */
    raised: async (name: string) => {
      const began = performance.now();
      await expect.poll(() => raised.has(name), { timeout: 40_000, interval: 10 }).toBe(true);
      return Math.round((raised.get(name) as number) - began);
    },
    close: () => socket.close(),
  };
}

const PATIENCE = { timeout: 100_000, interval: 1000 };

/** Alert records in their topic. */
async function alertRecords(): Promise<number> {
  const records = await scene.read<AlertMessage>(TOPICS.alerts, 'Alert');
  const clinical = records.filter((record) => record.class === 'clinical');
  return new Set(clinical.map(({ alertId, sequence }) => `${alertId} ${sequence}`)).size;
}

/** Waits until all scores are stored. */
async function untilStored(): Promise<void> {
  const stored = () => scene.count('SELECT count() FROM scores FINAL').catch(() => 0);
  await expect.poll(stored, PATIENCE).toBe(reference.scores);
}

describe('ClickHouse', () => {
  it('that is not there yet when an engine starts: it alerts all the same, and brings everything later', async () => {
    await scene.produce(messages);
    await front.go();
    const { said, stop } = await scene.run();
    await expect.poll(alertRecords, PATIENCE).toBe(reference.alerts.size);
    // What is stored is read from the topics later: nothing waits for it.
    await scene.until(1);
    expect(said()).toMatch(
      /waiting for the store: the store at .* cannot be opened.*alerts go on without it/s,
    );
    await front.come();
    await untilStored();
    expect(said()).toContain('the store is there');
    expect(await stop()).toBe(0);
    await scene.expectResults(reference);
  });

  it('that is slow, hangs or refuses who asks does not hold up a push', async () => {
    const rule = { id: 'news2', signal: 'news2', priority: 'HIGH', raiseAt: 7, resolveBelow: 5, holdMs: 0 };
    const alerts = { rules: [{ ...rule, refractoryMs: 0, escalateAfterMs: 3_600_000 }] };
    const engine = await scene.run({ alerts, align: { minScoreIntervalMs: 0 } });
    const ward = await watch(engine);
    const push = async (name: string) => {
      const eventTime = Date.now();
      await scene.send([admitted(name, eventTime), shocked(name, eventTime + 1)]);
      return ward.raised(name);
    };
    await push('warm');
    const calm = await push('calm');
    front.delayMs = 3000;
    const slow = [await push('slow-1'), await push('slow-2')];
    front.delayMs = 0;
    front.fault = 'hang';
    const hung = [await push('hung-1'), await push('hung-2')];
    await sleep(500);
    hung.push(await push('hung-3'));
    await front.come();
    front.fault = 'code:516';
    const refused = [await push('refused-1'), await push('refused-2')];
    for (const delay of [...slow, ...hung, ...refused]) expect(delay).toBeLessThan(calm + 800);
    await front.come();
    const stored = () => scene.count('SELECT count() FROM alert_events FINAL');
    await expect.poll(stored, { timeout: 60_000 }).toBeGreaterThanOrEqual(9);
    ward.close();
    expect(await engine.stop()).toBe(0);
  });

  it('that is away for long: alerts go out, the input is read on, and the topics hold what is to be stored', async () => {
    await scene.produce(messages);
    const engine = await scene.run();
    await front.go();
    const wentAway = performance.now();
    await scene.until(1);
    expect((await scene.results()).alerts.size).toBe(reference.alerts.size);
    await expect
      .poll(() => engine.said(), PATIENCE)
      .toContain('the store is away, nothing more is read for it');
    await sleep(Math.max(0, AWAY_MS - (performance.now() - wentAway)));
    await front.come();
    await untilStored();
    expect(engine.said()).toContain('the store takes rows again');
    expect(await engine.stop()).toBe(0);
    await scene.expectResults(reference);
  });

  it.each(['away', 'http500', 'cut-before', 'cut-after'])(
    'in trouble when a writer is killed: the next process stores everything once: %s',
    async (fault) => {
      await scene.produce(messages);
      const engine = await scene.run();
      await expect.poll(() => scene.count('SELECT count() FROM scores'), PATIENCE).toBeGreaterThan(0);
      if (fault === 'away') await front.go();
      else front.fault = fault;
      await scene.until(1);
      await engine.kill();
      await front.come();
      const next = await scene.run();
      await untilStored();
      expect(await next.stop()).toBe(0);
      await scene.expectResults(reference);
    },
  );

  it('that takes two seconds an insert loses nothing', async () => {
    await scene.produce(messages);
    const engine = await scene.run();
    front.delayMs = 2000;
    await scene.until(1);
    await untilStored();
    front.delayMs = 0;
    expect(await engine.stop()).toBe(0);
    await scene.expectResults(reference);
  });
});

describe('an engine told to stop', () => {
  it('that cannot finish ends at its deadline, says so, and the next one finishes for it', async () => {
    await scene.produce(messages);
    const engine = await scene.run({ shutdown: { deadlineMs: 1500 } });
    await scene.until(0.2);
    front.fault = 'hang';
    await scene.until(1);
    expect(await engine.stop()).toBe(1);
    expect(engine.said()).toContain('not finished within shutdown.deadlineMs (1500)');
    await front.come();
    const next = await scene.run();
    await untilStored();
    expect(await next.stop()).toBe(0);
    await scene.expectResults(reference);
  });
});
