import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { SourceMessage } from '../../../src/replay/source.js';
import { ClickHouseFront } from '../../store/front.js';
import { type Broker, startOwnBroker } from '../kafka/broker.js';
import { type Results, stays, undisturbed } from './history.js';
import { Scene } from './scene.js';

const AWAY_MS = 30_000;
const front = new ClickHouseFront();
let broker: Broker;
let messages: SourceMessage[];
let reference: Results;
let scene: Scene;

beforeAll(async () => {
  broker = await startOwnBroker();
  await front.come();
  messages = stays();
  reference = await undisturbed(messages);
});
afterAll(async () => {
  await front.close();
  await broker?.stop();
});
beforeEach(async () => {
  scene = await Scene.open(broker.brokers, front);
  onTestFinished(() => scene.close());
});

describe('a broker', () => {
  it('that is killed in mid-stream and started again has lost and repeated nothing', async () => {
    await scene.produce(messages);
    const engines = await Promise.all([scene.run(), scene.run()]);
    await scene.until(0.2);
    await broker.kill();
    await sleep(2000);
    await broker.restart();
    await scene.until(1);
    for (const engine of engines) expect(await engine.stop()).toBe(0);
    await scene.expectResults(reference);
  });

  it('that answers nothing for 30 s is waited for', async () => {
    await scene.produce(messages);
    const engines = await Promise.all([scene.run(), scene.run()]);
    await scene.until(0.2);
    await broker.freeze();
    await sleep(AWAY_MS);
    await broker.thaw();
    await scene.until(1);
    for (const engine of engines) expect(await engine.stop()).toBe(0);
    await scene.expectResults(reference);
  });

  it('that is not there yet when an engine starts is waited for, and the engine says so', async () => {
    await scene.produce(messages);
    await broker.kill();
    const engine = scene.run();
    await sleep(4000);
    await broker.restart();
    await scene.until(1);
    const { said, stop } = await engine;
    expect(said()).toContain('waiting for Kafka: no Kafka broker answers at');
    expect(await stop()).toBe(0);
    await scene.expectResults(reference);
  });
});
