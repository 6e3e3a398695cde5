import { NEWS2_INPUTS } from '../../../../src/clinical/news2.js';
import { capital, minuteText, news2Text, percent, personText, shortAgeText, trendOf } from '../format.js';
import { Icon } from '../icons.js';
import { notLiveText } from '../liveness.js';
import type { AlertView, PatientView } from '../protocol.js';
import { Shape } from '../shape.js';
import { bedName, isActive, isTechnical, leadingAlert, toneOf } from '../state.js';
import { Sparkline } from './sparkline.js';
import { StandingRow } from './standing-row.js';
import { isStale, type Vital, vitalsOf } from './vitals.js';

interface TileProps {
  readonly patient: PatientView;
  /** Open alerts of this patient. */
  readonly alerts: readonly AlertView[];
  /** Event time now. */
  readonly now: number;
  /** Risk of death at the top of the sparkline. */
  readonly ceiling: number;
  readonly onOpen: () => void;
}

/** One bed, readable from three metres. */
export function Tile({ patient, alerts, now, ceiling, onOpen }: TileProps) {
  const alert = leadingAlert(alerts);
  const tone = alert === undefined ? 'none' : toneOf(alert);
  const activity = alert !== undefined && isActive(alert) ? 'active' : 'quiet';
  const bed = bedName(patient);
  const isOld = patient.stale || isStale(patient.lastEventAt, now);
  const notLive = notLiveText(patient, now);
  return (
    <li class="cell">
      <article
        class={`tile ${tone} ${activity}${notLive === '' ? '' : ' silent'}`}
        data-testid="bed-tile"
        aria-label={bed}
      >
        <header>
          <h2>
            <button type="button" onClick={onOpen}>
              {bed}
            </button>
          </h2>
          <span class="who">
            {patient.placeUnknown && (
              <>
                <b>Place unknown</b>{' '}
              </>
            )}
            {personText(patient)}
          </span>
          <AlertState alert={alert} others={alerts.length - 1} notLive={notLive} />
        </header>
        <dl class="vitals">
          {vitalsOf(patient, now).map((each) => (
            <VitalSign key={each.name} vital={each} />
          ))}
        </dl>
        <StandingRow patient={patient} now={now} isOld={isOld} isAsOf={notLive !== ''} />
        <Scores patient={patient} now={now} ceiling={ceiling} />
      </article>
    </li>
  );
}

interface AlertStateProps {
  readonly alert: AlertView | undefined;
  readonly others: number;
  /** Why what is shown is not the present; empty where it is. */
  readonly notLive: string;
}

function AlertState({ alert, others, notLive }: AlertStateProps) {
  if (alert === undefined) {
    if (notLive === '') return <span class="state">No alert</span>;
    return (
      <span class="state">
        <Icon name="warning" />
        <b>{capital(notLive)}</b>
      </span>
    );
  }
  // The notice says of the feed what the tile does.
  if (notLive !== '' && isTechnical(alert)) {
    return (
      <span class="state">
        <Shape priority={alert.priority} filled={isActive(alert)} />
        <b>{capital(notLive)}</b>
        {others > 0 && ` +${others}`}
      </span>
    );
  }
  return (
    <span class="state">
      <Shape priority={alert.priority} filled={isActive(alert)} />
      <b>{alert.priority}</b> {alert.state.toLowerCase()}
      {others > 0 && ` +${others}`}
      {notLive !== '' && ` · ${notLive}`}
    </span>
  );
}

function VitalSign({ vital }: { readonly vital: Vital }) {
  const { name, unit, text, detail, ageMs, stale, doubted } = vital;
  const isMissing = text === null;
  const fault = isMissing ? ' missing' : stale ? ' stale' : '';
  return (
    <div class={`figure${fault}`}>
      <dt>
        {name} <small>{unit}</small>
      </dt>
      <dd>
        <span class="note">
          {doubted && (
            <>
              <Icon name="doubt" />
              <span class="unseen">newest not used, </span>
            </>
          )}
          {isMissing ? 'no value' : shortAgeText(ageMs)}
          {stale && <span class="word"> old</span>}
        </span>
        <span class="value">
          {text ?? '–'} {detail && <small>{detail}</small>}
        </span>
      </dd>
    </div>
  );
}

function Scores({ patient, now, ceiling }: Omit<TileProps, 'alerts' | 'onOpen'>) {
  const { mortality, riskAt, mortalityTrend, mortalityHistory, restored } = patient;
  if (mortality === null || riskAt === null) {
    return (
      <footer class="scores missing">
        <span class="risk" data-testid="risk">
          –
        </span>
        <span class="note">
          Forecast: no score yet
          {restored && <span class="word">, as of {minuteText(patient.lastEventAt)}</span>}
        </span>
        <News2 patient={patient} />
      </footer>
    );
  }
  const stale = patient.stale || isStale(riskAt, now);
  const age = shortAgeText(Math.max(0, now - riskAt));
  const trend = trendOf(mortalityTrend);
  return (
    <footer class={stale ? 'scores stale' : 'scores'}>
      <span class="risk" data-testid="risk" title="Forecast of the model: risk of death in hospital">
        <span class="unseen">Risk of death: </span>
        {percent(mortality)}
      </span>
      <span class={`trend ${trend.kind}`}>
        <span class="note">
          forecast {age}
          {stale && <span class="word"> old</span>}
        </span>
        {restored ? (
          <span class="word" title="Known from before this server had the patient; nothing has come since.">
            as of {minuteText(patient.lastEventAt)}
          </span>
        ) : (
          mortalityHistory.length > 1 && (
            <span>
              <Icon name={trend.kind} />
              {trend.text}
            </span>
          )
        )}
      </span>
      <Sparkline history={mortalityHistory} ceiling={ceiling} />
      <News2 patient={patient} />
    </footer>
  );
}

function News2({ patient }: { readonly patient: PatientView }) {
  const text = news2Text(patient);
  const { news2Missing } = patient;
  const missing = news2Missing.length;
  const hint = missing > 0 ? `Missing: ${news2Missing.join(', ')}` : undefined;
  return (
    <span class="news2" title={hint}>
      <span class="note">
        NEWS2{missing > 0 && text !== null && ` ${NEWS2_INPUTS.length - missing}/${NEWS2_INPUTS.length}`}
      </span>
      <span class="value">{text ?? '–'}</span>
    </span>
  );
}
