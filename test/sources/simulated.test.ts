import { expect, it } from 'vitest';
import { openSource } from '../../src/sources/open-source.js';

async function read(from: string, limit?: number, keep?: (id: string) => boolean) {
  const source = openSource(from, limit, undefined, keep);
  const keys = new Set<string>();
  for await (const { key } of source.messages()) keys.add(key);
  return { source, keys };
}

it('a simulated ward is a source whose patients become worse when the plan says', async () => {
  const { source, keys } = await read('simulate:beds=12,hours=6,seed=3,interval=600');
  expect(keys.size).toBe(12);
  expect(source.total).toBe(12);
  const { byPatient } = (await source.labels?.())!;
  expect([...byPatient.keys()].every((id) => keys.has(id))).toBe(true);
  const worse = [...byPatient.values()].filter(({ happened }) => happened);
  expect(worse.length).toBeGreaterThan(0);
  expect(worse.every(({ onsetMs }) => onsetMs !== null && onsetMs >= 0 && onsetMs <= 6 * 3_600_000)).toBe(
    true,
  );
});

it('it is the same for fewer beds and for a share of the patients', async () => {
  expect((await read('simulate:hours=1', 3)).keys.size).toBe(3);
  const { keys } = await read('simulate:beds=4,hours=1', undefined, (id) => id.endsWith('1'));
  expect(keys.size).toBe(1);
});

it.each(['simulate:bed=3', 'simulate:beds', 'simulate:beds=-1', 'simulate:beds=x'])(
  '%s is no ward',
  (from) => {
    expect(() => openSource(from)).toThrow('is no setting; use beds=N,hours=N');
  },
);
