import { titleOf } from '../../../../src/contract/amounts.js';
import { sinceText } from '../format.js';
import type { Place } from '../place.js';
import type { AlertView } from '../protocol.js';
import { Shape } from '../shape.js';
import { bedName, isActive, sortByUrgency, toneOf } from '../state.js';

interface AlertStripProps {
  readonly alerts: readonly AlertView[];
  readonly now: number;
  /** Null on a display nobody touches. */
  readonly go: ((place: Place) => void) | null;
}

/** The alerts that wait for someone in one line, most urgent first; what does not fit is in the tiles and the list. */
export function AlertStrip({ alerts, now, go }: AlertStripProps) {
  const waiting = sortByUrgency(alerts.filter(isActive));
  if (waiting.length === 0) return <span class="strip" />;
  return (
    <ul class="strip" aria-label="Alerts that wait for someone">
      {waiting.map((alert) => (
        <li key={alert.alertId} class={`band ${toneOf(alert)}`}>
          {go === null ? (
            <StripText alert={alert} now={now} />
          ) : (
            <button type="button" onClick={() => go({ view: 'alerts', alertId: alert.alertId })}>
              <StripText alert={alert} now={now} />
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

function StripText({ alert, now }: { readonly alert: AlertView; readonly now: number }) {
  return (
    <>
      <Shape priority={alert.priority} filled />
      <b>{bedName(alert)}</b> {titleOf(alert)} <span class="since">{sinceText(alert, now)}</span>
    </>
  );
}
