import type { Noted } from './access/audit-trail.js';
import type { WardSources } from './access/scoped-ward.js';

/** What path and query of a request name, as the endpoint declares them. */
export type Asked = Readonly<Record<string, unknown>>;

type Concerned = Pick<Noted, 'patientId' | 'wardId' | 'target'>;

/** Whom and what an answer showed: its path names it, and what is not there would have been refused. */
export function shownIn(params: Asked, { view }: WardSources): Concerned {
  const patientId = textOf(params.patientId);
  const target = textOf(params.alertId) ?? textOf(params.imageId);
  if (patientId === undefined) return target === undefined ? {} : { target };
  return {
    patientId,
    wardId: view.patients.get(patientId)?.wardId,
    ...(target === undefined ? {} : { target }),
  };
}

/** Whom a request that was refused would have shown: empty where there is no such patient or alert. */
export async function concerned(asked: Asked, { view, history }: WardSources): Promise<Concerned> {
  const patientId = textOf(asked.patientId);
  if (patientId !== undefined) {
    const place = view.patients.get(patientId) ?? (await history.lastPlaceOf(patientId).catch(() => null));
    return place === null ? {} : { patientId, wardId: place.wardId };
  }
  const alertId = textOf(asked.alertId) ?? textOf(asked.id);
  if (alertId === undefined) return {};
  const alert = view.openAlerts.get(alertId) ?? (await history.alertRecords(alertId).catch(() => [])).at(-1);
  return alert === undefined ? {} : { patientId: alert.patientId, wardId: alert.wardId, target: alertId };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
