import { ageText, news2Text, percent, personText, trendText } from './format.js';
import type { AlertView, PatientView } from './protocol.js';
import { Shape } from './shape.js';
import { Sparkline } from './sparkline.js';
import { isStale, type Vital, vitalsOf } from './vitals.js';
import { bedName, isActive, leadingAlert } from './ward.js';

interface TileProps {
  readonly patient: PatientView;
  /** Open alerts of this patient. */
  readonly alerts: readonly AlertView[];
  /** Event time now. */
  readonly now: number;
  /** Risk at the top of the sparkline. */
  readonly ceiling: number;
}

/** One bed, readable from three metres. */
export function Tile({ patient, alerts, now, ceiling }: TileProps) {
  const alert = leadingAlert(alerts);
  const priority = alert === undefined ? 'none' : alert.priority.toLowerCase();
  const activity = alert !== undefined && isActive(alert) ? 'active' : 'quiet';
  const bed = bedName(patient);
  const vitals = vitalsOf(patient, now);
  return (
    <li class="cell">
      <article class={`tile ${priority} ${activity}`} data-testid="bed-tile" aria-label={bed}>
        <header>
          <h2>{bed}</h2>
          <span class="who">{personText(patient)}</span>
          <AlertState alert={alert} others={alerts.length - 1} />
        </header>
        <dl class="vitals">
          {vitals.map((each) => (
            <VitalSign key={each.name} vital={each} />
          ))}
          <News2 patient={patient} now={now} />
        </dl>
        <Risk patient={patient} now={now} ceiling={ceiling} />
      </article>
    </li>
  );
}

function AlertState({ alert, others }: { readonly alert: AlertView | undefined; readonly others: number }) {
  if (alert === undefined) return <span class="state">No alert</span>;
  return (
    <span class="state">
      <Shape priority={alert.priority} filled={isActive(alert)} />
      <b>{alert.priority}</b> {alert.state.toLowerCase()}
      {others > 0 && ` +${others}`}
    </span>
  );
}

function VitalSign({ vital }: { readonly vital: Vital }) {
  const { name, unit, text, detail, ageMs, stale } = vital;
  if (text === null) return <Figure name={name} unit={unit} text="–" note="no value" faded />;
  return (
    <Figure
      name={name}
      unit={unit}
      text={text}
      detail={detail}
      note={stale ? `stale ${ageText(ageMs)}` : ageText(ageMs)}
      faded={stale}
    />
  );
}

function News2({ patient, now }: { readonly patient: PatientView; readonly now: number }) {
  const { riskAt, news2Missing } = patient;
  const text = news2Text(patient);
  if (text === null) return <Figure name="NEWS2" unit="" text="–" note="no value" faded />;
  const stale = patient.stale || riskAt === null || isStale(riskAt, now);
  const missing = news2Missing.length > 0 ? `${news2Missing.length} missing` : '';
  const note = stale ? `stale ${riskAt === null ? '' : ageText(now - riskAt)}` : missing;
  const hint = news2Missing.length > 0 ? `Missing: ${news2Missing.join(', ')}` : undefined;
  return <Figure name="NEWS2" unit="" text={text} note={note} faded={stale} hint={hint} />;
}

interface FigureProps {
  readonly name: string;
  readonly unit: string;
  readonly text: string;
  readonly detail?: string | undefined;
  /** Age, or what is wrong with the value. */
  readonly note: string;
  readonly faded: boolean;
  readonly hint?: string | undefined;
}

function Figure({ name, unit, text, detail, note, faded, hint }: FigureProps) {
  return (
    <div class={faded ? 'figure faded' : 'figure'} title={hint}>
      <dt>
        {name} <small>{unit}</small>
      </dt>
      <dd>
        <span class="value">
          {text} {detail && <small>{detail}</small>}
        </span>
        <span class="note">{note}</span>
      </dd>
    </div>
  );
}

function Risk({ patient, now, ceiling }: Omit<TileProps, 'alerts'>) {
  const { risk, riskAt, riskTrend, riskHistory } = patient;
  if (risk === null || riskAt === null) {
    return (
      <footer class="faded">
        <span class="risk" data-testid="risk">
          –
        </span>
        <span class="note">no score yet</span>
      </footer>
    );
  }
  const stale = patient.stale || isStale(riskAt, now);
  const age = ageText(Math.max(0, now - riskAt));
  return (
    <footer class={stale ? 'faded' : ''}>
      <span class="risk" data-testid="risk">
        {percent(risk)}
      </span>
      <span class="trend">
        <span>risk · {stale ? `stale ${age}` : age}</span>
        <span>{trendText(riskTrend)}</span>
      </span>
      <Sparkline history={riskHistory} ceiling={ceiling} />
    </footer>
  );
}
