import { useEffect, useRef, useState } from 'preact/hooks';
import { crossingText, evidenceText, onsetText, ruleText } from './format.js';
import type { AlertView } from './protocol.js';
import { Shape } from './shape.js';
import { bedName, isActive } from './ward.js';

/** How long after the server took an acknowledgement its effect is awaited. */
const CONFIRM_MS = 10_000;

interface AlertsProps {
  /** Newest first. */
  readonly alerts: readonly AlertView[];
  readonly now: number;
  /** False while nothing can be sent. */
  readonly canAct: boolean;
  readonly onAcknowledge: (alertId: string) => Promise<void>;
}

/** The open alerts of the ward. */
export function Alerts({ alerts, ...rest }: AlertsProps) {
  return (
    <aside aria-labelledby="alerts-title">
      <h2 id="alerts-title">Alerts</h2>
      {alerts.length === 0 && <p class="empty">No open alert.</p>}
      <ul>
        {alerts.map((alert) => (
          <AlertItem key={alert.alertId} alert={alert} {...rest} />
        ))}
      </ul>
    </aside>
  );
}

function AlertItem({
  alert,
  now,
  canAct,
  onAcknowledge,
}: Omit<AlertsProps, 'alerts'> & { alert: AlertView }) {
  const active = isActive(alert);
  const by = alert.actor === null ? '' : ` by ${alert.actor}`;
  const title = `${bedName(alert)}: ${ruleText(alert.rule)}`;
  return (
    <li
      class={`alert ${alert.priority.toLowerCase()} ${active ? 'active' : 'quiet'}`}
      data-testid="alert-item"
    >
      <p class="state">
        <Shape priority={alert.priority} filled={active} />
        <b>{alert.priority}</b> {`${alert.state.toLowerCase()}${by}`}
      </p>
      <h3>{title}</h3>
      <p>
        since {onsetText(alert.onsetTime, now)} · {crossingText(alert)}
      </p>
      <EvidenceLine alert={alert} />
      <Acknowledge
        active={active}
        canAct={canAct}
        title={title}
        onAcknowledge={() => onAcknowledge(alert.alertId)}
      />
    </li>
  );
}

/** The values it rests on, with their ages then; two lines that open to all of it. */
function EvidenceLine({ alert }: { readonly alert: AlertView }) {
  return (
    <details class="evidence">
      <summary>{alert.evidence.map(evidenceText).join(' · ') || 'No values at that time.'}</summary>
    </details>
  );
}

interface AcknowledgeProps {
  readonly active: boolean;
  readonly canAct: boolean;
  /** What is acknowledged, for those who do not see the item around the button. */
  readonly title: string;
  readonly onAcknowledge: () => Promise<void>;
}

/** The button of one alert. It waits for the alert's new state, not just for the server's answer. */
function Acknowledge({ active, canAct, title, onAcknowledge }: AcknowledgeProps) {
  const [pending, setPending] = useState(false);
  const [fault, setFault] = useState('');
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const settle = (message: string) => {
    clearTimeout(timer.current);
    setPending(false);
    setFault(message);
  };
  useEffect(() => settle(''), [active]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const press = async () => {
    if (pending || !canAct) return;
    setPending(true);
    setFault('');
    timer.current = setTimeout(() => settle('Not confirmed yet. Try again.'), CONFIRM_MS);
    try {
      await onAcknowledge();
    } catch (error) {
      settle(error instanceof Error ? error.message : 'Not acknowledged. Try again.');
    }
  };
  return (
    <>
      {active && (
        <button
          type="button"
          aria-label={`Acknowledge ${title}`}
          aria-disabled={pending || !canAct}
          onClick={press}
        >
          {pending ? 'Acknowledging…' : 'Acknowledge'}
        </button>
      )}
      {fault !== '' && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
    </>
  );
}
