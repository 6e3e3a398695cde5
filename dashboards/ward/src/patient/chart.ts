import uPlot from 'uplot';
import { HOUR_MS } from '../../../../src/durations.js';
import { drawDoubts } from './doubt-marks.js';
import type { AlertSpan } from './marks.js';
import { timeTicks } from './ticks.js';
import type { Span } from './timeline.js';
import { columnsOf, type Line, type Track } from './tracks.js';

/** What a chart is drawn in; canvas needs colours in full. */
export interface Palette {
  readonly ink: string;
  readonly soft: string;
  readonly line: string;
  readonly series: readonly string[];
  readonly area: string;
  readonly priorities: Readonly<Record<'HIGH' | 'MEDIUM' | 'LOW', string>>;
}

/** What a chart tells of its use. */
export interface ChartEvents {
  /** The time under the pointer, ms since the epoch; null when it leaves. */
  readonly onCursor: (time: number | null) => void;
  /** The viewer chose another span. */
  readonly onSpan: (span: Span) => void;
}

/** Width of the value axis in CSS pixels: the same for all, so that the time axes align. */
export const AXIS_PX = 44;
/** Free space at the right edge of the plot in CSS pixels. */
export const EDGE_PX = 8;
/** Lines that may be silent for longer than this are of single values. */
const SPARSE_MS = HOUR_MS;
const SYNC_KEY = 'patient';
const FONT = '11px "Inter Variable", system-ui, sans-serif';

/** One chart of the stack over uPlot: it follows the span it is given and draws a track. */
export class TrackChart {
  readonly #plot: uPlot;
  #track: Track;
  #alerts: readonly AlertSpan[] = [];
  #now = 0;

