import { useEffect, useState } from 'preact/hooks';
import type { WardClient } from '../../../../src/client/browser.js';
import { FORECASTS, forecastLabel } from '../../../../src/contract/outcomes.js';
import { faultText } from '../api.js';
import { ageText, percent, trendOf, valueText } from '../format.js';
import { Icon } from '../icons.js';
import type { Explanation, PatientView } from '../protocol.js';

/** The explanation is read anew this often while it is looked at. */
const REFRESH_MS = 10_000;
const MODALITIES = { structured: 'Vitals and labs', text: 'Notes', image: 'Imaging' } as const;
const SHOWN = 8;

interface WhyProps {
  readonly client: WardClient;
  readonly patientId: string;
  readonly patient: PatientView | undefined;
  readonly now: number;
}

/** Why the risk is what it is: what each modality adds, and the variables that matter most. */
export function Why({ client, patientId, patient, now }: WhyProps) {
  const { explanation, fault } = useExplanation(client, patientId);
  const risk = patient?.mortality ?? explanation?.risk ?? null;
  const trend = trendOf(patient?.mortalityTrend ?? 0);
  return (
    <section class="card why" aria-labelledby="why-title" data-testid="why">
      <header>
        <h3 id="why-title">
          Risk ahead <small>death in hospital: forecast of the model, and why</small>
        </h3>
        <p class="now">
          <b>{risk === null ? '–' : percent(risk)}</b>
          <span>
            <Icon name={trend.kind} /> {trend.text}
          </span>
          {patient !== undefined && <Outputs patient={patient} />}
        </p>
      </header>
      {explanation === null ? (
        <p class="empty">{fault === '' ? 'Reading…' : fault}</p>
      ) : (
        <Contributions explanation={explanation} now={now} />
      )}
    </section>
  );
}

/** The model's other outputs, where it has them. */
function Outputs({ patient }: { readonly patient: PatientView }) {
  const known = FORECASTS.flatMap((forecast) => {
    const value = patient[forecast.id];
    if (value === null) return [];
    return [{ name: `${forecastLabel(forecast, patient)}, ${forecast.hours} h`, value }];
  });
  if (known.length === 0) return null;
  return (
    <dl class="outputs" title="Probability of onset within so many hours">
      {known.map(({ name, value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{percent(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Contributions({ explanation, now }: { readonly explanation: Explanation; readonly now: number }) {
  const { modalities, variables, method, modelVersion } = explanation;
  const leading = variables.slice(0, SHOWN);
  return (
    <>
      <ul class="bars">
        {modalities.map(({ modality, contribution, eventTime }) => (
          <Bar
            key={modality}
            name={MODALITIES[modality]}
            detail={eventTime === null ? 'none used' : `${ageText(Math.max(0, now - eventTime))} old`}
            contribution={contribution}
            most={largest(modalities)}
          />
        ))}
      </ul>
      <h4>Leading values</h4>
      <ul class="bars">
        {leading.map(({ variable, label, value, unit, at, contribution }) => (
          <Bar
            key={variable}
            name={label}
            value={value === null ? '–' : valueText(variable, value, unit)}
            detail={at === null ? '' : `${ageText(Math.max(0, now - at))} old`}
            contribution={contribution}
            most={largest(leading)}
          />
        ))}
      </ul>
      <p class="note method">
        Change of the log-odds: <Icon name="up" /> raises, <Icon name="down" /> lowers the risk. {method}{' '}
        Model {modelVersion}.
      </p>
    </>
  );
}

/** The largest effect, which fills half of a bar. */
function largest(effects: readonly { readonly contribution: number }[]): number {
  return Math.max(1e-6, ...effects.map(({ contribution }) => Math.abs(contribution)));
}

interface BarProps {
  readonly name: string;
  readonly value?: string;
  readonly detail: string;
  readonly contribution: number;
  /** The largest effect shown, which fills a half. */
  readonly most: number;
}

/** A bar from the middle: to the right it raises the risk, to the left it lowers it. */
function Bar({ name, value, detail, contribution, most }: BarProps) {
  const raises = contribution > 0;
  const part = `${((50 * Math.abs(contribution)) / most).toFixed(1)}%`;
  const sign = raises ? '+' : contribution < 0 ? '−' : '±';
  return (
    <li class={contribution === 0 ? 'none' : raises ? 'raises' : 'lowers'}>
      <span class="name">
        {name} <small>{detail}</small>
      </span>
      <b>{value}</b>
      <span class="bar" aria-hidden="true">
        <span style={raises ? { left: '50%', width: part } : { right: '50%', width: part }} />
      </span>
      <span class="effect">
        <Icon name={contribution === 0 ? 'level' : raises ? 'up' : 'down'} />
        {`${sign}${Math.abs(contribution).toFixed(2)}`}
        <span class="unseen">{raises ? 'raises the risk' : 'lowers the risk'}</span>
      </span>
    </li>
  );
}

function useExplanation(client: WardClient, patientId: string) {
  const [state, setState] = useState<{ explanation: Explanation | null; fault: string }>({
    explanation: null,
    fault: '',
  });
  useEffect(() => {
    let isOver = false;
    const read = () =>
      client.explanation(patientId).then(
        (explanation) => isOver || setState({ explanation, fault: '' }),
        (error: unknown) => isOver || setState({ explanation: null, fault: faultText(error) }),
      );
    setState({ explanation: null, fault: '' });
    void read();
    const timer = setInterval(() => void read(), REFRESH_MS);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, [client, patientId]);
  return state;
}
