import type { Link } from './connection.js';
import { ageText, clockText, timeText } from './format.js';
import type { AlertView } from './protocol.js';
import { Shape } from './shape.js';
import { isActive, type Order, PRIORITIES } from './ward.js';

const LINK_TEXT: Readonly<Record<Link['kind'], string>> = {
  connecting: 'Connecting…',
  live: 'Live',
  lost: 'Connection lost',
  refused: 'Refused',
  incompatible: 'Incompatible',
};

interface TopProps {
  readonly name: string;
  readonly clock: number;
  readonly link: Link;
  readonly alerts: readonly AlertView[];
  readonly order: Order;
  readonly onOrder: (order: Order) => void;
}

/** The head of the page: which ward, at what time, how connected, how many alerts. */
export function Top({ name, clock, link, alerts, order, onOrder }: TopProps) {
  return (
    <header class="top">
      <h1>{name}</h1>
      <time class="clock">{clock > 0 ? clockText(clock) : 'no data yet'}</time>
      <ul class="counts" aria-label="Open alerts by priority">
        {PRIORITIES.map((priority) => {
          const ofPriority = alerts.filter((alert) => alert.priority === priority);
          return (
            <li key={priority} class={`${priority.toLowerCase()}${ofPriority.length > 0 ? '' : ' zero'}`}>
              <Shape priority={priority} filled={ofPriority.some(isActive)} />
              <b>{ofPriority.length}</b> {priority.toLowerCase()}
            </li>
          );
        })}
      </ul>
      <fieldset class="order">
        <legend>Sort</legend>
        {(['risk', 'bed'] as const).map((each) => (
          <button key={each} type="button" aria-pressed={order === each} onClick={() => onOrder(each)}>
            By {each}
          </button>
        ))}
      </fieldset>
      <output class={`connection ${link.kind}`} data-testid="connection">
        <span class="dot" />
        {LINK_TEXT[link.kind]}
      </output>
    </header>
  );
}

/** Says, before anything is read below, that it is not current. */
export function Banner({ link, quietMs }: { readonly link: Link; readonly quietMs: number | null }) {
  const text = bannerText(link, quietMs);
  return (
    <div class="banner-place" role="alert">
      {text !== '' && <p class="banner">{text}</p>}
    </div>
  );
}

function bannerText(link: Link, quietMs: number | null): string {
  if (link.kind === 'lost') {
    return link.since === null
      ? 'No connection to the server. Reconnecting…'
      : `Connection lost at ${timeText(link.since)}. What is shown below is not current. Reconnecting…`;
  }
  return quietMs === null
    ? ''
    : `No new data for ${ageText(quietMs)}, though the server is connected. What is shown below is not current.`;
}
