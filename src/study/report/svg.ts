import { html, type Markup } from './html.js';

export interface Line {
  readonly label: string;
  /** Points with a coordinate that is not finite are left out. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Joined, or single marks. */
  readonly kind?: 'line' | 'marks' | 'grey line';
  /** Vertical bars, one a point. */
  readonly bars?: readonly (readonly [low: number, high: number])[];
}

export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
}

interface Axis {
  readonly label: string;
  readonly range: readonly [low: number, high: number];
}

const WIDTH = 440;
const HEIGHT = 320;
const LEFT = 54;
const TOP = 26;
const PLOT_WIDTH = 370;
const PLOT_HEIGHT = 210;
const LEGEND_TOP = TOP + PLOT_HEIGHT + 46;
/** Okabe & Ito's colours, told apart by colour-blind readers; the dashes tell them apart in grey print. */
const STYLES = [
  ['#0072b2', ''],
  ['#d55e00', '7 3'],
  ['#009e73', '2 3'],
  ['#cc79a7', '9 3 2 3'],
  ['#000000', '4 4'],
] as const;
const GREY = ['#888888', '3 4'] as const;

/** A chart of lines as SVG, drawn here: it needs no script and no network. */
export function chart({ title, x, y, lines }: Chart): Markup {
  const across = (value: number) => LEFT + ((value - x.range[0]) / (x.range[1] - x.range[0])) * PLOT_WIDTH;
  const up = (value: number) => TOP + PLOT_HEIGHT * (1 - (value - y.range[0]) / (y.range[1] - y.range[0]));
  const inside = ([a, b]: readonly [number, number]) =>
    Number.isFinite(a) && Number.isFinite(b) && a >= x.range[0] && a <= x.range[1];
  const within = (value: number) => Math.min(Math.max(value, y.range[0]), y.range[1]);
  let coloured = 0;
  const drawn = lines.map((line, index) => {
    const [colour, dash] = line.kind === 'grey line' ? GREY : STYLES[coloured++ % STYLES.length];
    const points = line.points.filter(inside);
    const at = points.map(([a, b]) => `${round(across(a))},${round(up(within(b)))}`);
    const isLine = line.kind !== 'marks';
    const path = isLine
      ? html`<polyline points="${at.join(' ')}" fill="none" stroke="${colour}" stroke-width="1.8" stroke-dasharray="${dash}"/>`
      : html`${points.map(
          ([a, b]) =>
            html`<circle cx="${round(across(a))}" cy="${round(up(within(b)))}" r="4" fill="${colour}"/>`,
        )}`;
    const bars = (line.bars ?? []).map(([low, high], point) => {
      const place = line.points[point];
      if (!inside(place) || !Number.isFinite(low) || !Number.isFinite(high)) return html``;
      const at = round(across(place[0]));
      return html`<line x1="${at}" x2="${at}" y1="${round(up(within(low)))}" y2="${round(up(within(high)))}" stroke="${colour}" stroke-width="1.2"/>`;
    });
    const [column, row] = [index % 2, Math.floor(index / 2)];
    const [left, top] = [LEFT + column * 190, LEGEND_TOP + row * 15];
    const key = isLine
      ? html`<line x1="${left}" x2="${left + 24}" y1="${top - 4}" y2="${top - 4}" stroke="${colour}" stroke-width="1.8" stroke-dasharray="${dash}"/>`
      : html`<circle cx="${left + 12}" cy="${top - 4}" r="4" fill="${colour}"/>`;
    return html`${path}${bars}${key}<text x="${left + 30}" y="${top}">${line.label}</text>`;
  });
  const middle = TOP + PLOT_HEIGHT / 2;
  const height = Math.max(HEIGHT, LEGEND_TOP + 15 * (Math.ceil(lines.length / 2) - 1) + 8);
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">
<text x="${LEFT}" y="15" class="title">${title}</text>
${ticks(x.range).map((tick) => {
  const at = round(across(tick));
  return html`<line x1="${at}" x2="${at}" y1="${TOP}" y2="${TOP + PLOT_HEIGHT}" class="grid"/><text x="${at}" y="${TOP + PLOT_HEIGHT + 14}" text-anchor="middle">${label(tick)}</text>`;
})}
${ticks(y.range).map((tick) => {
  const at = round(up(tick));
  return html`<line x1="${LEFT}" x2="${LEFT + PLOT_WIDTH}" y1="${at}" y2="${at}" class="grid"/><text x="${LEFT - 6}" y="${at + 4}" text-anchor="end">${label(tick)}</text>`;
})}
<text x="${LEFT + PLOT_WIDTH / 2}" y="${TOP + PLOT_HEIGHT + 29}" text-anchor="middle">${x.label}</text>
<text x="13" y="${middle}" text-anchor="middle" transform="rotate(-90 13 ${middle})">${y.label}</text>
${drawn}</svg>`;
}

/** A row of a forest plot. */
export interface ForestRow {
  readonly label: string;
  readonly value: number;
  readonly interval: readonly [low: number, high: number];
}

/** Figures of groups with their intervals below each other, and a line at the overall figure. */
export function forest(title: string, axis: Axis, rows: readonly ForestRow[], overall: number): Markup {
  const height = 22 * rows.length + 62;
  const [left, width] = [190, 400];
  const clamp = (value: number) => Math.min(Math.max(value, axis.range[0]), axis.range[1]);
  const across = (value: number) =>
    round(left + ((clamp(value) - axis.range[0]) / (axis.range[1] - axis.range[0])) * width);
  const bottom = height - 34;
  return html`<svg class="forest" viewBox="0 0 620 ${height}" role="img" aria-label="${title}">
<text x="0" y="15" class="title">${title}</text>
${ticks(axis.range).map(
  (tick) =>
    html`<line x1="${across(tick)}" x2="${across(tick)}" y1="24" y2="${bottom}" class="grid"/><text x="${across(tick)}" y="${bottom + 14}" text-anchor="middle">${label(tick)}</text>`,
)}
${Number.isFinite(overall) ? html`<line x1="${across(overall)}" x2="${across(overall)}" y1="24" y2="${bottom}" stroke="#888888" stroke-dasharray="3 4"/>` : ''}
${rows.map(({ label: name, value, interval: [low, high] }, index) => {
  const at = 38 + 22 * index;
  if (!Number.isFinite(value)) return html`<text x="0" y="${at + 4}">${name} (not defined)</text>`;
  const bar =
    Number.isFinite(low) && Number.isFinite(high)
      ? html`<line x1="${across(low)}" x2="${across(high)}" y1="${at}" y2="${at}" stroke="#0072b2" stroke-width="1.6"/>`
      : html``;
  return html`<text x="0" y="${at + 4}">${name}</text>${bar}<circle cx="${across(value)}" cy="${at}" r="4" fill="#0072b2"/>`;
})}
<text x="${left + width / 2}" y="${height - 4}" text-anchor="middle">${axis.label}</text></svg>`;
}

/** Round numbers that cover a range, four to eight of them. */
export function ticks([low, high]: readonly [number, number]): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? rough;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * step);
}

function label(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Bars, each with its name below. */
export interface Bars {
  readonly title: string;
  readonly label: string;
  readonly unit: string;
  readonly bars: readonly { readonly label: string; readonly value: number }[];
}

/** A chart of bars as SVG. */
export function bars({ title, label: below, unit, bars: all }: Bars): Markup {
  const top = Math.max(1e-9, ...all.map(({ value }) => value).filter(Number.isFinite));
  const range = [0, top] as const;
  const wide = PLOT_WIDTH / Math.max(1, all.length);
  const up = (value: number) => TOP + PLOT_HEIGHT * (1 - value / top);
  const everyOther = Math.ceil(all.length / 12);
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${LEGEND_TOP}" role="img" aria-label="${title}">
<text x="${LEFT}" y="15" class="title">${title}</text>
${ticks(range).map((tick) => {
  const at = round(up(tick));
  return html`<line x1="${LEFT}" x2="${LEFT + PLOT_WIDTH}" y1="${at}" y2="${at}" class="grid"/><text x="${LEFT - 6}" y="${at + 4}" text-anchor="end">${label(tick)}</text>`;
})}
${all.map(({ label: name, value }, index) => {
  const height = Number.isFinite(value) ? (PLOT_HEIGHT * value) / top : 0;
  const at = LEFT + index * wide;
  const text =
    index % everyOther === 0
      ? html`<text x="${round(at + wide / 2)}" y="${TOP + PLOT_HEIGHT + 14}" text-anchor="middle">${name.split(' ')[0]}</text>`
      : html``;
  return html`<rect x="${round(at + 0.1 * wide)}" y="${round(TOP + PLOT_HEIGHT - height)}" width="${round(0.8 * wide)}" height="${round(height)}" fill="#0072b2"/>${text}`;
})}
<text x="${LEFT + PLOT_WIDTH / 2}" y="${TOP + PLOT_HEIGHT + 29}" text-anchor="middle">${below}</text>
<text x="13" y="${TOP + PLOT_HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 13 ${TOP + PLOT_HEIGHT / 2})">${unit}</text></svg>`;
}
