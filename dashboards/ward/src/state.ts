import { PRIORITIES as ASCENDING } from '../../../src/contract/priorities.js';
import { allows } from '../../../src/contract/roles.js';
import type {
  AlertView,
  CatchingUpView,
  PatientView,
  Priority,
  ReplayState,
  ServerFrame,
} from './protocol.js';
import type { Settings } from './settings.js';
import { isCritical } from './standing.js';

/** The ward as the frames received so far describe it. */
export interface Ward {
  /** Event time of the stream, ms since the epoch; 0 before the first snapshot. */
  readonly clock: number;
  readonly patients: ReadonlyMap<string, PatientView>;
  /** The newest transition of each alert that is not resolved. */
  readonly alerts: ReadonlyMap<string, AlertView>;
  readonly modelVersion: string;
  /** Whether the viewer's role allows acting on alerts. */
  readonly canAct: boolean;
  /** How far the server is from the present; null: what it shows is the present. */
  readonly catchingUp: CatchingUpView | null;
  /** Patients whom another server shows now. */
  readonly elsewhere: ReadonlySet<string>;
  /** Where the replay is; null where the ward is live. */
  readonly replay: ReplayState | null;
}

export const EMPTY_WARD: Ward = {
  clock: 0,
  patients: new Map(),
  alerts: new Map(),
  modelVersion: '',
  canAct: false,
  catchingUp: null,
  elsewhere: new Set(),
  replay: null,
};

/** Most urgent first. */
export const PRIORITIES: readonly Priority[] = [...ASCENDING].reverse();

/** Whether it is about what watches the patients, not about a patient's state. */
export function isTechnical(alert: AlertView): boolean {
  return alert.class === 'technical';
}

/** The colour an alert is shown in, as a class of the style sheet: technical notices have one of their own. */
export function toneOf(alert: AlertView): string {
  return isTechnical(alert) ? 'technical' : alert.priority.toLowerCase();
}

/** Whether somebody still has to react to it. */
export function isActive({ state }: AlertView): boolean {
  return state === 'RAISED' || state === 'ESCALATED';
}

/** The ward after a frame. Frames of an unknown type change nothing. */
export function applyFrame(ward: Ward, frame: ServerFrame): Ward {
  switch (frame.type) {
    case 'hello':
      return {
        ...ward,
        modelVersion: frame.modelVersion,
        // The server decides; this only greys what it would refuse.
        canAct: allows(frame.user.role, 'act'),
        elsewhere: new Set(),
        replay: null,
      };
    case 'snapshot':
      return {
        ...ward,
        clock: frame.clock,
        catchingUp: frame.catchingUp ?? null,
        elsewhere: without(ward.elsewhere, frame.patients),
        patients: new Map(frame.patients.map((each) => [each.patientId, each])),
        alerts: new Map(frame.alerts.map((each) => [each.alertId, each])),
      };
    case 'patients': {
      const patients = new Map(ward.patients);
      for (const patient of frame.patients) patients.set(patient.patientId, patient);
      const elsewhere = without(ward.elsewhere, frame.patients);
      return { ...ward, clock: frame.clock, patients, elsewhere };
    }
    case 'discharged': {
      const patients = new Map(ward.patients);
      patients.delete(frame.patientId);
      if (frame.reason !== 'elsewhere') return { ...ward, patients };
      return { ...ward, patients, elsewhere: new Set([...ward.elsewhere, frame.patientId]) };
    }
    case 'alert': {
      const { alert } = frame;
      const alerts = new Map(ward.alerts);
      if (alert.state === 'RESOLVED') alerts.delete(alert.alertId);
      else alerts.set(alert.alertId, alert);
      return { ...ward, alerts };
    }
    case 'withdrawn': {
      const alerts = new Map(ward.alerts);
      alerts.delete(frame.alertId);
      return { ...ward, alerts };
    }
    case 'heartbeat':
      return { ...ward, clock: frame.clock, catchingUp: frame.catchingUp ?? null };
    case 'replay':
      return { ...ward, replay: frame.state };
    default:
      return ward;
  }
}

