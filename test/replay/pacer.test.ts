import { describe, expect, it } from 'vitest';
import { Pacer } from '../../src/replay/pacer.js';
import { replay } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { openSource } from '../../src/sources/open-source.js';

/** Whether a promise is settled by the time all that is ready has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  return settled;
}

describe('the clock of a replay', () => {
  it('lets a moment happen when it is due, at the speed that is set', async () => {
    let now = 0;
    const pacer = new Pacer({ speed: 10, isPlaying: true }, () => now);
    expect(await pacer.reach(1000)).toBe(true);
    now = 99;
    const second = pacer.reach(2000);
    expect(await isSettled(second)).toBe(false);
    now = 100;
    pacer.play();
    // Played on from the first moment: it is due 100 ms later.
    expect(await isSettled(second)).toBe(false);
    pacer.setSpeed(null);
    expect(await second).toBe(true);
    expect(pacer.state).toMatchObject({ speed: null, time: 2000, from: 1000, isPlaying: true });
  });

  it('pauses, and steps from moment to moment', async () => {
    const pacer = new Pacer({ speed: null, isPlaying: false });
    const first = pacer.reach(1000);
    expect(await isSettled(first)).toBe(false);
    pacer.step();
    expect(await first).toBe(true);
    const second = pacer.reach(2000);
    expect(await isSettled(second)).toBe(false);
    pacer.play();
    expect(await second).toBe(true);
    pacer.pause();
    expect(await isSettled(pacer.reach(3000))).toBe(false);
  });

  it('runs ahead to a time, and stops where it is asked to', async () => {
    const pacer = new Pacer({ speed: 1, isPlaying: false });
    const arrived = pacer.runTo(5000);
    expect(await pacer.reach(1000)).toBe(true);
    expect(await pacer.reach(4000)).toBe(true);
    const there = pacer.reach(5000);
    await arrived;
    expect(await isSettled(there)).toBe(false);
    pacer.stop();
    expect(await there).toBe(false);
  });

  it('tells where it is when it has run ahead, also while it is paused', async () => {
    const pacer = new Pacer({ speed: 1, isPlaying: false });
    const times: number[] = [];
    pacer.changes$.subscribe(() => times.push(pacer.state.time));
    void pacer.runTo(2500);
    await pacer.reach(1000);
    await pacer.reach(2000);
    void pacer.reach(3000);
    expect(times.at(-1)).toBe(2000);
  });

  it('tells of changes, not of passing time', async () => {
    const pacer = new Pacer({ speed: null, isPlaying: true });
    const states: boolean[] = [];
    pacer.changes$.subscribe(({ isPlaying }) => states.push(isPlaying));
    await pacer.reach(1);
    await pacer.reach(2);
    pacer.pause();
    pacer.end();
    expect(states).toEqual([true, true, false, false]);
    expect(pacer.state.isAtEnd).toBe(true);
  });
});

it('a replay gives the same digests however it is paced, and ends early where it is stopped', async () => {
  const config = parseConfig({});
  const open = () => openSource('simulate:beds=3,hours=2,interval=300');
  const plain = await replay(open(), { config, speed: 'max' });
  const pacer = new Pacer({ speed: null, isPlaying: false });
  const paced = replay(open(), { config, speed: 'max', pace: pacer });
  for (let step = 0; step < 5; step++) pacer.step();
  pacer.play();
  const { scoresDigest, alertsDigest } = plain;
  expect(await paced).toMatchObject({ scoresDigest, alertsDigest });
  const stopped = new Pacer({ speed: null, isPlaying: false });
  const short = replay(open(), { config, speed: 'max', pace: stopped });
  stopped.step();
  stopped.step();
  setTimeout(() => stopped.stop(), 50);
  expect(await short).toMatchObject({ partial: true });
  expect((await short).scores).toBeLessThan(plain.scores);
});
