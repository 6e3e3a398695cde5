import { MONITOR_ALARM } from '../../contract/note-kinds.js';
import { TOPICS } from '../../contract/topics.js';
import { mdcUnit } from './mdc.js';
import type { Segment } from './message.js';
import { timeOf } from './times.js';
import type { Reading, Translation } from './translation.js';

/**
 * What an OBX tells of an alarm (IHE PCD ACM), by the name of ISO/IEEE 11073-10101, else its number. Senders write some names in two ways, and
 * older ones have other numbers.
 */
const FACETS: ReadonlyMap<string, Facet> = new Map<string, Facet>([
  ['MDC_ATTR_EVENT_PHASE', 'phase'],
  ['MDC_ATTR_EVT_PHASE', 'phase'],
  ['68481', 'phase'],
  ['MDC_ATTR_ALARM_STATE', 'state'],
  ['68482', 'state'],
  ['MDC_ATTR_ALARM_INACTIVATION_STATE', 'inactivation'],
  ['68483', 'inactivation'],
  ['MDC_ATTR_ALARM_PRIORITY', 'priority'],
  ['68484', 'priority'],
  ['MDC_ATTR_ALERT_TEXT', 'text'],
  ['68546', 'text'],
  ['MDC_ATTR_ALERT_TYPE', 'none'],
  ['68485', 'none'],
  ['MDC_ATTR_ALERT_SOURCE', 'none'],
  ['68480', 'none'],
]);
type Facet = 'phase' | 'state' | 'inactivation' | 'priority' | 'text' | 'none';

/** Priorities, in OBX-8 of the alarm or an OBX of their own. */
const PRIORITIES: ReadonlyMap<string, string> = new Map([
  ['PH', 'High'],
  ['PM', 'Medium'],
  ['PL', 'Low'],
  ['PN', 'Note'],
  ['H', 'High'],
  ['M', 'Medium'],
  ['L', 'Low'],
]);
/** What such a state says is usual, and not told. */
const USUAL = new Set(['', 'enabled']);
const EVENT = /^(MDC|[A-Z]+)_EVT_/;
const MAX_TEXT = 300;

interface Alarm {
  obr: Segment | null;
  event: Segment | null;
  value: string;
  readonly facets: Map<Facet, string>;
}

/** Makes notes of the alarms of a monitor (ORU^R40): one of each OBR, in the monitor's words. None becomes an alert. */
export function addAlarms(reading: Reading, out: Translation): void {
  const alarms: Alarm[] = [];
  for (const segment of reading.message.segments) {
    if (segment.name === 'OBR') alarms.push(begin(segment));
    else if (segment.name === 'OBX') {
      if (alarms.length === 0) alarms.push(begin(null));
      read(segment, alarms[alarms.length - 1]);
    }
  }
  for (const alarm of alarms) emit(alarm, reading, out);
  if (alarms.length === 0) out.reject('empty', 'no alarm in the message');
}

function begin(obr: Segment | null): Alarm {
  return { obr, event: null, value: '', facets: new Map() };
}

function read(obx: Segment, alarm: Alarm): void {
  const [code, name] = [obx.text(3), obx.text(3, 2)];
  const facet = FACETS.get(name) ?? FACETS.get(code);
  if (facet !== undefined) alarm.facets.set(facet, obx.text(5));
  else if (EVENT.test(name) || code === '196616') alarm.event ??= obx;
  else if (obx.text(2).toUpperCase() === 'NM' && alarm.value === '' && obx.text(5) !== '') {
    const [unit, unitName] = [obx.text(6), obx.text(6, 2)];
    alarm.value = `${obx.text(5)} ${mdcUnit(unit) ?? mdcUnit(unitName) ?? unit}`.trim();
  }
}

function emit({ obr, event, value, facets }: Alarm, reading: Reading, out: Translation): void {
  const { zone, sentAt, now, patientId, message, sender } = reading;
  const what = facets.get('text') || (event === null ? '' : textOf(event));
  if (what === '') {
    out.reject('empty', 'the alarm says nothing that can be shown');
    return;
  }
  const told = event?.text(14) || obr?.text(7) || '';
  const eventTime = told === '' ? sentAt : timeOf(told, zone, sentAt ?? now);
  if (!out.hasTime(eventTime, reading, { untimed: 'the alarm has no time', ahead: 'the alarm is' })) return;
  const flags = event?.repetitions(8).map((flag) => flag.text(1)) ?? [];
  const priority = [facets.get('priority') ?? '', ...flags].map((flag) => PRIORITIES.get(flag.toUpperCase()));
  const states = [facets.get('phase'), facets.get('state'), facets.get('inactivation')].filter(
    (state) => state !== undefined && !USUAL.has(state),
  );
  const first = priority.find((each) => each !== undefined);
  const text = [
    first === undefined ? '' : `${first} priority: `,
    what.slice(0, MAX_TEXT),
    value === '' ? '' : `, ${value.slice(0, 40)}`,
    states.length === 0 ? '' : ` (${states.join(', ').slice(0, 80)})`,
  ].join('');
  out.counts.used++;
  out.add(TOPICS.notes, {
    patientId,
    eventTime,
    observedAt: null,
    source: message.sender,
    noteType: MONITOR_ALARM,
    authorRole: 'monitor',
    language: message.header.text(19) || sender.language,
    text,
  } as never);
}

/** The monitor's words, else the name of the kind of alarm, readable: MDC_EVT_LEAD_OFF is "lead off". */
function textOf(event: Segment): string {
  const [first, second] = [event.first(5).text(1), event.first(5).text(2)];
  const name = [second, first, event.text(3, 2)].find((each) => each !== '' && !/^\d+$/.test(each)) ?? '';
  return EVENT.test(name) ? name.replace(EVENT, '').replaceAll('_', ' ').toLowerCase() : name;
}
