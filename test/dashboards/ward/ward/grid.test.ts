import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GAP_PX, gridFor, panelFits } from '../../../../dashboards/ward/src/ward/grid.js';

/** What is left of a screen for the tiles: head, strip of alerts and foot take the rest. */
const HD = { width: 1896, height: 930 };

describe('gridFor', () => {
  it.each([12, 16, 24, 32, 48])('shows %i beds on 1920 × 1080 without scrolling', (beds) => {
    const { columns, rowHeight, fontPx } = gridFor(beds, HD.width, HD.height);
    expect(rowHeight).toBeNull();
    expect(fontPx).toBeGreaterThanOrEqual(12.5);
    expect(columns * Math.ceil(beds / columns)).toBeGreaterThanOrEqual(beds);
  });

  it('makes tiles as large as they can be: no other number of columns gives larger text', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 320, max: 4000 }),
        fc.integer({ min: 300, max: 2200 }),
        (beds, width, height) => {
          const grid = gridFor(beds, width, height);
          expect(grid.columns).toBeGreaterThanOrEqual(1);
          expect(grid.fontPx).toBeGreaterThan(0);
          const tile = (width - GAP_PX * (grid.columns - 1)) / grid.columns;
          // Text never needs more width than its tile has.
          expect(grid.fontPx * 17).toBeLessThanOrEqual(tile);
        },
      ),
    );
  });

  it('scrolls rather than make text unreadable', () => {
    const { rowHeight, fontPx } = gridFor(48, 1000, 500);
    expect(rowHeight).toBeGreaterThan(100);
    expect(fontPx).toBe(11);
  });

  it('shows one column on a narrow screen', () => {
    expect(gridFor(16, 360, 640).columns).toBe(1);
  });
});

describe('panelFits', () => {
  it('leaves the list of alerts out where the beds would become too small beside it', () => {
    expect(panelFits(16, HD.width, HD.height, 296)).toBe(true);
    expect(panelFits(48, HD.width, HD.height, 296)).toBe(false);
  });
});
