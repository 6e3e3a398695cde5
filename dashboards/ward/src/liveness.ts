import type { ClientState } from '../../../src/client/ward-client.js';
import { STALE_MS } from '../../../src/clinical/sources.js';
import { ageText, timeText } from './format.js';
import type { PatientView } from './protocol.js';
import type { Ward } from './state.js';
import { catchingUpText } from './ward-text.js';

type NotLive = NonNullable<PatientView['notLive']>;
type Patients = Iterable<PatientView>;

/** The server tells of a silent feed by itself: a page that hears nothing of one for so much longer says so on its own. Scores come every 10 s. */
const PATIENCE_MS = 20_000;
/** So many beds, and half of all, are said of the whole ward. */
const FEWEST_BEDS = 3;

const BED_TEXT: Readonly<Record<NotLive['cause'], string>> = {
  unread: 'not read',
  behind: 'engine behind',
  silent: 'feed silent',
};

/** After how long without anything a patient is not live, whatever the server says, in milliseconds. */
export function patienceFor({ feed }: Pick<PatientView, 'feed'>): number {
  return Math.min(STALE_MS, (feed?.silentAfterMs ?? STALE_MS) + PATIENCE_MS);
}

/** Why what is shown of a patient is not the present, as a tile says it: `feed silent 2 min`; empty where it is. */
export function notLiveText(patient: PatientView, now: number): string {
  const { notLive, lastEventAt, stale } = patient;
  if (notLive !== undefined) return `${BED_TEXT[notLive.cause]} ${ageText(Math.max(0, now - notLive.since))}`;
  const isOverdue = stale || now - lastEventAt > patienceFor(patient);
  return isOverdue ? `no data ${ageText(now - lastEventAt)}` : '';
}

/** For how long nothing may come of the whole ward. */
export function patienceForAll(patients: Patients): number {
  return Math.min(STALE_MS, ...[...patients].map(patienceFor));
}

/** Says of a ward what most of its beds have in common; empty where that is nothing. */
export function wardNotLiveText(patients: ReadonlyMap<string, PatientView>): string {
  const beds = [...patients.values()];
  for (const cause of ['unread', 'behind', 'silent'] as const) {
    const since = beds.flatMap(({ notLive }) => (notLive?.cause === cause ? notLive.since : []));
    const isMost = since.length >= Math.min(FEWEST_BEDS, beds.length) && 2 * since.length >= beds.length;
    if (since.length === 0 || !isMost) continue;
    const which = `${since.length} of ${beds.length} beds`;
    const from = timeText(Math.max(...since));
    if (cause === 'unread')
      return `Nothing is read of ${which} since ${from}. What is shown of them is not current: look at the bedside monitors.`;
    return cause === 'behind'
      ? `Of ${which} not all is read since ${from}. What is shown of them is behind: look at the bedside monitors.`
      : `Nothing comes of ${which} since ${from}. What is shown of them is not current: look at the bedside monitors.`;
  }
  return '';
}

/** How it stands with the data, apart from the connection. */
export interface DataState {
  readonly kind: 'live' | 'not-live' | 'waiting' | 'replay';
  readonly text: string;
}

/** Whether what the page shows is live: only where it is connected, the server knows the present, and every bed is. */
export function dataStateOf(link: ClientState, ward: Ward, now: number): DataState {
  if (ward.replay !== null && link.kind === 'live') return { kind: 'replay', text: 'Replay, not live' };
  const beds = [...ward.patients.values()];
  if (link.kind !== 'live') {
    return beds.length === 0
      ? { kind: 'waiting', text: 'No data yet' }
      : { kind: 'not-live', text: 'Not live' };
  }
  if (catchingUpText(ward) !== '') return { kind: 'waiting', text: 'Catching up' };
  if (beds.length === 0) return { kind: 'waiting', text: ward.clock === 0 ? 'No data yet' : 'No beds' };
  const count = beds.filter((patient) => notLiveText(patient, now) !== '').length;
  if (count === 0) return { kind: 'live', text: 'Live' };
  return { kind: 'not-live', text: `Not live: ${count} of ${beds.length} beds` };
}
