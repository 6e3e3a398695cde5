import type { AlertMessage, Priority } from '../../../src/events/messages.js';
import type { PatientView, ValueView } from '../../../src/server/protocol.js';

const MINUTE_MS = 60_000;
/** Older than this a vital sign is not current. */
const STALE_MS = 15 * MINUTE_MS;

/** Shape, beside colour and text, for each priority. */
export const SHAPES: Record<Priority, string> = { HIGH: '▲', MEDIUM: '◆', LOW: '●' };
export const PRIORITIES: readonly Priority[] = ['HIGH', 'MEDIUM', 'LOW'];

interface TileProps {
  readonly patient: PatientView;
  readonly alerts: readonly AlertMessage[];
  readonly clock: number;
}

/** One bed, readable from three metres. */
export function Tile({ patient, alerts, clock }: TileProps) {
  const { values } = patient;
  const worst = PRIORITIES.flatMap(
    (priority) => alerts.find((alert) => alert.priority === priority) ?? [],
  )[0];
  const pressure = freshest(values.mapInvasive, values.mapCuff);
  const isInvasive = pressure !== undefined && pressure === values.mapInvasive;
  const [systolic, diastolic] = isInvasive
    ? [values.sbpInvasive, values.dbpInvasive]
    : [values.sbpCuff, values.dbpCuff];
  const pressureText =
    pressure && systolic && diastolic
      ? `${systolic.value}/${diastolic.value} (${pressure.value})`
      : undefined;
  const priority = worst?.priority.toLowerCase() ?? 'none';
  return (
    <article class={`tile ${priority}${patient.stale ? ' stale' : ''}`} data-testid="bed-tile">
      <header>
        <h2>{patient.bedId ?? patient.patientId}</h2>
        <span class="who">{who(patient)}</span>
        <span class="state">
          {worst ? `${SHAPES[worst.priority]} ${worst.priority} ${worst.state.toLowerCase()}` : '– no alert'}
        </span>
      </header>
      <div class="vitals">
        <Vital name="HR" unit="/min" view={values.heartRate} clock={clock} />
        <Vital name="BP" unit="mmHg" view={pressure} text={pressureText} clock={clock} />
        <Vital name="RR" unit="/min" view={values.respRate} clock={clock} />
        <Vital name="SpO₂" unit="%" view={freshest(values.spo2, values.sao2)} clock={clock} />
        <Vital name="Temp" unit="°C" view={values.temperature} clock={clock} lasting />
        <div class="vital">
          <span class="name">NEWS2</span>
          <span class="value">{newsText(patient)}</span>
          <span class="age">
            {patient.news2Missing.length > 0 ? `${patient.news2Missing.length} missing` : 'complete'}
          </span>
        </div>
      </div>
      <footer>
        <span class="risk" data-testid="risk">
          {patient.risk === null ? '–' : `${(100 * patient.risk).toFixed(0)} %`}
        </span>
        <span class="trend">
          risk {arrow(patient.riskTrend)} {points(patient.riskTrend)}
        </span>
        <Sparkline history={patient.riskHistory} />
      </footer>
    </article>
  );
}

interface VitalProps {
  readonly name: string;
  readonly unit: string;
  readonly view: ValueView | undefined;
  readonly text?: string | undefined;
  readonly clock: number;
  /** Charted hourly: stale only after four hours. */
  readonly lasting?: boolean;
}

function Vital({ name, unit, view, text, clock, lasting }: VitalProps) {
  if (view === undefined) {
    return (
      <div class="vital missing">
        <span class="name">{name}</span>
        <span class="value">–</span>
        <span class="age">never seen</span>
      </div>
    );
  }
  const age = Math.max(0, clock - view.at);
  const isStale = age > (lasting ? 16 * STALE_MS : STALE_MS);
  return (
    <div class={isStale ? 'vital old' : 'vital'}>
      <span class="name">
        {name} <small>{unit}</small>
      </span>
      <span class="value">{text ?? view.value}</span>
      <span class="age">{isStale ? `stale, ${ageText(age)}` : ageText(age)}</span>
    </div>
  );
}

function Sparkline({ history }: { readonly history: readonly [number, number][] }) {
  const first = history[0]?.[0] ?? 0;
  const span = Math.max(1, (history.at(-1)?.[0] ?? 1) - first);
  const path = history.map(
    ([time, risk]) => `${(((time - first) / span) * 100).toFixed(1)},${(24 - risk * 22).toFixed(1)}`,
  );
  return (
    <svg
      class="spark"
      viewBox="0 0 100 26"
      preserveAspectRatio="none"
      role="img"
      aria-label="risk over the last scores"
    >
      <polyline points={path.join(' ')} />
    </svg>
  );
}

function freshest(first: ValueView | undefined, second: ValueView | undefined): ValueView | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return second.at > first.at + STALE_MS ? second : first;
}

function who({ ageYears, sex }: PatientView): string {
  return [ageYears === null ? '' : `${ageYears} y`, sex?.toLowerCase() ?? ''].join(' ').trim();
}

function newsText({ news2, news2Missing }: PatientView): string {
  if (news2 === null) return '–';
  return news2Missing.length > 0 ? `≥ ${news2}` : String(news2);
}

function arrow(trend: number): string {
  if (trend > 0.02) return '↗';
  return trend < -0.02 ? '↘' : '→';
}

function points(trend: number): string {
  return `${trend >= 0 ? '+' : '−'}${Math.abs(100 * trend).toFixed(0)} pts/h`;
}

function ageText(age: number): string {
  const minutes = Math.floor(age / MINUTE_MS);
  if (minutes < 1) return 'now';
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
