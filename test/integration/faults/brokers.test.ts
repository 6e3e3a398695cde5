import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startOwnBroker } from '../kafka/broker.js';
import { broker, messages, reference, scene, setTheStage } from './stage.js';

const AWAY_MS = 30_000;
setTheStage(startOwnBroker);

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
