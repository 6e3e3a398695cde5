import type { Link } from './connection.js';
import { dateText, timeText, zoneText } from './format.js';
import { Icon } from './icons.js';
import type { DataState } from './liveness.js';
import { ALERTS, type Place, WARD } from './place.js';
import type { AlertView, PatientView } from './protocol.js';
import type { Settings } from './settings.js';
import { Shape } from './shape.js';
import { isActive, isTechnical, PRIORITIES, wardName } from './state.js';

const LINK_TEXT: Readonly<Record<Link['kind'], string>> = {
  connecting: 'Connecting…',
  live: 'Connected',
  lost: 'Connection lost',
  refused: 'Refused',
  incompatible: 'Incompatible',
  closed: 'Closed',
};
const THEMES = ['auto', 'light', 'dark'] as const;

interface HeaderProps {
  readonly patients: readonly PatientView[];
  readonly clock: number;
  readonly link: Link;
  /** How it stands with the data. */
  readonly data: DataState;
  readonly alerts: readonly AlertView[];
  readonly place: Place;
  readonly go: (place: Place) => void;
  readonly isWall: boolean;
  readonly settings: Settings;
  readonly change: (change: Partial<Settings>) => void;
  readonly soundBlocked: boolean;
}

/** The head of the page: which ward, at what time, how connected, how many alerts, and where to go. */
export function Header(props: HeaderProps) {
  const { patients, clock, link, data, alerts, place, go, isWall } = props;
  const waiting = alerts.filter(isActive).length;
  const technical = alerts.filter(isTechnical);
  const clinical = alerts.filter((alert) => !isTechnical(alert));
  return (
    <header class="top">
      <h1>{wardName(patients)}</h1>
      <Clock clock={clock} />
      {!isWall && (
        <nav aria-label="Views">
          <button
            type="button"
            aria-current={place.view === 'alerts' ? undefined : 'page'}
            onClick={() => go(WARD)}
          >
            Beds <span class="count">{patients.length}</span>
          </button>
          <button
            type="button"
            aria-current={place.view === 'alerts' ? 'page' : undefined}
            onClick={() => go(ALERTS)}
          >
            Alerts <span class={waiting > 0 ? 'count waiting' : 'count'}>{waiting}</span>
          </button>
        </nav>
      )}
      <ul class="counts" aria-label="Open alerts by priority">
        {PRIORITIES.map((priority) => {
          const ofPriority = clinical.filter((alert) => alert.priority === priority);
          const active = ofPriority.some(isActive);
          const tone = ofPriority.length === 0 ? 'zero' : active ? 'active' : 'quiet';
          return (
            <li key={priority} class={`chip ${priority.toLowerCase()} ${tone}`}>
              <Shape priority={priority} filled={active} />
              <b>{ofPriority.length}</b> {priority.toLowerCase()}
            </li>
          );
        })}
        {technical.length > 0 && (
          <li class="chip technical active">
            <Icon name="warning" />
            <b>{technical.length}</b> technical
          </li>
        )}
      </ul>
      <span class="space" />
      <Controls {...props} />
      <output class={`connection ${link.kind}`} data-testid="connection">
        <span class="dot" />
        {LINK_TEXT[link.kind]}
      </output>
      <output class={`data ${data.kind}`} data-testid="data">
        {data.kind === 'not-live' && <Icon name="warning" />}
        {data.text}
      </output>
    </header>
  );
}

function Clock({ clock }: { readonly clock: number }) {
  if (clock === 0) return <span class="clock">no data yet</span>;
  return (
    <time class="clock" dateTime={new Date(clock).toISOString()}>
      <b>{timeText(clock)}</b>
      <span>{dateText(clock)}</span>
      <span class="zone">{zoneText(clock)}</span>
    </time>
  );
}

function Controls({ place, isWall, settings, change, soundBlocked, alerts }: HeaderProps) {
  const { order, sound, theme } = settings;
  const isMissed = (!sound || soundBlocked) && alerts.some(isActive);
  const soundText = sound ? (soundBlocked ? 'Sound blocked' : 'Sound on') : 'Muted';
  if (isWall) return sound && !soundBlocked ? null : <span class="sound missed">{soundText}</span>;
  return (
    <>
      {place.view === 'ward' && (
        <fieldset class="segmented">
          <legend>Sort beds</legend>
          {(['urgency', 'bed'] as const).map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={order === each}
              onClick={() => change({ order: each })}
            >
              By {each}
            </button>
          ))}
        </fieldset>
      )}
      <button
        type="button"
        class={isMissed ? 'sound missed' : 'sound'}
        aria-pressed={sound}
        title={soundBlocked ? 'The browser lets a page sound only after a click or a key.' : undefined}
        onClick={() => soundBlocked || change({ sound: !sound })}
      >
        <Icon name={sound && !soundBlocked ? 'soundOn' : 'soundOff'} />
        {soundText}
      </button>
      <button
        type="button"
        class="plain"
        aria-label={`Colours: ${theme}. Change`}
        title={`Colours: ${theme}`}
        onClick={() => change({ theme: THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] })}
      >
        <Icon name={theme} />
      </button>
    </>
  );
}
