import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { within } from '../src/deadline.js';

const NEVER = new Promise<never>(() => undefined);
const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

describe('work with a deadline', () => {
  it('gives what it comes to in time, or fails as it does, and leaves no timer', async () => {
    const before = timers();
    expect(await within(60_000, Promise.resolve(7), () => null)).toBe(7);
    await expect(within(60_000, Promise.reject(new Error('broken')), () => null)).rejects.toThrow('broken');
    expect(timers()).toBe(before);
  });

  it('gives what is said of work that is late, or fails with it', async () => {
    expect(await within(1, NEVER, () => 'late')).toBe('late');
    const fail = () => {
      throw new Error('too long');
    };
    await expect(within(1, NEVER, fail)).rejects.toThrow('too long');
  });

  it('ends no process where late work fails', async () => {
    let fail: (error: Error) => void = () => undefined;
    const work = new Promise<never>((_, reject) => {
      fail = reject;
    });
    const unheard: unknown[] = [];
    const hear = (error: unknown) => unheard.push(error);
    process.on('unhandledRejection', hear);
    expect(await within(1, work, () => 'late')).toBe('late');
    fail(new Error('broken, later'));
    await sleep(5);
    process.off('unhandledRejection', hear);
    expect(unheard).toEqual([]);
  });
});