/** The patients of a set who are not among those shown. */
function without(ids: ReadonlySet<string>, shown: readonly PatientView[]): ReadonlySet<string> {
  if (ids.size === 0) return ids;
  const left = new Set(ids);
  for (const { patientId } of shown) left.delete(patientId);
  return left;
}

const BED_ORDER = new Intl.Collator(undefined, { numeric: true });

/**
 * Sorted copies. By urgency whoever is in a critical state comes first, whatever the risk of death; then it goes by whole per cent of that, then
 * bed, so that tiles do not swap over noise.
 */
export function sortPatients(patients: Iterable<PatientView>, order: Settings['order']): PatientView[] {
  const byBed = (a: PatientView, b: PatientView) => BED_ORDER.compare(bedName(a), bedName(b));
  if (order === 'bed') return [...patients].sort(byBed);
  return [...patients]
    .map((patient) => ({
      patient,
      critical: Number(isCritical(patient)),
      mortality: shownMortality(patient),
    }))
    .sort((a, b) => b.critical - a.critical || b.mortality - a.mortality || byBed(a.patient, b.patient))
    .map(({ patient }) => patient);
}

/** The alerts, technical notices about a patient with the bed that the patient is in. */
export function withBeds(
  alerts: Iterable<AlertView>,
  patients: ReadonlyMap<string, PatientView>,
): AlertView[] {
  return [...alerts].map((alert) => {
    if (!isTechnical(alert) || alert.bedId !== null) return alert;
    const bedId = patients.get(alert.patientId)?.bedId ?? null;
    return bedId === null ? alert : { ...alert, bedId };
  });
}

/** Newest onset first. */
export function sortAlerts(alerts: Iterable<AlertView>): AlertView[] {
  return [...alerts].sort((a, b) => b.onsetTime - a.onsetTime || b.eventTime - a.eventTime);
}

/** Each patient's alerts, in the order given. */
export function alertsByPatient(alerts: readonly AlertView[]): ReadonlyMap<string, readonly AlertView[]> {
  const groups = new Map<string, AlertView[]>();
  for (const alert of alerts) {
    const group = groups.get(alert.patientId);
    if (group === undefined) groups.set(alert.patientId, [alert]);
    else group.push(alert);
  }
  return groups;
}

/**
 * The alert that stands for a bed: clinical before technical, then the highest priority, and of equal ones the one still
 * waiting for someone.
 */
export function leadingAlert(alerts: readonly AlertView[]): AlertView | undefined {
  const rank = (alert: AlertView) =>
    (isTechnical(alert) ? 2 * PRIORITIES.length : 0) +
    2 * PRIORITIES.indexOf(alert.priority) +
    (isActive(alert) ? 0 : 1);
  return alerts.toSorted((a, b) => rank(a) - rank(b))[0];
}

/** What someone has to do first comes first: still waiting, then priority, then the newest. */
export function sortByUrgency(alerts: readonly AlertView[]): AlertView[] {
  const rank = (alert: AlertView) => (isActive(alert) ? 0 : 3) + PRIORITIES.indexOf(alert.priority);
  return alerts.toSorted((a, b) => rank(a) - rank(b) || b.onsetTime - a.onsetTime);
}

/** The bed, or who lies in it; `System` for a technical notice about no one patient. */
export function bedName({ bedId, patientId }: { bedId: string | null; patientId: string }): string {
  return bedId ?? (patientId || 'System');
}

/** The names of the wards shown. */
export function wardName(patients: Iterable<PatientView>): string {
  const names = new Set([...patients].flatMap(({ wardId }) => wardId ?? []));
  return names.size === 0 ? 'Ward' : [...names].sort(BED_ORDER.compare).join(', ');
}

function shownMortality({ mortality }: PatientView): number {
  return mortality === null ? -1 : Math.round(100 * mortality);
}
