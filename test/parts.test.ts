import { describe, expect, it } from 'vitest';
import { Parts, withParts } from '../src/parts.js';

/** Something that is opened, and notes when it is closed. */
function part(name: string, closed: string[]) {
  return { close: async () => void closed.push(name) };
}

const BROKEN = { close: () => Promise.reject(new Error('broken')) };

describe('parts', () => {
  it('are closed in the reverse order of their opening, also where one fails', async () => {
    const closed: string[] = [];
    const faults: unknown[] = [];
    const parts = new Parts();
    parts.keep(part('bus', closed));
    parts.keep(BROKEN);
    parts.keep(part('server', closed));
    await parts.close((error) => faults.push(error));
    expect(closed).toEqual(['server', 'bus']);
    expect(faults).toEqual([new Error('broken')]);
  });

  it('are not closed where another part does it', async () => {
    const closed: string[] = [];
    const parts = new Parts();
    const store = parts.keep(part('store', closed));
    parts.keep(part('bus', closed));
    parts.handOn(store);
    await parts.close(() => undefined);
    expect(closed).toEqual(['bus']);
  });

  it('are closed at once where they are opened while the others are closed', async () => {
    const closed: string[] = [];
    const parts = new Parts();
    await parts.close(() => undefined);
    parts.keep(part('late', closed));
    await expect.poll(() => closed).toEqual(['late']);
  });
});

describe('work with parts', () => {
  it('gives its result when they are closed', async () => {
    const closed: string[] = [];
    const result = await withParts(async (parts) => {
      parts.keep(part('bus', closed));
      return 7;
    });
    expect([result, closed]).toEqual([7, ['bus']]);
  });

  it('fails where it fails, or else where they do, and closes all of them', async () => {
    const closed: string[] = [];
    const work = (parts: Parts) => {
      parts.keep(part('bus', closed));
      parts.keep(BROKEN);
    };
    await expect(withParts(async (parts) => work(parts))).rejects.toThrow('broken');
    const failing = withParts(async (parts) => {
      work(parts);
      throw new Error('the work');
    });
    await expect(failing).rejects.toThrow('the work');
    expect(closed).toEqual(['bus', 'bus']);
  });
});
