import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RecentIds } from '../../src/align/recent-ids.js';

it('knows exactly the newest ids, as a plain list would', () => {
  const capacity = 8;
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 200 }), (ids) => {
      const recent = new RecentIds(capacity);
      const model: string[] = [];
      for (const each of ids) {
        const id = `message-${each}`;
        const isNew = !model.includes(id);
        expect(recent.add(id)).toBe(isNew);
        if (isNew) model.push(id);
        if (model.length > capacity) model.shift();
      }
    }),
  );
});
