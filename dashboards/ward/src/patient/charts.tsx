import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useSize } from '../hooks.js';
import type { AlertView, Timeline } from '../protocol.js';
import { AXIS_PX, type ChartEvents, EDGE_PX, type Palette, TrackChart } from './chart.js';
import { Lane } from './lane.js';
import { type AlertSpan, alertSpansOf, type Mark, marksOf } from './marks.js';
import { readPalette } from './palette.js';
import { Readout } from './readout.js';
import { StateLane } from './state-lane.js';
import { TimeAxis } from './time-axis.js';
import { pan, type Span, zoom } from './timeline.js';
import { type Track, tracksOf } from './tracks.js';

/** Width of the names and read-outs left of the charts, in CSS pixels; the same as in patient.css. */
const LABEL_PX = 176;
const ZOOM_STEP = 1.5;
const PAN_STEP = 0.25;
/** Steps of the reading line over the span, by keyboard. */
const READING_STEPS = 60;
const NO_ALERTS: readonly AlertSpan[] = [];

interface ChartsProps {
  readonly timeline: Timeline;
  /** Newest records of the patient's open alerts. */
  readonly open: readonly AlertView[];
  readonly truth: readonly Mark[];
  readonly span: Span;
  readonly now: number;
  readonly theme: string;
  readonly onSpan: (span: Span) => void;
  readonly onMark: (mark: Mark) => void;
}

/** The stack of charts on one time axis, with one reading line through all of them. */
export function Charts({ timeline, open, truth, span, now, theme, onSpan, onMark }: ChartsProps) {
  const [place, { width }] = useSize<HTMLDivElement>();
  const [cursor, setCursor] = useState<number | null>(null);
  const palette = usePalette(theme);
  const tracks = useMemo(() => tracksOf(timeline), [timeline]);
  const marks = useMemo(() => [...marksOf(timeline), ...truth], [timeline, truth]);
  const alerts = useMemo(() => alertSpansOf(timeline.alerts, open), [timeline, open]);
  const plotPx = Math.max(0, width - LABEL_PX);
  const latest = useRef({ span, now, onSpan });
  latest.current = { span, now, onSpan };
  const events = useMemo<ChartEvents>(
    () => ({ onCursor: setCursor, onSpan: (next) => latest.current.onSpan(next) }),
    [],
  );
  useWheel(place, latest);
  const onKeyDown = (event: KeyboardEvent) => {
    const next = spanByKey(event, span, now);
    const reading = next === null ? readingByKey(event, span, cursor) : undefined;
    if (next === null && reading === undefined) return;
    event.preventDefault();
    if (next !== null) onSpan(next);
    if (reading !== undefined) setCursor(reading);
  };
  return (
    <div
      class="tracks"
      ref={place}
      role="application"
      aria-label="Charts. Arrow keys move the reading line, with Shift they move through time; plus and minus zoom."
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the charts are operated by keyboard
      tabIndex={0}
      onKeyDown={onKeyDown}
      data-testid="charts"
    >
      {plotPx > 0 && (
        <>
          <Lane marks={marks} span={span} plotPx={plotPx - AXIS_PX - EDGE_PX} onMark={onMark} />
          <StateLane states={timeline.states} span={span} now={now} />
          {tracks.map((track) => (
            <div key={track.id} class={`track ${track.kind}`}>
              <Readout track={track} time={cursor} now={now} spanMs={span.to - span.from} />
              <Chart
                key={theme}
                track={track}
                span={span}
                now={now}
                width={plotPx}
                palette={palette}
                events={events}
                alerts={track.kind === 'risk' ? alerts : NO_ALERTS}
              />
            </div>
          ))}
          <TimeAxis span={span} cursor={cursor} plotPx={plotPx - AXIS_PX - EDGE_PX} />
          {cursor !== null && cursor >= span.from && cursor <= span.to && (
            <span
              class="reading"
              style={{
                left: `${LABEL_PX + AXIS_PX + ((cursor - span.from) / (span.to - span.from)) * (plotPx - AXIS_PX - EDGE_PX)}px`,
              }}
            />
          )}
        </>
      )}
    </div>
  );
}

interface ChartProps {
  readonly track: Track;
  readonly span: Span;
  readonly now: number;
  readonly width: number;
  readonly palette: Palette;
  readonly events: ChartEvents;
  readonly alerts: readonly AlertSpan[];
}

function Chart({ track, span, now, width, palette, events, alerts }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<TrackChart | undefined>(undefined);
  const shape = `${track.id} ${track.lines.map(({ id, low }) => id + (low === undefined ? '' : '±')).join(' ')}`;
  useEffect(() => {
    if (place.current === null) return;
    const drawn = new TrackChart(place.current, track, span, width, palette, events);
    chart.current = drawn;
    return () => drawn.destroy();
  }, [shape, palette, events]);
  useEffect(() => chart.current?.resize(width), [width]);
  useEffect(
    () => chart.current?.update(track, span, alerts, now),
    [shape, palette, track, span, alerts, now],
  );
  return <div class="plot" ref={place} style={{ height: `${track.height}px` }} aria-hidden="true" />;
}

/** The colours, read anew when the scheme changes. */
function usePalette(theme: string): Palette {
  const [scheme, setScheme] = useState(0);
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)');
    const onChange = () => setScheme((count) => count + 1);
    query.addEventListener('change', onChange);
    return () => query.removeEventListener('change', onChange);
  }, []);
  return useMemo(readPalette, [theme, scheme]);
}

interface Latest {
  readonly span: Span;
  readonly now: number;
  readonly onSpan: (span: Span) => void;
}

/** Ctrl and wheel zoom about the pointer, Shift and wheel move through time; the wheel alone scrolls the page. */
function useWheel(
  place: { readonly current: HTMLElement | null },
  latest: { readonly current: Latest },
): void {
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const onWheel = (event: WheelEvent) => {
      const { span, now, onSpan } = latest.current;
      const by = event.deltaY || event.deltaX;
      if (by === 0 || !(event.ctrlKey || event.shiftKey)) return;
      event.preventDefault();
      if (event.shiftKey) {
        onSpan(pan(span, 0.1 * Math.sign(by), now));
        return;
      }
      const { left, width } = element.getBoundingClientRect();
      const start = left + LABEL_PX + AXIS_PX;
      const part = (event.clientX - start) / (width - LABEL_PX - AXIS_PX - EDGE_PX);
      const about = span.from + Math.min(1, Math.max(0, part)) * (span.to - span.from);
      onSpan(zoom(span, by > 0 ? 1.2 : 1 / 1.2, about));
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [place, latest]);
}

function spanByKey({ key, shiftKey }: KeyboardEvent, span: Span, now: number): Span | null {
  if (key === '+' || key === '=') return zoom(span, 1 / ZOOM_STEP, span.to);
  if (key === '-') return zoom(span, ZOOM_STEP, span.to);
  if (!shiftKey) return null;
  if (key === 'ArrowLeft') return pan(span, -PAN_STEP, now);
  return key === 'ArrowRight' ? pan(span, PAN_STEP, now) : null;
}

/** Where a key moves the reading line; undefined: it does not. */
function readingByKey(
  { key }: KeyboardEvent,
  { from, to }: Span,
  at: number | null,
): number | null | undefined {
  const step = (to - from) / READING_STEPS;
  if (key === 'ArrowLeft') return Math.max(from, (at ?? to) - step);
  if (key === 'ArrowRight') return Math.min(to, (at ?? from) + step);
  return key === 'Escape' && at !== null ? null : undefined;
}
