import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { WardClient } from '../../../../src/client/browser.js';
import { HOUR_MS } from '../../../../src/durations.js';
import { ageText, momentText, personText } from '../format.js';
import { Icon } from '../icons.js';
import { notLiveText } from '../liveness.js';
import { type Place, WARD } from '../place.js';
import type { AlertView, PatientView } from '../protocol.js';
import { Shape } from '../shape.js';
import { bedName, isActive, leadingAlert } from '../state.js';
import { Charts } from './charts.js';
import type { Mark } from './marks.js';
import { Records } from './records.js';
import { ScoresCard } from './scores-card.js';
import { DoubtCard, StateCard } from './standing-cards.js';
import { pan, type Span, zoom } from './timeline.js';
import { ToldCard } from './told-card.js';
import { useTimeline } from './use-timeline.js';
import { Why } from './why.js';

const HOURS: readonly number[] = [1, 4, 12, 24, 48];
/** Shown at first: the least of these that covers the stay. */
const FIRST_HOURS: readonly number[] = [1, 4, 12, 24];
/** Free room right of now, as a part of the span. */
const LEAD = 0.02;

interface PatientPageProps {
  /** Undefined where the patient is not here. */
  readonly patient: PatientView | undefined;
  readonly patientId: string;
  /** Why the patient is not here, where that is so. */
  readonly absence: string;
  /** The patient's open alerts. */
  readonly alerts: readonly AlertView[];
  readonly truth: readonly Mark[];
  readonly now: number;
  readonly client: WardClient;
  readonly theme: string;
  readonly go: (place: Place) => void;
}

/** All that is known of one patient on one time axis, and why the risk is what it is. */
export function PatientPage({
  patient,
  patientId,
  absence,
  alerts,
  truth,
  now,
  client,
  theme,
  go,
}: PatientPageProps) {
  /** Null: nobody has chosen yet, so what suits the stay as it was when the patient was first known here. */
  const [chosen, setHours] = useState<number | null>(null);
  const first = useRef<number | null>(null);
  if (patient !== undefined) first.current ??= firstHours(now - patient.admittedAt);
  const hours = chosen ?? first.current ?? FIRST_HOURS[0];
  /** Null: the span ends now and moves with it. */
  const [fixed, setFixed] = useState<Span | null>(null);
  const [mark, setMark] = useState<Mark | null>(null);
  const moving = useMemo(() => spanUntil(now, hours), [now, hours]);
  const span = fixed ?? moving;
  const { timeline: shown, fault } = useTimeline(client, patientId, patient, span, fixed === null, alerts);
  useEffect(() => setMark(null), [patientId]);
  const follow = (length: number) => {
    setHours(length);
    setFixed(null);
  };
  const open = (next: Mark) =>
    next.kind === 'alert' ? go({ view: 'alerts', alertId: next.id }) : next.kind !== 'truth' && setMark(next);
  return (
    <main class="patient" data-testid="patient">
      <Head patient={patient} patientId={patientId} absence={absence} alerts={alerts} now={now} go={go}>
        <SpanControls
          span={span}
          hours={fixed === null ? hours : null}
          now={now}
          onFollow={follow}
          onSpan={setFixed}
        />
      </Head>
      <section class="stack" aria-label="Course">
        {fault !== '' && (
          <p class="fault" role="alert">
            The course could not be read. {fault}
          </p>
        )}
        {shown?.source === 'live' && (
          <p class="note">The store is away: values before the last minutes are by the hour.</p>
        )}
        {shown === null && fault === '' && <p class="empty">Reading the course…</p>}
        {shown !== null && (
          <Charts
            timeline={shown}
            open={alerts}
            truth={truth}
            span={span}
            now={now}
            theme={theme}
            onSpan={setFixed}
            onMark={open}
          />
        )}
      </section>
      <aside class="side" aria-label="State, forecast, scores and records">
        {patient !== undefined && (
          <>
            <StateCard patient={patient} now={now} />
            <DoubtCard patient={patient} now={now} />
            <ToldCard patient={patient} now={now} />
          </>
        )}
        <Why client={client} patientId={patientId} patient={patient} now={now} />
        {patient !== undefined && <ScoresCard patient={patient} now={now} />}
        <Records
          client={client}
          patientId={patientId}
          timeline={shown}
          chosen={mark}
          open={alerts}
          now={now}
          go={go}
        />
      </aside>
    </main>
  );
}

