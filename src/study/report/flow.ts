import type { Flow } from '../cohort.js';
import { html, type Markup } from './html.js';

const WIDTH = 640;
const BOX = 250;
const LINE = 17;

/** The flow of stays as a diagram: what entered on the left, what left it and why on the right. */
export function flowDiagram({ source, excluded, withoutOutcome, withoutScore, evaluated }: Flow): Markup {
  const leaving = [
    { label: 'set aside by the source', rows: excluded.filter(({ count }) => count > 0) },
    { label: 'no outcome', rows: withoutOutcome > 0 ? [{ what: 'no outcome', count: withoutOutcome }] : [] },
    {
      label: 'nothing measured',
      rows: withoutScore > 0 ? [{ what: 'no score within 48 h', count: withoutScore }] : [],
    },
  ];
  let left = source;
  let y = 6;
  const parts: Markup[] = [];
  y += 2 * LINE;
  for (const { label, rows } of leaving) {
    const lines = rows.length === 0 ? [`${label}: 0`] : rows.map(({ what, count }) => `${what}: ${count}`);
    const height = (lines.length + 1) * LINE;
    const middle = y + 8 + height / 2;
    left -= rows.reduce((sum, { count }) => sum + count, 0);
    parts.push(html`<path d="M131 ${middle} H372" class="arrow"/>`, box(372, y + 8, lines));
    y += height + 16;
  }
  parts.unshift(
    html`<path d="M131 ${2 * LINE - 4} V${y}" class="arrow"/>`,
    box(6, 6, [`stays in the source: ${source}`]),
  );
  parts.push(box(6, y, [`evaluated: ${evaluated}`]));
  const rest = left === evaluated ? '' : `${left} by count`;
  return html`<svg class="forest" viewBox="0 0 ${WIDTH} ${y + 2 * LINE + 6}" role="img" aria-label="Flow of stays ${rest}">${parts}</svg>`;
}

function box(x: number, y: number, lines: readonly string[]): Markup {
  const height = (lines.length + 1) * LINE - 4;
  return html`<rect x="${x}" y="${y}" width="${BOX}" height="${height}" rx="4" fill="#fff" stroke="#555"/>${lines.map(
    (line, index) => html`<text x="${x + 10}" y="${y + 19 + index * LINE}">${line}</text>`,
  )}`;
}
