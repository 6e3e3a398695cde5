import { afterEach, describe, expect, it } from 'vitest';
import { type Life, untilStopped } from '../../src/app/life.js';

const NEVER = new Promise<never>(() => undefined);

afterEach(() => {
  process.exitCode = undefined;
});

/** Something that is opened, and notes when it is closed. */
function part(name: string, closed: string[]) {
  return { close: async () => void closed.push(name) };
}

/** A request to stop that can be made. */
function stopping(): { readonly stop: Promise<void>; now(): void } {
  let now: () => void = () => undefined;
  const stop = new Promise<void>((resolve) => {
    now = resolve;
  });
  return { stop, now };
}

describe('a process', () => {
  it('ends when it is told to, whatever it is waiting for, and closes what is open', async () => {
    const closed: string[] = [];
    await untilStopped(Promise.resolve(), ({ parts }) => {
      parts.keep(part('bus', closed));
      return NEVER;
    });
    expect(closed).toEqual(['bus']);
    expect(process.exitCode).toBeUndefined();
  });

  it('ends when its work is done', async () => {
    const closed: string[] = [];
    await untilStopped(NEVER, async ({ parts }) => {
      parts.keep(part('bus', closed));
      return null;
    });
    expect(closed).toEqual(['bus']);
  });

  it('closes at once what is opened after it was told to stop', async () => {
    const closed: string[] = [];
    const { stop, now } = stopping();
    let life: Life | undefined;
    const ended = untilStopped(stop, (given) => {
      life = given;
      return NEVER;
    });
    now();
    await ended;
    life?.parts.keep(part('late', closed));
    await expect.poll(() => closed).toEqual(['late']);
  });

  it('is not kept by a part that does not close, and says so in its exit code', async () => {
    await untilStopped(NEVER, async ({ parts, allow }) => {
      parts.keep({ close: () => NEVER });
      allow(50);
      return null;
    });
    expect(process.exitCode).toBe(1);
  });

  it('says in its exit code that a part failed to close', async () => {
    await untilStopped(NEVER, async ({ parts }) => {
      parts.keep({ close: () => Promise.reject(new Error('broken')) });
      return null;
    });
    expect(process.exitCode).toBe(1);
  });

  it('fails with what failed, and does not wait for the rest once it is told to stop', async () => {
    const failure = new Error('the pipeline failed');
    const { stop, now } = stopping();
    const ended = untilStopped(stop, async ({ parts, allow }) => {
      parts.keep({ close: () => NEVER });
      allow(60_000);
      return failure;
    });
    setTimeout(now, 50);
    await expect(ended).rejects.toBe(failure);
  });
});
