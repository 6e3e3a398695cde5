import { DAY_MS } from '../../../../src/durations.js';
import { dayText, minuteText, timeText } from '../format.js';
import { timeTicks, zoneOffset } from './ticks.js';
import type { Span } from './timeline.js';

interface TimeAxisProps {
  readonly span: Span;
  readonly cursor: number | null;
  readonly plotPx: number;
}

/** The time axis under all charts, in the viewer's zone; the reading line's time stands on it. */
export function TimeAxis({ span, cursor, plotPx }: TimeAxisProps) {
  const { from, to } = span;
  const left = (time: number) => ({ left: `${((100 * (time - from)) / (to - from)).toFixed(3)}%` });
  return (
    <div class="track axis">
      <div class="readout">
        <h3>Time</h3>
      </div>
      <div class="ticks">
        {timeTicks(span, plotPx).map((time) => (
          <span key={time} style={left(time)}>
            {isMidnight(time) ? dayText(time) : minuteText(time)}
          </span>
        ))}
        {cursor !== null && cursor >= from && cursor <= to && (
          <b style={left(cursor)} data-testid="reading">
            {timeText(cursor)}
          </b>
        )}
      </div>
    </div>
  );
}

function isMidnight(time: number): boolean {
  return (time + zoneOffset(time)) % DAY_MS === 0;
}
