import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startBroker } from '../kafka/broker.js';
import { messages, middle, reference, scene, setTheStage } from './stage.js';

setTheStage(startBroker);

describe('engines that share a group', () => {
  it('lose and repeat nothing when one of three is killed in mid-stream, then another', async () => {
    await scene.produce(messages);
    const engines = await Promise.all([scene.run(), scene.run(), scene.run()]);
    await scene.until(0.2);
    await engines[0].kill();
    await scene.until(0.5);
    await engines[1].kill();
    await scene.until(1);
    await scene.stored();
    expect(await engines[2].stop()).toBe(0);
    await scene.expectResults(reference);
  });

  it('are replaced one by one', async () => {
    await scene.produce(messages);
    const old = await Promise.all([scene.run(), scene.run()]);
    for (const [index, engine] of old.entries()) {
      await scene.until(0.2 + 0.2 * index);
      const [code] = await Promise.all([engine.stop(), scene.run()]);
      expect(code).toBe(0);
    }
    await scene.until(1);
    await scene.expectResults(reference);
  });

  it('share 12 partitions among one, three and two processes', async () => {
    await scene.produce(messages);
    const first = await scene.run();
    await scene.until(0.1);
    const others = await Promise.all([scene.run(), scene.run()]);
    await expect.poll(() => scene.shares(), { timeout: 60_000, interval: 200 }).toEqual([4, 4, 4]);
    expect(await others[0].stop()).toBe(0);
    await expect.poll(() => scene.shares(), { timeout: 60_000, interval: 200 }).toEqual([6, 6]);
    await scene.until(1);
    for (const engine of [first, others[1]]) expect(await engine.stop()).toBe(0);
    await scene.expectResults(reference);
  });
});

describe('engines with names in the group', () => {
  // A session that outlasts a restart on a busy machine.
  const named = (groupInstanceId: string) =>
    scene.run({ bus: { ...scene.bus, groupInstanceId, sessionTimeoutMs: 15_000 } });
  /** The ids of the members and their partitions; the broker begins an id with the member's name. */
  const of = async (name: string) => {
    const members = [...(await scene.members())].filter(([id]) => id.startsWith(`${name}-`));
    expect(members).toHaveLength(1);
    return { id: members[0][0], partitions: members[0][1] };
  };

  it('keep their partitions over a restart, and lose them only when they stay away', async () => {
    await scene.produce(messages);
    const [one, two] = await Promise.all([named('one'), named('two')]);
    await expect.poll(() => scene.shares(), { timeout: 60_000, interval: 200 }).toEqual([6, 6]);
    const before = { one: await of('one'), two: await of('two') };
    await scene.until(0.2);
    expect(await two.stop()).toBe(0);
    expect(await scene.shares()).toEqual([6, 6]);
    const again = await named('two');
    await expect.poll(async () => (await of('two')).id, { timeout: 20_000 }).not.toBe(before.two.id);
    expect(await of('one')).toEqual(before.one);
    expect((await of('two')).partitions).toEqual(before.two.partitions);
    await scene.until(0.6);
    await again.kill();
    await expect.poll(() => scene.shares(), { timeout: 60_000, interval: 200 }).toEqual([12]);
    await scene.until(1);
    expect(await one.stop()).toBe(0);
    await scene.expectResults(reference);
  });

  it('may not share one: the first ends and says why, and nothing is lost', async () => {
    await scene.produce(messages);
    const first = await named('one');
    await scene.until(0.2);
    const ended = new Promise((done) => first.child.once('exit', done));
    const second = await named('one');
    expect(await ended).toBe(1);
    expect(first.said()).toContain('another process has joined the group as one');
    await scene.until(1);
    expect(await second.stop()).toBe(0);
    await scene.expectResults(reference);
  });
});

describe('an engine that is frozen past its session and woken', () => {
  it('has lost its partitions, writes nothing over the state of those who took over, and takes its share again', async () => {
    await scene.produce(messages.slice(0, middle));
    const sleeper = await scene.run();
    const heir = await scene.run();
    await scene.until(0.15);
    sleeper.child.kill('SIGSTOP');
    await scene.until(1);
    sleeper.child.kill('SIGCONT');
    await expect.poll(() => scene.shares(), { timeout: 60_000, interval: 200 }).toEqual([6, 6]);
    // Some checkpoints of the woken one.
    await sleep(1500);
    for (const engine of [heir, sleeper]) expect(await engine.stop()).toBe(0);
    // What it left in the state topic is what the rest of the stream begins from.
    await scene.produce(messages.slice(middle));
    const last = await scene.run();
    await scene.until(1);
    expect(await last.stop()).toBe(0);
    await scene.expectResults(reference);
  });
});
