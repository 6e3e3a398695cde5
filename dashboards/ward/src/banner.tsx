import type { Link } from './connection.js';
import { ageText, timeText } from './format.js';
import { Icon } from './icons.js';
import { wardNotLiveText } from './liveness.js';
import type { Ward } from './state.js';
import { catchingUpText, clockText, elsewhereText } from './ward-text.js';

interface BannerProps {
  readonly link: Link;
  /** For how long nothing has come; null while something does. */
  readonly quietMs: number | null;
  readonly ward: Pick<Ward, 'catchingUp' | 'elsewhere' | 'patients'>;
  /** How far the viewer's clock is ahead of the server's; 0: it is right. */
  readonly aheadMs: number;
}

/** Says, before anything is read below, that it is not current, or not all. */
export function Banner({ link, quietMs, ward, aheadMs }: BannerProps) {
  const catchingUp = catchingUpText(ward);
  const text = lostText(link) || catchingUp || wardNotLiveText(ward.patients) || quietText(quietMs);
  const aside = [clockText(aheadMs), elsewhereText(ward.elsewhere)].filter((each) => each !== '').join(' ');
  return (
    <>
      <div class="banner-place" role="alert">
        {text !== '' && (
          <p class="banner" data-testid="banner">
            <Icon name="warning" />
            {text}
          </p>
        )}
      </div>
      {aside !== '' && (
        <p class="banner aside" role="status" data-testid="aside">
          {aside}
        </p>
      )}
    </>
  );
}

function lostText(link: Link): string {
  if (link.kind !== 'lost') return '';
  return link.since === null
    ? 'No connection to the server. Reconnecting…'
    : `Connection lost at ${timeText(link.since)}. What is shown below is not current. Reconnecting…`;
}

function quietText(quietMs: number | null): string {
  return quietMs === null
    ? ''
    : `No new data for ${ageText(quietMs)}, though the server is connected. What is shown below is not current.`;
}
