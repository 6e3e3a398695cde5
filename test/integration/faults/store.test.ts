import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startBroker } from '../kafka/broker.js';
import { front, messages, reference, scene, setTheStage } from './stage.js';

const AWAY_MS = 60_000;
const MIB = 1_048_576;
setTheStage(startBroker);

const spool = (maxBytes: number) => ({
  spool: { directory: `${scene.directory}/spool`, maxBytes },
});

describe('ClickHouse', () => {
  it('that is not there yet when an engine starts is waited for, and the engine says so', async () => {
    await scene.produce(messages);
    await front.go();
    const engine = scene.run();
    await sleep(4000);
    expect((await scene.progress()).done).toBe(0);
    await front.come();
    const { said, stop } = await engine;
    await scene.until(1);
    expect(said()).toMatch(/waiting for the store: the store at .* cannot be opened.*the store is there/s);
    expect(await stop()).toBe(0);
    await scene.expectResults(reference);
  });

  it('that is away for a minute: results wait on disk, alerts go out, the input is read on', async () => {
    await scene.produce(messages);
    const engine = await scene.run({}, spool(64 * MIB));
    await front.go();
    const wentAway = performance.now();
    await scene.until(1);
    expect((await scene.results()).alerts.size).toBe(reference.alerts.size);
    expect(engine.said()).toContain('the store is away, alerts still push');
    await sleep(Math.max(0, AWAY_MS - (performance.now() - wentAway)));
    await front.come();
    const stored = () => scene.count('SELECT count() FROM scores FINAL');
    await expect.poll(stored, { timeout: 60_000, interval: 500 }).toBe(reference.scores);
    expect(await engine.stop()).toBe(0);
    await scene.expectResults(reference);
  });

  it('that is away when an engine is killed: the next process brings what waits on disk', async () => {
    await scene.produce(messages);
    const engine = await scene.run({}, spool(64 * MIB));
    await front.go();
    await scene.until(1);
    await engine.kill();
    await front.come();
    const next = await scene.run({}, spool(64 * MIB));
    const stored = () => scene.count('SELECT count() FROM scores FINAL');
    await expect.poll(stored, { timeout: 60_000, interval: 500 }).toBe(reference.scores);
    expect(await next.stop()).toBe(0);
    await scene.expectResults(reference);
  });

  it('that takes two seconds an insert loses nothing', async () => {
    await scene.produce(messages);
    const engine = await scene.run({}, spool(64 * MIB));
    front.delayMs = 2000;
    await scene.until(1);
    front.delayMs = 0;
    expect(await engine.stop()).toBe(0);
    await scene.expectResults(reference);
  });

  it('that is away with no room in the spool: reading stops, says so, and goes on when it is back', async () => {
    await scene.produce(messages);
    const engine = await scene.run({}, spool(256 * 1024));
    await front.go();
    await expect
      .poll(() => engine.said(), { timeout: 60_000 })
      .toContain('reading stops until the store is back or there is room: the spool in');
    await sleep(3000);
    expect((await scene.progress()).done).toBeLessThan((await scene.progress()).total);
    await front.come();
    await scene.until(1);
    expect(await engine.stop()).toBe(0);
    await scene.expectResults(reference);
  });
});

describe('an engine told to stop', () => {
  it('that cannot finish ends at its deadline, says so, and the next one finishes for it', async () => {
    await scene.produce(messages);
    const engine = await scene.run({ shutdown: { deadlineMs: 1500 } });
    await front.go();
    await expect.poll(() => engine.said(), { timeout: 60_000 }).toContain('the store is away');
    expect(await engine.stop()).toBe(1);
    expect(engine.said()).toContain('not finished within shutdown.deadlineMs (1500)');
    await front.come();
    const next = await scene.run();
    await scene.until(1);
    expect(await next.stop()).toBe(0);
    await scene.expectResults(reference);
  });
});
