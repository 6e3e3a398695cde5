import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withOldName, withPresentName } from '../../src/contract/old-names.js';

const shape = fc.record({ before: fc.integer(), mortality: fc.double(), after: fc.string() });

describe('the risk of death', () => {
  it('has both its names when it is told or kept, and its present one when it is read, fields in their order', () => {
    fc.assert(
      fc.property(shape, (one) => {
        const both = withOldName(one);
        expect(both).toEqual({ ...one, risk: one.mortality });
        expect(Object.entries(withPresentName(both))).toEqual(Object.entries(one));
        expect(withPresentName(one)).toBe(one);
      }),
    );
  });

  it('is read under the name of version 0.1, in its place', () => {
    const kept = { before: 1, risk: 0.3, after: 'x' } as unknown as { mortality: number };
    expect(Object.entries(withPresentName(kept))).toEqual([
      ['before', 1],
      ['mortality', 0.3],
      ['after', 'x'],
    ]);
    expect(withPresentName({ risk: null } as unknown as { mortality: null })).toEqual({ mortality: null });
  });
});
