import { shortAgeText } from '../format.js';
import { Icon } from '../icons.js';
import { reasonText } from '../standing.js';
import { doubtsNear } from './doubts.js';
import { indexAt } from './timeline.js';
import type { Line, Track } from './tracks.js';

interface ReadoutProps {
  readonly track: Track;
  /** Time of the reading line; null: the newest values. */
  readonly time: number | null;
  readonly now: number;
  /** Length of the span shown, in ms. */
  readonly spanMs: number;
}

/** The name of a track and the values of its lines at a time, each with its age then. */
export function Readout({ track, time, now, spanMs }: ReadoutProps) {
  const doubts = time === null ? [] : doubtsNear(track.doubted, time, spanMs);
  const { label, unit, lines, decimals } = track;
  return (
    <div class="readout">
      <h3>
        {label} <small>{unit}</small>
      </h3>
      <ul>
        {lines.map((line, index) => (
          <LineValue
            key={line.id}
            line={line}
            place={index}
            at={time ?? now}
            decimals={decimals}
            gapMs={track.gapMs}
          />
        ))}
      </ul>
      {doubts.map(({ line, value, reason }) => (
        <p key={line} class="doubted">
          <Icon name="doubt" /> <b>{value.toFixed(decimals)}</b> {lines[line].name} not used:{' '}
          {reasonText(reason)}
        </p>
      ))}
    </div>
  );
}

interface LineValueProps {
  readonly line: Line;
  readonly place: number;
  readonly at: number;
  readonly decimals: number;
  readonly gapMs: number;
}

function LineValue({ line, place, at, decimals, gapMs }: LineValueProps) {
  const index = indexAt(line.times, at);
  const age = index < 0 ? null : Math.max(0, at - line.times[index]);
  const isOld = age !== null && age > gapMs;
  return (
    <li class={isOld ? 'old' : ''}>
      {line.name !== '' && <span class={`key series-${place + 1}`}>{line.name}</span>}
      <b>{index < 0 ? '–' : line.values[index].toFixed(decimals)}</b>
      {place === 0 && age !== null && (
        <span class="note">
          {shortAgeText(age)}
          {isOld && ' old'}
        </span>
      )}
    </li>
  );
}
