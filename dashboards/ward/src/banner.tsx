import type { Link } from './connection.js';
import { ageText, timeText } from './format.js';
import { Icon } from './icons.js';
import type { Ward } from './state.js';
import { wardText } from './ward-text.js';

interface BannerProps {
  readonly link: Link;
  /** For how long nothing has come; null while something does. */
  readonly quietMs: number | null;
  readonly ward: Pick<Ward, 'catchingUp' | 'elsewhere'>;
}

/** Says, before anything is read below, that it is not current. */
export function Banner({ link, quietMs, ward }: BannerProps) {
  const text = bannerText(link, quietMs) || wardText(ward);
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
