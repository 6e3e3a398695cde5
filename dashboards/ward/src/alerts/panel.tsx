import { titleOf } from '../../../../src/contract/amounts.js';
import { LAYERS, layerOf } from '../../../../src/contract/layers.js';
import { crossingText, sinceText, stateText } from '../format.js';
import type { Place } from '../place.js';
import type { Act, AlertView } from '../protocol.js';
import { Shape } from '../shape.js';
import { bedName, isActive, isTechnical, sortByUrgency, toneOf } from '../state.js';
import { LAYER_TEXT } from './filter.js';
import { useSending } from './sending.js';

/** How alerts are acted on. */
export interface Actions {
  /** False while nothing can be sent. */
  readonly canAct: boolean;
  readonly onAct: (alertId: string, what: Act) => Promise<unknown>;
}

interface PanelProps {
  readonly alerts: readonly AlertView[];
  /** What stands where no alert is open. */
  readonly emptyText: string;
  readonly now: number;
  readonly go: (place: Place) => void;
  readonly actions: Actions;
}

/** The open alerts beside the beds, by what they are about: of each what waits for someone first. */
export function AlertPanel({ alerts, emptyText, now, go, actions }: PanelProps) {
  const shown = LAYERS.map((layer) => ({
    layer,
    items: sortByUrgency(alerts.filter((alert) => layerOf(alert) === layer)),
  })).filter(({ items }) => items.length > 0);
  return (
    <aside class="panel" aria-label="Open alerts">
      {!shown.some(({ layer }) => layer !== 'technical') && (
        <>
          <h2>Open alerts</h2>
          <p class="empty">{emptyText}</p>
        </>
      )}
      {shown.map(({ layer, items }) => (
        <section key={layer} aria-label={`Alerts: ${LAYER_TEXT[layer]}`}>
          <h2>
            {LAYER_TEXT[layer]} <span class="count">{items.length}</span>
          </h2>
          <ul>
            {items.map((alert) => (
              <PanelItem key={alert.alertId} alert={alert} now={now} go={go} actions={actions} />
            ))}
          </ul>
        </section>
      ))}
    </aside>
  );
}

function PanelItem({
  alert,
  now,
  go,
  actions,
}: Omit<PanelProps, 'alerts' | 'emptyText'> & { readonly alert: AlertView }) {
  const active = isActive(alert);
  const title = `${bedName(alert)}: ${titleOf(alert)}`;
  return (
    <li class={`alert ${toneOf(alert)} ${active ? 'active' : 'quiet'}`} data-testid="alert-item">
      <p class="state">
        <Shape priority={alert.priority} filled={active} />
        <b>{alert.priority}</b> {stateText(alert)} · {sinceText(alert, now)}
      </p>
      <h3>
        <button type="button" class="link" onClick={() => go({ view: 'alerts', alertId: alert.alertId })}>
          {title}
        </button>
      </h3>
      <div class="foot">
        <p class="crossing">{crossingText(alert)}</p>
        {active && !isTechnical(alert) && <Acknowledge alert={alert} title={title} actions={actions} />}
      </div>
    </li>
  );
}

interface AcknowledgeProps {
  readonly alert: AlertView;
  /** What is acknowledged, for those who do not see the item around the button. */
  readonly title: string;
  readonly actions: Actions;
}

/** The button of one alert. It waits for the alert's new state, not just for the server's answer. */
export function Acknowledge({ alert, title, actions }: AcknowledgeProps) {
  const { pending, fault, send } = useSending(alert, actions);
  return (
    <>
      <button
        type="button"
        aria-label={`Acknowledge ${title}`}
        aria-disabled={pending || !actions.canAct}
        onClick={() => void send({ action: 'ACKNOWLEDGE' })}
      >
        {pending ? 'Acknowledging…' : 'Acknowledge'}
      </button>
      {fault !== '' && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
    </>
  );
}
