import { describe, expect, it } from 'vitest';
import { Parts, untilStopped } from '../../src/app/parts.js';

const NEVER = new Promise<never>(() => undefined);

/** A part that notes when it is closed. */
function part(name: string, closed: string[], until: Promise<unknown> = Promise.resolve()) {
  return {
    close: async () => {
      await until;
      closed.push(name);
    },
  };
}

describe('the parts of a process', () => {
  it('are closed in the reverse order of their opening, also where one fails', async () => {
    const closed: string[] = [];
    const parts = new Parts();
    parts.keep(part('bus', closed));
    parts.keep({ close: () => Promise.reject(new Error('broken')) });
    parts.keep(part('server', closed));
    expect(await parts.close()).toBe(false);
    expect(closed).toEqual(['server', 'bus']);
  });

  it('do not keep a process that one of them does not let go', async () => {
    const parts = new Parts();
    parts.allow(50);
    parts.keep(part('socket', [], NEVER));
    expect(await parts.close()).toBe(false);
  });

  it('are closed at once where they are opened after the process was told to stop', async () => {
    const closed: string[] = [];
    const parts = new Parts();
    await parts.close();
    parts.keep(part('late', closed));
    await expect.poll(() => closed).toEqual(['late']);
  });
});

describe('a process', () => {
  it('ends when it is told to, whatever it is waiting for, and closes what is open', async () => {
    const closed: string[] = [];
    const parts = new Parts();
    parts.keep(part('bus', closed));
    await untilStopped(parts, Promise.resolve(), () => NEVER);
    expect(closed).toEqual(['bus']);
  });

  it('fails with what failed, and does not wait for the rest once it is told to stop', async () => {
    const parts = new Parts();
    parts.keep(part('socket', [], NEVER));
    parts.allow(60_000);
    const failure = new Error('the pipeline failed');
    let stop: () => void = () => undefined;
    const stopped = new Promise<void>((resolve) => {
      stop = resolve;
    });
    const ended = untilStopped(parts, stopped, async () => failure);
    setTimeout(() => stop(), 50);
    await expect(ended).rejects.toBe(failure);
    process.exitCode = undefined;
  });
});