interface HeadProps {
  readonly patient: PatientView | undefined;
  readonly patientId: string;
  readonly absence: string;
  readonly alerts: readonly AlertView[];
  readonly now: number;
  readonly go: (place: Place) => void;
  readonly children: ComponentChildren;
}

function Head({ patient, patientId, absence, alerts, now, go, children }: HeadProps) {
  const alert = leadingAlert(alerts);
  const notLive = patient === undefined ? '' : notLiveText(patient, now);
  return (
    <header class="head">
      <button type="button" aria-label="Back to the beds" onClick={() => go(WARD)}>
        <Icon name="back" />
        Beds
      </button>
      <h2>{patient === undefined ? patientId : bedName(patient)}</h2>
      <p>
        {patient === undefined ? (
          absence
        ) : (
          <>
            {patient.placeUnknown && <b>Place unknown: no message has told the ward · </b>}
            <b>{personText(patient)}</b> · {patientId} · admitted {momentText(patient.admittedAt)} (
            {ageText(Math.max(0, now - patient.admittedAt))})
          </>
        )}
      </p>
      {alert !== undefined && (
        <span class={`chip ${alert.priority.toLowerCase()} ${isActive(alert) ? 'active' : 'quiet'}`}>
          <Shape priority={alert.priority} filled={isActive(alert)} />
          <b>{alert.priority}</b> {alert.state.toLowerCase()}
          {alerts.length > 1 && ` +${alerts.length - 1}`}
        </span>
      )}
      {notLive !== '' && (
        <span class="data not-live">
          <Icon name="warning" />
          Not live: {notLive}
        </span>
      )}
      <span class="space" />
      {children}
    </header>
  );
}

interface SpanControlsProps {
  readonly span: Span;
  /** Null: the span does not move with time. */
  readonly hours: number | null;
  readonly now: number;
  readonly onFollow: (hours: number) => void;
  readonly onSpan: (span: Span) => void;
}

function SpanControls({ span, hours, now, onFollow, onSpan }: SpanControlsProps) {
  const middle = (span.from + span.to) / 2;
  return (
    <div class="span">
      {hours === null && (
        <button type="button" class="primary" onClick={() => onFollow(nearestHours(span))}>
          Back to now
        </button>
      )}
      <fieldset class="segmented">
        <legend>Move and zoom</legend>
        <button type="button" aria-label="Earlier" onClick={() => onSpan(pan(span, -0.5, now))}>
          <Icon name="back" />
        </button>
        <button type="button" aria-label="Zoom in" onClick={() => onSpan(zoom(span, 0.5, middle))}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => onSpan(zoom(span, 2, middle))}>
          −
        </button>
        <button type="button" class="mirror" aria-label="Later" onClick={() => onSpan(pan(span, 0.5, now))}>
          <Icon name="back" />
        </button>
      </fieldset>
      <fieldset class="segmented">
        <legend>Hours shown</legend>
        {HOURS.map((each) => (
          <button key={each} type="button" aria-pressed={hours === each} onClick={() => onFollow(each)}>
            {each} h
          </button>
        ))}
      </fieldset>
    </div>
  );
}

function spanUntil(now: number, hours: number): Span {
  const length = hours * HOUR_MS;
  const to = now + LEAD * length;
  return { from: to - length, to };
}

/** The hours offered that come nearest to a span. */
function nearestHours({ from, to }: Span): number {
  const wanted = (to - from) / HOUR_MS;
  return HOURS.find((hours) => hours >= wanted) ?? HOURS[HOURS.length - 1];
}

function firstHours(stayMs: number): number {
  return FIRST_HOURS.find((hours) => hours * HOUR_MS >= stayMs) ?? FIRST_HOURS[FIRST_HOURS.length - 1];
}
