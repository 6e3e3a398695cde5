import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { AlertMessage } from '../../../src/events/messages.js';
import { acknowledge, connect, NO_WARD, takeToken, type Ward } from './connection.js';
import { PRIORITIES, SHAPES, Tile } from './tile.js';
import './style.css';

const RULES: Record<string, string> = {
  'risk-high': 'High risk of death in hospital',
  'risk-elevated': 'Raised risk of death in hospital',
  'news2-emergency': 'NEWS2 at emergency level',
};

function App({ token }: { readonly token: string }) {
  const [ward, setWard] = useState<Ward>(NO_WARD);
  const [byBed, setByBed] = useState(false);
  useEffect(() => connect(token, setWard), [token]);
  const patients = [...ward.patients.values()].sort((a, b) =>
    byBed ? (a.bedId ?? '').localeCompare(b.bedId ?? '') : (b.risk ?? -1) - (a.risk ?? -1),
  );
  const alerts = [...ward.alerts.values()].sort((a, b) => b.onsetTime - a.onsetTime);
  return (
    <div class={ward.connected ? 'page' : 'page lost'}>
      <header class="top">
        <h1>Wardstream</h1>
        <span>{patients[0]?.wardId ?? ''}</span>
        <time>{ward.clock > 0 ? new Date(ward.clock).toLocaleString() : '–'}</time>
        {PRIORITIES.map((priority) => (
          <span key={priority} class={`count ${priority.toLowerCase()}`}>
            {SHAPES[priority]} {alerts.filter((alert) => alert.priority === priority).length}{' '}
            {priority.toLowerCase()}
          </span>
        ))}
        <button type="button" onClick={() => setByBed(!byBed)}>
          Sort by {byBed ? 'risk' : 'bed'}
        </button>
        <output class="connection" data-testid="connection">
          {ward.connected ? '● live' : '○ connection lost: the data are not current'}
        </output>
      </header>
      <main data-testid="ward">
        {patients.map((patient) => (
          <Tile
            key={patient.patientId}
            patient={patient}
            alerts={alerts.filter(({ patientId }) => patientId === patient.patientId)}
            clock={ward.clock}
          />
        ))}
      </main>
      <aside aria-label="Alerts">
        <h2>Alerts</h2>
        <ul>
          {alerts.map((alert) => (
            <AlertItem key={alert.alertId} alert={alert} />
          ))}
        </ul>
        {alerts.length === 0 && <p>No open alert.</p>}
      </aside>
      <footer class="bottom">
        Decision support under evaluation. Not a cleared medical device.{' '}
        <span>Model {ward.modelVersion}</span>
      </footer>
    </div>
  );
}

function AlertItem({ alert }: { readonly alert: AlertMessage }) {
  const [fault, setFault] = useState('');
  const evidence = alert.evidence
    .slice(0, 5)
    .map(({ variable, value, unit }) => `${variable} ${Number(value.toFixed(1))} ${unit}`);
  const canAcknowledge = alert.state === 'RAISED' || alert.state === 'ESCALATED';
  return (
    <li class={alert.priority.toLowerCase()} data-testid="alert-item">
      <strong>
        {SHAPES[alert.priority]} {alert.bedId ?? alert.patientId}: {RULES[alert.rule] ?? alert.rule}
      </strong>
      <span>
        {alert.priority.toLowerCase()} · {alert.state.toLowerCase()}
        {alert.actor ? ` by ${alert.actor}` : ''} · since {new Date(alert.onsetTime).toLocaleTimeString()} ·
        risk {(100 * alert.risk).toFixed(0)} %
      </span>
      <small>{evidence.join(' · ')}</small>
      {canAcknowledge && (
        <button
          type="button"
          onClick={() => acknowledge(alert.alertId).catch((error: Error) => setFault(error.message))}
        >
          Acknowledge
        </button>
      )}
      {fault !== '' && <em role="alert">{fault}</em>}
    </li>
  );
}

const root = document.getElementById('app');
const token = takeToken();
if (root !== null) {
  render(
    token === null ? (
      <p class="notice">
        This page needs an access token. Open the address that wardstream printed when it started.
      </p>
    ) : (
      <App token={token} />
    ),
    root,
  );
}
