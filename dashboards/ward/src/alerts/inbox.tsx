import { useEffect, useState } from 'preact/hooks';
import type { WardClient } from '../../../../src/client/browser.js';
import { titleOf } from '../../../../src/contract/amounts.js';
import { LAYERS, layerOf } from '../../../../src/contract/layers.js';
import { resolvedAlerts } from '../api.js';
import { ageText, crossingText, momentText, sinceText, stateText } from '../format.js';
import type { Place } from '../place.js';
import type { AlertView, PatientView, Priority } from '../protocol.js';
import { Shape } from '../shape.js';
import { bedName, isActive, PRIORITIES, sortByUrgency, toneOf } from '../state.js';
import { AlertDetail } from './detail.js';
import { EVERYTHING_OPEN, type Filter, LAYER_TEXT, passes, type Stage, wardsOf } from './filter.js';
import type { Actions } from './panel.js';

const STAGES: readonly (readonly [Stage, string])[] = [
  ['open', 'All open'],
  ['waiting', 'Waiting'],
  ['taken', 'Taken'],
  ['resolved', 'Resolved'],
];
/** Resolved alerts shown at most. */
const RESOLVED_LIMIT = 300;

interface InboxProps {
  /** Those that are not resolved. */
  readonly alerts: readonly AlertView[];
  readonly patients: readonly PatientView[];
  readonly now: number;
  readonly client: WardClient;
  readonly selected: string | null;
  readonly go: (place: Place) => void;
  readonly actions: Actions;
}

/** All alerts of the wards: a list that can be filtered, and all of one of them beside it. */
export function Inbox({ alerts, patients, now, client, selected, go, actions }: InboxProps) {
  const [filter, setFilter] = useState(EVERYTHING_OPEN);
  const resolved = useResolved(client, alerts, filter.stage === 'resolved');
  const open = new Set(alerts.map(({ alertId }) => alertId));
  const all = [...alerts, ...resolved.filter(({ alertId }) => !open.has(alertId))];
  const shown = sortByUrgency(all.filter((alert) => passes(filter, alert)));
  const chosen = all.find(({ alertId }) => alertId === selected) ?? null;
  return (
    <main class={chosen === null ? 'inbox' : 'inbox chosen'} data-testid="inbox">
      <section class="list" aria-labelledby="inbox-title">
        <h2 id="inbox-title" class="unseen">
          Alerts
        </h2>
        <Filters filter={filter} all={all} wards={wardsOf(all)} onFilter={setFilter} />
        {shown.length === 0 && <p class="empty">No such alert.</p>}
        <ul class="rows">
          {shown.map((alert) => (
            <Row
              key={alert.alertId}
              alert={alert}
              now={now}
              isChosen={alert.alertId === selected}
              onChoose={() => go({ view: 'alerts', alertId: alert.alertId })}
            />
          ))}
        </ul>
      </section>
      <section class="detail" aria-label="The chosen alert">
        {chosen === null ? (
          <p class="empty">Choose an alert to see why it was raised and what was done about it.</p>
        ) : (
          <AlertDetail
            key={chosen.alertId}
            alert={chosen}
            patient={patients.find(({ patientId }) => patientId === chosen.patientId)}
            now={now}
            client={client}
            go={go}
            actions={actions}
          />
        )}
      </section>
    </main>
  );
}

interface FiltersProps {
  readonly filter: Filter;
  readonly all: readonly AlertView[];
  readonly wards: readonly string[];
  readonly onFilter: (filter: Filter) => void;
}

function Filters({ filter, all, wards, onFilter }: FiltersProps) {
  const choosePriority = (priority: Priority) =>
    onFilter({ ...filter, priority: filter.priority === priority ? null : priority });
  return (
    <div class="filters">
      <fieldset class="segmented">
        <legend>Stage</legend>
        {STAGES.map(([stage, text]) => (
          <button
            key={stage}
            type="button"
            aria-pressed={filter.stage === stage}
            onClick={() => onFilter({ ...filter, stage })}
          >
            {text}
            {stage !== 'resolved' && (
              <span class="count">{all.filter((alert) => passes({ ...filter, stage }, alert)).length}</span>
            )}
          </button>
        ))}
      </fieldset>
      <fieldset class="segmented">
        <legend>What it is about</legend>
        {LAYERS.map((layer) => (
          <button
            key={layer}
            type="button"
            aria-pressed={filter.layer === layer}
            onClick={() => onFilter({ ...filter, layer: filter.layer === layer ? null : layer })}
          >
            {LAYER_TEXT[layer]}
            <span class="count">{all.filter((alert) => passes({ ...filter, layer }, alert)).length}</span>
          </button>
        ))}
      </fieldset>
      <fieldset class="segmented">
        <legend>Priority</legend>
        {PRIORITIES.map((priority) => (
          <button
            key={priority}
            type="button"
            class={`toned ${priority.toLowerCase()}`}
            aria-pressed={filter.priority === priority}
            onClick={() => choosePriority(priority)}
          >
            <Shape priority={priority} filled={false} />
            {priority.toLowerCase()}
          </button>
        ))}
      </fieldset>
      {wards.length > 1 && (
        <select
          aria-label="Ward"
          value={filter.ward ?? ''}
          onChange={({ currentTarget: { value } }) =>
            onFilter({ ...filter, ward: value === '' ? null : value })
          }
        >
          <option value="">All wards</option>
          {wards.map((ward) => (
            <option key={ward}>{ward}</option>
          ))}
        </select>
      )}
      <input
        type="search"
        aria-label="Bed, patient or rule"
        placeholder="Bed, patient or rule"
        value={filter.text}
        onInput={({ currentTarget: { value } }) => onFilter({ ...filter, text: value })}
      />
    </div>
  );
}

interface RowProps {
  readonly alert: AlertView;
  readonly now: number;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}

function Row({ alert, now, isChosen, onChoose }: RowProps) {
  const active = isActive(alert);
  const tone = `${toneOf(alert)} ${active ? 'active' : 'quiet'}`;
  const isResolved = alert.state === 'RESOLVED';
  return (
    <li class={`row ${tone}`} data-testid="alert-item">
      <button type="button" aria-current={isChosen} onClick={onChoose}>
        <span class="sign">
          <Shape priority={alert.priority} filled={active} />
          {alert.priority}
        </span>
        <b class="bed">{bedName(alert)}</b>
        <span class="what">
          <b>{titleOf(alert)}</b>
          <span>
            <span class="layer">{LAYER_TEXT[layerOf(alert)]}</span> · {stateText(alert)}
          </span>
        </span>
        <span class="crossing">{crossingText(alert)}</span>
        <time dateTime={new Date(alert.onsetTime).toISOString()}>
          <b>
            {isResolved ? ageText(Math.max(0, alert.eventTime - alert.onsetTime)) : sinceText(alert, now)}
          </b>
          <span>{momentText(alert.onsetTime)}</span>
        </time>
      </button>
    </li>
  );
}

/** Resolved alerts, read again whenever an alert changes; empty while they are not wanted. */
function useResolved(
  client: WardClient,
  alerts: readonly AlertView[],
  wanted: boolean,
): readonly AlertView[] {
  const [resolved, setResolved] = useState<readonly AlertView[]>([]);
  const open = alerts.map(({ alertId }) => alertId).join();
  useEffect(() => {
    if (!wanted) return;
    let isOver = false;
    resolvedAlerts(client, RESOLVED_LIMIT).then(
      (newest) => isOver || setResolved(newest),
      () => {},
    );
    return () => {
      isOver = true;
    };
  }, [client, wanted, open]);
  return resolved;
}
