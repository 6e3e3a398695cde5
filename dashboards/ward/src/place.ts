/** Where the viewer is. Held in the history entry, not in the address: no patient appears in a URL. */
export type Place =
  | { readonly view: 'ward' }
  | { readonly view: 'patient'; readonly patientId: string }
  | { readonly view: 'alerts'; readonly alertId: string | null };

export const WARD: Place = { view: 'ward' };
export const ALERTS: Place = { view: 'alerts', alertId: null };

/** The place in a history entry's state; the ward for anything else. */
export function placeOf(state: unknown): Place {
  if (typeof state !== 'object' || state === null || !('view' in state)) return WARD;
  if (state.view === 'patient' && 'patientId' in state && typeof state.patientId === 'string') {
    return { view: 'patient', patientId: state.patientId };
  }
  if (state.view !== 'alerts') return WARD;
  const alertId = 'alertId' in state && typeof state.alertId === 'string' ? state.alertId : null;
  return { view: 'alerts', alertId };
}
