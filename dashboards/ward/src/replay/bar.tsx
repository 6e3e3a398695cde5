import { useRef, useState } from 'preact/hooks';
import { HOUR_MS, MINUTE_MS } from '../../../../src/durations.js';
import { commandReplay, faultText } from '../api.js';
import { momentText } from '../format.js';
import { Icon } from '../icons.js';
import type { ReplayCommand, ReplayState } from '../protocol.js';
import { eventsByPlace, speedText } from './replay.js';

const SPEEDS: readonly (number | null)[] = [1, 10, 60, 300, 1200, 3600, null];
/** The scrubber's step. */
const STEP_MS = MINUTE_MS;
/** A marker is approached from this long before it. */
const BEFORE_MS = 2 * HOUR_MS;

interface ReplayBarProps {
  readonly replay: ReplayState;
  /** Names a patient as the viewer knows them. */
  readonly nameOf: (patientId: string) => string;
}

/** Play, pause, speed and scrub of the history replayed, with a marker where something truly happened. */
export function ReplayBar({ replay, nameOf }: ReplayBarProps) {
  const { isPlaying, speed, time, from, isAtEnd, events } = replay;
  const to = Math.max(replay.to ?? time, time, from + STEP_MS);
  /** Where the viewer holds the scrubber; null: they do not. */
  const [held, setHeld] = useState<number | null>(null);
  const seeks = useRef(0);
  const [fault, setFault] = useState('');
  const send = (command: ReplayCommand) =>
    commandReplay(command).then(
      () => setFault(''),
      (error: unknown) => setFault(faultText(error)),
    );
  const seek = async (target: number) => {
    const mine = ++seeks.current;
    setHeld(target);
    await send({ command: 'seek', time: Math.min(to, Math.max(from, target)) });
    // Another seek may have begun since: then it holds the scrubber.
    if (mine === seeks.current) setHeld(null);
  };
  return (
    <section class="replay" aria-label="Replay" data-testid="replay">
      <b class="badge">Replay</b>
      <button
        type="button"
        class="primary"
        aria-disabled={isAtEnd}
        onClick={() => void send({ command: isPlaying ? 'pause' : 'play' })}
      >
        <Icon name={isPlaying ? 'pause' : 'play'} />
        {isPlaying ? 'Pause' : 'Play'}
      </button>
      <select
        aria-label="Speed"
        value={String(speed)}
        onChange={({ currentTarget: { value } }) =>
          void send({ command: 'speed', speed: value === 'null' ? null : Number(value) })
        }
      >
        {(SPEEDS.includes(speed) ? SPEEDS : [...SPEEDS, speed]).map((each) => (
          <option key={String(each)} value={String(each)}>
            {speedText(each)}
          </option>
        ))}
      </select>
      <div class="scrub">
        <ul aria-label="What truly happened">
          {eventsByPlace(events, from, to).map(({ at, events: these }) => {
            const [first] = these;
            const more = these.length > 1 ? ` and ${these.length - 1} more` : '';
            const text = `${nameOf(first.patientId)}: ${first.label}, ${momentText(first.time)}${more}`;
            return (
              <li
                key={`${first.patientId} ${first.kind} ${first.time}`}
                style={{ left: `${(100 * at).toFixed(2)}%` }}
              >
                <button
                  type="button"
                  aria-label={`Go to two hours before ${text}`}
                  title={text}
                  onClick={() => void seek(first.time - BEFORE_MS)}
                >
                  <Icon name="flag" />
                </button>
              </li>
            );
          })}
        </ul>
        <input
          type="range"
          aria-label="Time"
          aria-valuetext={momentText(held ?? time)}
          min={from}
          max={to}
          step={STEP_MS}
          value={held ?? time}
          onInput={({ currentTarget: { value } }) => setHeld(Number(value))}
          onChange={({ currentTarget: { value } }) => void seek(Number(value))}
        />
      </div>
      <span class="at">
        <b>{momentText(held ?? time)}</b> of {momentText(to)}
        {held !== null ? ' · going there…' : isAtEnd && ' · at the end'}
      </span>
      {fault !== '' && (
        <span class="fault" role="alert">
          {fault}
        </span>
      )}
    </section>
  );
}