  constructor(
    place: HTMLElement,
    track: Track,
    span: Span,
    width: number,
    palette: Palette,
    events: ChartEvents,
  ) {
    this.#track = track;
    const options: uPlot.Options = {
      width,
      height: track.height,
      padding: [6, EDGE_PX, 4, 0],
      legend: { show: false },
      cursor: cursorOptions(events),
      scales: {
        x: { time: true, min: span.from / 1000, max: span.to / 1000 },
        y: { range: (_, low, high) => rangeOf(this.#track, low, high) },
      },
      axes: axesOf(palette, track.height),
      series: seriesOf(track, palette),
      ...(hasSpread(track) ? { bands: bandsOf(track, palette) } : {}),
      hooks: {
        setSelect: [(plot) => reportSelection(plot, events)],
        setCursor: [(plot) => reportCursor(plot, events)],
        drawAxes: [(plot) => this.#drawAlerts(plot, palette)],
        draw: [(plot) => drawDoubts(plot, this.#track, palette)],
      },
    };
    this.#plot = new uPlot(options, dataOf(track), place);
  }

  /** Shows another state of the same track over another span. */
  update(track: Track, span: Span, alerts: readonly AlertSpan[], now: number): void {
    const isNew = track !== this.#track;
    this.#track = track;
    this.#alerts = alerts;
    this.#now = now;
    this.#plot.batch(() => {
      if (isNew) this.#plot.setData(dataOf(track), false);
      this.#plot.setScale('x', { min: span.from / 1000, max: span.to / 1000 });
    });
  }

  resize(width: number): void {
    this.#plot.setSize({ width, height: this.#track.height });
  }

  destroy(): void {
    this.#plot.destroy();
  }

  /** A bar along the upper edge for as long as each alert was open. */
  #drawAlerts(plot: uPlot, palette: Palette): void {
    const { ctx, bbox } = plot;
    const height = 5 * devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const { alert, from, to } of this.#alerts) {
      const left = plot.valToPos(from / 1000, 'x', true);
      const right = plot.valToPos((to ?? this.#now) / 1000, 'x', true);
      const row = ['HIGH', 'MEDIUM', 'LOW'].indexOf(alert.priority);
      ctx.fillStyle = palette.priorities[alert.priority];
      ctx.fillRect(left, bbox.top + row * (height + devicePixelRatio), Math.max(2, right - left), height);
    }
    ctx.restore();
  }
}

function hasSpread({ lines }: Track): boolean {
  return lines.some(({ low }) => low !== undefined);
}

function dataOf(track: Track): uPlot.AlignedData {
  const { lines, gapMs } = track;
  const [axis, ...columns] = columnsOf(lines, gapMs, ({ values }) => values);
  if (!hasSpread(track)) return [axis, ...columns];
  const edges = (pick: (line: Line) => readonly number[]) =>
    columnsOf(lines, gapMs, pick).slice(1) as typeof columns;
  const lows = edges(({ low, values }) => low ?? values);
  const highs = edges(({ high, values }) => high ?? values);
  return [axis, ...columns, ...lows, ...highs];
}

function seriesOf(track: Track, palette: Palette): uPlot.Series[] {
  const { lines, kind, gapMs } = track;
  const isLab = kind === 'lab';
  // Values that come by the hour must be seen even where there is only one.
  const isSparse = isLab || gapMs > SPARSE_MS;
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const shown = lines.map((_, index): uPlot.Series => {
    const stroke = palette.series[index % palette.series.length];
    return {
      stroke,
      width: 1.6,
      points: { show: isSparse, size: isLab ? 6 : 4, fill: stroke, stroke },
      ...(isLab && stepped !== undefined ? { paths: stepped, dash: [3, 3], width: 1 } : {}),
      ...(kind === 'risk' && index === 0 ? { fill: palette.area } : {}),
    };
  });
  const hidden = lines.map(
    (): uPlot.Series => ({ stroke: 'transparent', width: 0, points: { show: false } }),
  );
  return [{}, ...shown, ...(hasSpread(track) ? [...hidden, ...hidden] : [])];
}

function bandsOf({ lines }: Track, palette: Palette): uPlot.Band[] {
  const count = lines.length;
  return lines.map((_, index) => ({
    series: [1 + 2 * count + index, 1 + count + index],
    fill: palette.area,
  }));
}

function axesOf(palette: Palette, height: number): uPlot.Axis[] {
  const grid = { stroke: palette.line, width: 1 };
  return [
    {
      grid,
      ticks: { show: false },
      size: 0,
      splits: (plot, _, from, to) =>
        timeTicks({ from: 1000 * from, to: 1000 * to }, plot.width - AXIS_PX).map((time) => time / 1000),
      values: (_, splits) => splits.map(() => ''),
    },
    {
      grid,
      ticks: { show: false },
      size: AXIS_PX,
      gap: 4,
      font: FONT,
      stroke: palette.soft,
      space: Math.min(40, height / 2.6),
    },
  ];
}

function cursorOptions(events: ChartEvents): uPlot.Cursor {
  return {
    y: false,
    drag: { x: true, y: false, setScale: false, dist: 6 },
    sync: { key: SYNC_KEY, scales: ['x', null], setSeries: false },
    points: { size: 7 },
    bind: {
      dblclick: () => () => null,
      mouseleave: (_, __, handler) => (event) => {
        events.onCursor(null);
        handler(event);
        return null;
      },
    },
  };
}

function reportSelection(plot: uPlot, { onSpan }: ChartEvents): void {
  const { left, width } = plot.select;
  if (width < 1) return;
  onSpan({ from: 1000 * plot.posToVal(left, 'x'), to: 1000 * plot.posToVal(left + width, 'x') });
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

function reportCursor(plot: uPlot, { onCursor }: ChartEvents): void {
  // A chart that only follows another has no event of its own.
  const { left, event } = plot.cursor;
  if (event !== undefined && left !== undefined && left >= 0) onCursor(1000 * plot.posToVal(left, 'x'));
}

function rangeOf(
  { range: [least, most], kind }: Track,
  low: number | null,
  high: number | null,
): uPlot.Range.MinMax {
  const bottom = Math.min(least, low ?? least);
  const top = Math.max(most, high ?? most);
  const spare = 0.06 * (top - bottom);
  return kind === 'risk' ? [0, Math.min(100, top + spare)] : [bottom - spare, top + spare];
}
