import { useEffect } from 'preact/hooks';
import { titleOf } from '../../../src/contract/amounts.js';
import { Inbox } from './alerts/inbox.js';
import { Banner } from './banner.js';
import { clockAheadMs, serverNow } from './clock.js';
import type { WardFeed } from './connection.js';
import { Header } from './header.js';
import { useAlarm, useFeed, usePlace, useSettings, useWallClock } from './hooks.js';
import { dataStateOf, patienceForAll } from './liveness.js';
import { Message, OPEN_AGAIN } from './message.js';
import { PatientPage } from './patient/patient.js';
import { type Act, type AlertView, NOTICE, PROTOCOL_VERSION } from './protocol.js';
import { ReplayBar } from './replay/bar.js';
import { truthOf } from './replay/replay.js';
import { bedName, isActive, PRIORITIES, sortAlerts, sortPatients, withBeds } from './state.js';
import { absenceText, emptyText, noAlertText } from './ward/empty.js';
import { WardPage } from './ward/ward.js';

/** Ages are redrawn this often where no frame does it. */
const TICK_MS = 5000;
/** A tile's ages are of this granularity, so that a tile of which nothing changed is not drawn again. */
const AGE_STEP_MS = 15_000;

interface AppProps {
  readonly source: WardFeed;
  /** A display nobody touches: no controls, larger tiles. */
  readonly isWall: boolean;
}

/** The page: its head, the place the viewer is at, its foot. */
export function App({ source, isWall }: AppProps) {
  const { client } = source;
  const feed = useFeed(source);
  const [place, go] = usePlace();
  const [settings, change] = useSettings();
  const wallNow = useWallClock(TICK_MS);
  const { link, ward } = feed;
  const alerts = sortAlerts(withBeds(ward.alerts.values(), ward.patients));
  const isLost = link.kind === 'lost';
  // While the stream's clock stands still, ages go on: a feed that stopped must not look current. A live stream goes by the server's time.
  // A replay may stand still because someone stopped it.
  const stands = ward.clock === 0 || (ward.replay !== null && !isLost);
  const elapsedMs =
    feed.server === null
      ? wallNow - feed.clockMovedAt
      : serverNow(feed.server, wallNow, performance.now()) - ward.clock;
  const quietMs = stands ? 0 : Math.max(0, elapsedMs);
  const isQuiet = quietMs > patienceForAll(ward.patients.values());
  const active = alerts.filter(isActive);
  const loudest = PRIORITIES.find((each) => active.some(({ priority }) => priority === each)) ?? null;
  const alarm = isLost ? 'LOW' : (loudest ?? (isQuiet ? 'LOW' : null));
  const soundBlocked = useAlarm(settings.sound ? alarm : null);

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
  const now = AGE_STEP_MS * Math.floor((ward.clock + quietMs) / AGE_STEP_MS);
  const isCurrent = !isLost && !isQuiet;
  const patients = sortPatients(ward.patients.values(), settings.order);
  const actions = {
    canAct: link.kind === 'live' && ward.canAct,
    onAct: (alertId: string, what: Act) => client.act(alertId, what),
  };
  const common = { patients, alerts, now, go, actions };
  return (
    <div class={`page${isCurrent ? '' : ' lost'}${isWall ? ' wall' : ''}`}>
      <Header
        patients={patients}
        clock={ward.clock}
        link={link}
        data={dataStateOf(link, ward, ward.clock + quietMs)}
        alerts={alerts}
        place={place}
        go={go}
        isWall={isWall}
        settings={settings}
        change={change}
        soundBlocked={soundBlocked}
      />
      <Banner
        link={link}
        quietMs={isQuiet ? quietMs : null}
        ward={ward}
        aheadMs={clockAheadMs(feed.server)}
      />
      {place.view === 'patient' && !isWall ? (
        <PatientPage
          key={place.patientId}
          patientId={place.patientId}
          patient={ward.patients.get(place.patientId)}
          absence={absenceText(ward, place.patientId)}
          alerts={alerts.filter(({ patientId }) => patientId === place.patientId)}
          truth={truthOf(ward.replay, place.patientId, ward.clock)}
          now={ward.clock + quietMs}
          client={client}
          theme={settings.theme}
          go={go}
        />
      ) : place.view === 'alerts' && !isWall ? (
        <Inbox {...common} client={client} selected={place.alertId} />
      ) : (
        <WardPage
          {...common}
          emptyText={emptyText(link.kind === 'live', ward)}
          noAlertText={noAlertText(ward)}
          isWall={isWall}
          panel={settings.panel}
        />
      )}
      {ward.replay !== null && !isWall && (
        <ReplayBar
          replay={ward.replay}
          nameOf={(patientId) => {
            const patient = ward.patients.get(patientId);
            return patient === undefined ? patientId : bedName(patient);
          }}
        />
      )}
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
      {newest && `${newest.priority.toLowerCase()} alert, ${bedName(newest)}: ${titleOf(newest)}`}
    </p>
  );
}
