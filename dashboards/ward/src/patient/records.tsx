import { useEffect, useState } from 'preact/hooks';
import type { WardClient } from '../../../../src/client/browser.js';
import { titleOf } from '../../../../src/contract/amounts.js';
import { MONITOR_ALARM } from '../../../../src/contract/note-kinds.js';
import { faultText } from '../api.js';
import { ageText, momentText, stateText } from '../format.js';
import type { Place } from '../place.js';
import type { AlertView, ImageView, NoteView, Timeline } from '../protocol.js';
import { Shape } from '../shape.js';
import { isActive } from '../state.js';
import { doubtRuns } from './doubts.js';
import { Imaging } from './imaging.js';
import { alertSpansOf, type Mark } from './marks.js';
import { DoubtHistory, StateHistory } from './standing-records.js';

type Tab = 'alert' | 'state' | 'doubt' | 'note' | 'image' | 'monitor';
const TABS: readonly (readonly [Tab, string])[] = [
  ['alert', 'Alerts'],
  ['state', 'States'],
  ['doubt', 'Not used'],
  ['note', 'Notes'],
  ['image', 'Imaging'],
  ['monitor', 'Monitor alarms'],
];

interface RecordsProps {
  readonly client: WardClient;
  readonly patientId: string;
  /** What the charts show; null until it is here. */
  readonly timeline: Timeline | null;
  /** The mark opened last; null: none. */
  readonly chosen: Mark | null;
  /** Newest records of the patient's open alerts. */
  readonly open: readonly AlertView[];
  readonly now: number;
  readonly go: (place: Place) => void;
}

/** The patient's alerts, states, values not used, notes, images and alarms of their monitors, newest first. */
export function Records({ client, patientId, timeline, chosen, open, now, go }: RecordsProps) {
  const [tab, setTab] = useState<Tab>('alert');
  useEffect(() => {
    if (chosen !== null && chosen.kind !== 'truth') setTab(chosen.kind);
  }, [chosen]);
  const newest = `${timeline?.notes.at(-1)?.noteId} ${timeline?.images.at(-1)?.imageId}`;
  const notes = useList(async () => (await client.notes(patientId)).notes, [client, patientId, newest]);
  const alarms = useList(
    async () => (await client.notes(patientId, MONITOR_ALARM)).notes,
    // Each reading is audited: while nobody looks, once is enough.
    [client, patientId, tab === 'monitor' ? timeline?.to : undefined],
  );
  const images = useList(async () => (await client.images(patientId)).images, [client, patientId, newest]);
  const alerts = alertSpansOf(timeline?.alerts ?? [], open);
  const states = timeline?.states ?? [];
  const runs = doubtRuns(timeline ?? {});
  const counts = {
    alert: alerts.length,
    state: states.length,
    doubt: runs.length,
    note: notes.list.length,
    image: images.list.length,
    monitor: alarms.list.length,
  };
  return (
    <section
      class="card records"
      aria-label="Alerts, states, values not used, notes, imaging and alarms of monitors"
    >
      <fieldset class="segmented">
        <legend>Shown</legend>
        {TABS.map(([each, text]) => (
          <button key={each} type="button" aria-pressed={tab === each} onClick={() => setTab(each)}>
            {text} <span class="count">{counts[each]}</span>
          </button>
        ))}
      </fieldset>
      <div class="content">
        {tab === 'alert' && <AlertHistory spans={alerts} go={go} />}
        {tab === 'state' && <StateHistory states={states} now={now} />}
        {tab === 'doubt' && <DoubtHistory runs={runs} />}
        {tab === 'note' && (
          <Notes notes={notes.list} fault={notes.fault} chosen={chosen?.id ?? null} now={now} />
        )}
        {tab === 'monitor' && <MonitorAlarms alarms={alarms.list} fault={alarms.fault} now={now} />}
        {tab === 'image' && (
          <Imaging
            patientId={patientId}
            images={images.list}
            fault={images.fault}
            chosen={chosen?.id ?? null}
            now={now}
          />
        )}
      </div>
    </section>
  );
}

interface AlertHistoryProps {
  readonly spans: ReturnType<typeof alertSpansOf>;
  readonly go: (place: Place) => void;
}

function AlertHistory({ spans, go }: AlertHistoryProps) {
  if (spans.length === 0) return <p class="empty">No alert in the time shown.</p>;
  return (
    <ul>
      {spans.map(({ alert, from, to }) => (
        <li key={alert.alertId} class={`entry ${alert.priority.toLowerCase()}`}>
          <button type="button" onClick={() => go({ view: 'alerts', alertId: alert.alertId })}>
            <span class="sign">
              <Shape priority={alert.priority} filled={isActive(alert)} />
              {alert.priority}
            </span>
            <b>{titleOf(alert)}</b>
            <span class="note">
              {momentText(from)}
              {to === null ? '' : ` for ${ageText(Math.max(0, to - from))}`} · {stateText(alert)}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

interface NotesProps {
  readonly notes: readonly NoteView[];
  readonly fault: string;
  readonly chosen: string | null;
  readonly now: number;
}

function Notes({ notes, fault, chosen, now }: NotesProps) {
  useEffect(() => {
    if (chosen !== null) document.getElementById(`note-${chosen}`)?.scrollIntoView({ block: 'nearest' });
  }, [chosen, notes]);
  if (fault !== '') return <p class="fault">{fault}</p>;
  if (notes.length === 0) return <p class="empty">No note yet.</p>;
  return (
    <ul data-testid="notes">
      {notes.map(({ noteId, eventTime, noteType, authorRole, text }) => (
        <li key={noteId} id={`note-${noteId}`} class={noteId === chosen ? 'entry text chosen' : 'entry text'}>
          <p class="note">
            <b>{noteType}</b> · {authorRole} · {momentText(eventTime)} (
            {ageText(Math.max(0, now - eventTime))})
          </p>
          <p class="body">{text}</p>
        </li>
      ))}
    </ul>
  );
}

interface MonitorAlarmsProps {
  readonly alarms: readonly NoteView[];
  readonly fault: string;
  readonly now: number;
}

/** What monitors alarmed, in their words. None of it is an alert of ours. */
function MonitorAlarms({ alarms, fault, now }: MonitorAlarmsProps) {
  if (fault !== '') return <p class="fault">{fault}</p>;
  if (alarms.length === 0) return <p class="empty">No alarm of a monitor has come.</p>;
  return (
    <ul data-testid="monitor-alarms">
      {alarms.map(({ noteId, eventTime, source, text }) => (
        <li key={noteId} class="entry text">
          <p class="body">{text}</p>
          <p class="note">
            {source === '' ? 'Monitor' : source} · {momentText(eventTime)} (
            {ageText(Math.max(0, now - eventTime))})
          </p>
        </li>
      ))}
    </ul>
  );
}

/** A list read from the server; read again when one of `inputs` changes. */
function useList<Item extends NoteView | ImageView>(
  read: () => Promise<readonly Item[]>,
  inputs: readonly unknown[],
): { readonly list: readonly Item[]; readonly fault: string } {
  const [state, setState] = useState<{ list: readonly Item[]; fault: string }>({ list: [], fault: '' });
  useEffect(() => {
    let isOver = false;
    read().then(
      (list) => isOver || setState({ list, fault: '' }),
      (error: unknown) => isOver || setState({ list: [], fault: faultText(error) }),
    );
    return () => {
      isOver = true;
    };
  }, inputs);
  return state;
}
