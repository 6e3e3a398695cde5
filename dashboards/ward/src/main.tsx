import { type ComponentChildren, render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Alerts } from './alerts.js';
import { acknowledge, Connection, NO_FEED, takeToken } from './connection.js';
import { ruleText } from './format.js';
import { Banner, Top } from './header.js';
import { type AlertView, NOTICE, PROTOCOL_VERSION } from './protocol.js';
import { riskCeiling } from './sparkline.js';
import { Tile } from './tile.js';
import { STALE_MS } from './vitals.js';
import {
  alertsByPatient,
  bedName,
  isActive,
  type Order,
  sortAlerts,
  sortPatients,
  wardName,
} from './ward.js';
import './style.css';

/** Ages are redrawn this often where no frame does it. */
const TICK_MS = 5000;
const OPEN_AGAIN = 'Open the address that wardstream printed when it started.';

function App({ token }: { readonly token: string }) {
  const [feed, setFeed] = useState(NO_FEED);
  const [order, setOrder] = useState<Order>('risk');
  const wallNow = useWallClock();
  useEffect(() => {
    const connection = new Connection(token, setFeed);
    return () => connection.close();
  }, [token]);

  const { link, ward } = feed;
  if (link.kind === 'refused') {
    return <Message title="The server did not accept the access token.">{OPEN_AGAIN}</Message>;
  }
  if (link.kind === 'incompatible') {
    const versions = `The server speaks version ${link.version}, this page version ${PROTOCOL_VERSION}.`;
    return (
      <Message title="This page does not fit the server.">
        {versions} Reload the page to get the new one.
      </Message>
    );
  }
  // While the stream's clock stands still, ages go on: a feed that stopped must not look current.
  const quietMs = ward.clock === 0 ? 0 : Math.max(0, wallNow - feed.clockMovedAt);
  const now = ward.clock + quietMs;
  const isQuiet = quietMs > STALE_MS;
  const isCurrent = link.kind !== 'lost' && !isQuiet;
  const patients = sortPatients(ward.patients.values(), order);
  const alerts = sortAlerts(ward.alerts.values());
  const byPatient = alertsByPatient(alerts);
  const ceiling = riskCeiling(patients);
  return (
    <div class={isCurrent ? 'page' : 'page lost'}>
      <Top
        name={wardName(patients)}
        clock={ward.clock}
        link={link}
        alerts={alerts}
        order={order}
        onOrder={setOrder}
      />
      <Banner link={link} quietMs={isQuiet ? quietMs : null} />
      <main data-testid="ward">
        {patients.length === 0 && <p class="empty">{emptyText(link.kind === 'live')}</p>}
        <ul class="beds">
          {patients.map((patient) => (
            <Tile
              key={patient.patientId}
              patient={patient}
              alerts={byPatient.get(patient.patientId) ?? []}
              now={now}
              ceiling={ceiling}
            />
          ))}
        </ul>
      </main>
      <Alerts
        alerts={alerts}
        now={now}
        canAct={link.kind === 'live'}
        onAcknowledge={(alertId) => acknowledge(token, alertId)}
      />
      <footer class="bottom">
        <span>{NOTICE}</span>
        {ward.modelVersion !== '' && <span>Model {ward.modelVersion}</span>}
      </footer>
      <Announcer alerts={alerts} />
    </div>
  );
}

/** Tells those who do not see the page of the newest alert that waits for someone. */
function Announcer({ alerts }: { readonly alerts: readonly AlertView[] }) {
  const newest = alerts.find(isActive);
  useEffect(() => {
    const waiting = alerts.filter(isActive).length;
    document.title = waiting === 0 ? 'Wardstream' : `(${waiting}) Wardstream`;
  }, [alerts]);
  return (
    <p class="unseen" role="status">
      {newest && `${newest.priority.toLowerCase()} alert, ${bedName(newest)}: ${ruleText(newest.rule)}`}
    </p>
  );
}

function Message({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <main class="message">
      <div role="alert">
        <h1>{title}</h1>
        <p>{children}</p>
      </div>
    </main>
  );
}

function emptyText(live: boolean): string {
  return live ? 'No patient on this ward.' : 'Waiting for the first data.';
}

/** The viewer's time, at each render and at least every `TICK_MS`. */
function useWallClock(): number {
  const [, tick] = useState(0);
  useEffect(() => {
    const interval = setInterval(() => tick((count) => count + 1), TICK_MS);
    return () => clearInterval(interval);
  }, []);
  return Date.now();
}

/** Draws the page for the token at hand. */
function start(root: HTMLElement): void {
  const token = takeToken();
  const page =
    token === null ? (
      <Message title="This page needs an access token.">{OPEN_AGAIN}</Message>
    ) : (
      <App key={token} token={token} />
    );
  render(page, root);
}

const root = document.getElementById('app');
if (root !== null) {
  start(root);
  // An address with a new token, opened in this tab, changes only the fragment and loads nothing.
  addEventListener('hashchange', () => start(root));
}
