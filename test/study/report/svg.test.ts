import { describe, expect, it } from 'vitest';
import { html, table } from '../../../src/study/report/html.js';
import { chart, forest, ticks } from '../../../src/study/report/svg.js';

describe('html', () => {
  it('escapes values, joins lists and leaves markup alone', () => {
    expect(html`<p>${'<b> & "c"'}${[1, html`<i>${"d'"}</i>`]}</p>`.text).toBe(
      '<p>&lt;b&gt; &amp; &quot;c&quot;1<i>d&#39;</i></p>',
    );
    expect(table(['a', 'b'], [['x', '<']]).text).toContain('<th scope="row">x</th><td>&lt;</td>');
  });
});

describe('ticks', () => {
  it('are round and lie within the range', () => {
    expect(ticks([0, 1])).toEqual([0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]);
    expect(ticks([0.5, 1]).map((tick) => Number(tick.toFixed(6)))).toEqual([0.5, 0.6, 0.7, 0.8, 0.9, 1]);
    expect(ticks([4, 50])).toEqual([10, 20, 30, 40, 50]);
    expect(ticks([-0.03, 0.13]).map((tick) => Number(tick.toFixed(6)))).toEqual([0, 0.05, 0.1]);
  });
});

describe('charts', () => {
  const axis = { label: 'x', range: [0, 10] as const };

  it('are as high as their legend needs', () => {
    const heightOf = (count: number) => {
      const lines = Array.from({ length: count }, (_, index) => ({ label: `L${index}`, points: [] }));
      const { text } = chart({ title: 'T', x: axis, y: { label: 'y', range: [0, 1] }, lines });
      const lowest = Math.max(...[...text.matchAll(/y="([\d.]+)">L\d+</g)].map(([, y]) => Number(y)));
      return [Number(/viewBox="0 0 440 (\d+)"/.exec(text)![1]), lowest];
    };
    for (const count of [1, 6, 7, 12]) {
      const [height, lowest] = heightOf(count);
      expect(height).toBeGreaterThanOrEqual(lowest);
    }
    expect(heightOf(6)[0]).toBe(heightOf(1)[0]);
  });

  it('place points, leave out what is not finite, and keep within the frame', () => {
    const { text } = chart({
      title: 'T',
      x: axis,
      y: { label: 'y', range: [0, 1] },
      lines: [
        {
          label: 'L',
          points: [
            [0, 0],
            [5, Number.NaN],
            [10, 2],
            [11, 1],
          ],
        },
      ],
    });
    expect(text).toContain('points="54,236 424,26"');
    expect(text).not.toContain('NaN');
  });

  it('say where a group has no figure', () => {
    const rows = [
      { label: 'few', value: Number.NaN, interval: [Number.NaN, Number.NaN] as const },
      { label: 'many', value: 5, interval: [4, 6] as const },
    ];
    const { text } = forest('F', axis, rows, 5);
    expect(text).toContain('few (not defined)');
    expect(text).not.toContain('NaN');
  });
});
