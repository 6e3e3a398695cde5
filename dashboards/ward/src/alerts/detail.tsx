import type { WardClient } from '../../../../src/client/browser.js';
import { titleOf } from '../../../../src/contract/amounts.js';
import { isOfRule, layerOf } from '../../../../src/contract/layers.js';
import {
  ageText,
  crossingText,
  labelOf,
  momentText,
  percent,
  personText,
  stateText,
  trendOf,
  valueText,
} from '../format.js';
import { Icon } from '../icons.js';
import type { Place } from '../place.js';
import type { AlertView, PatientView } from '../protocol.js';
import { Shape } from '../shape.js';
import { criterionText } from '../standing.js';
import { bedName, isActive, isTechnical, toneOf } from '../state.js';
import { ActionBar } from './actions.js';
import { LAYER_TEXT } from './filter.js';
import { Life } from './life.js';
import type { Actions } from './panel.js';

interface AlertDetailProps {
  readonly alert: AlertView;
  /** Undefined once the patient has left. */
  readonly patient: PatientView | undefined;
  readonly now: number;
  readonly client: WardClient;
  readonly go: (place: Place) => void;
  readonly actions: Actions;
}

/** All of one alert: what it rests on, what can be done, what was done. */
export function AlertDetail({ alert, patient, now, client, go, actions }: AlertDetailProps) {
  const active = isActive(alert);
  return (
    <article class={`sheet ${toneOf(alert)} ${active ? 'active' : 'quiet'}`} data-testid="alert-detail">
      <header>
        <p class="state">
          <Shape priority={alert.priority} filled={active} />
          <b>{alert.priority}</b> {stateText(alert)} · {LAYER_TEXT[layerOf(alert)]}
        </p>
        <h3>
          {bedName(alert)}: {titleOf(alert)}
        </h3>
        <p class="note">
          {isTechnical(alert)
            ? 'Technical notice'
            : patient === undefined
              ? 'No longer on the ward'
              : personText(patient)}{' '}
          · {alert.wardId ?? (isTechnical(alert) ? 'every ward' : 'place unknown')} · since{' '}
          {momentText(alert.onsetTime)} ({ageText(Math.max(0, now - alert.onsetTime))})
        </p>
        {alert.context?.map(({ eventTime, noteId, text }) => (
          <p key={`${noteId} ${text}`} class="note">
            Note {momentText(eventTime)}: <b>{text}</b>
          </p>
        ))}
        {patient !== undefined && (
          <button type="button" onClick={() => go({ view: 'patient', patientId: alert.patientId })}>
            Open patient
          </button>
        )}
      </header>
      {isTechnical(alert) ? <p>{alert.detail}</p> : <Basis alert={alert} actions={actions} />}
      <h4>What was done</h4>
      <Life alert={alert} client={client} />
    </article>
  );
}

/** What a clinical alert rests on, and what can be done about it. */
function Basis({ alert, actions }: Pick<AlertDetailProps, 'alert' | 'actions'>) {
  const trend = trendOf(alert.trend);
  return (
    <>
      {alert.state !== 'RESOLVED' && <ActionBar alert={alert} actions={actions} />}
      <dl class="facts">
        <div>
          <dt>Crossing</dt>
          <dd>{crossingText(alert)}</dd>
        </div>
        <div>
          <dt>{isOfRule(alert) ? 'Rule' : 'Criterion'}</dt>
          <dd>{(!isOfRule(alert) && criterionText(alert.rule)) || alert.rule}</dd>
        </div>
        {alert.mortality !== null && (
          <>
            <div>
              <dt>Risk of death then</dt>
              <dd>
                {percent(alert.mortality)} <Icon name={trend.kind} /> {trend.text}
              </dd>
            </div>
            <div>
              <dt>NEWS2 then</dt>
              <dd>{alert.news2 ?? '–'}</dd>
            </div>
            <div>
              <dt>Model</dt>
              <dd>{alert.modelVersion}</dd>
            </div>
          </>
        )}
      </dl>
      <h4>Values it rests on</h4>
      {alert.evidence.length === 0 && <p class="empty">No value was at hand.</p>}
      <table class="evidence">
        <tbody>
          {alert.evidence.map(({ variable, value, unit, ageMs }) => (
            <tr key={variable}>
              <th scope="row">{labelOf(variable)}</th>
              <td class="number">{valueText(variable, value, unit)}</td>
              <td class="note">{ageText(ageMs)} old</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
