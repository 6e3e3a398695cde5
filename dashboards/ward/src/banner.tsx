import type { Link } from './connection.js';
import { ageText, timeText } from './format.js';
import { Icon } from './icons.js';

/** Says, before anything is read below, that it is not current. */
export function Banner({ link, quietMs }: { readonly link: Link; readonly quietMs: number | null }) {
  const text = bannerText(link, quietMs);
  return (
    <div class="banner-place" role="alert">
      {text !== '' && (
        <p class="banner" data-testid="banner">
          <Icon name="warning" />
          {text}
        </p>
      )}
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
