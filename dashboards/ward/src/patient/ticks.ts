import { HOUR_MS, MINUTE_MS } from '../../../../src/durations.js';
import type { Span } from './timeline.js';

/** Room a label of the time axis needs, in CSS pixels. */
const LABEL_PX = 84;
const STEPS: readonly number[] = [2, 5, 10, 15, 30]
  .map((minutes) => minutes * MINUTE_MS)
  .concat([1, 2, 3, 4, 6, 12, 24].map((hours) => hours * HOUR_MS));

/** Round times of day in the viewer's zone within a span, at most about `count` of them. `offsetMs`: local time minus UTC. */
export function ticksOf({ from, to }: Span, count: number, offsetMs: number): number[] {
  const step = STEPS.find((each) => (to - from) / each <= count) ?? STEPS[STEPS.length - 1];
  const ticks: number[] = [];
  for (let time = Math.ceil((from + offsetMs) / step) * step - offsetMs; time <= to; time += step)
    ticks.push(time);
  return ticks;
}

/** The ticks of a time axis `width` CSS pixels wide, in the viewer's zone. */
export function timeTicks(span: Span, width: number): number[] {
  return ticksOf(span, Math.max(1, width / LABEL_PX), zoneOffset(span.to));
}

/** Local time minus UTC at a time, in ms. */
export function zoneOffset(time: number): number {
  return -MINUTE_MS * new Date(time).getTimezoneOffset();
}
