import { titleOf } from '../../../../src/contract/amounts.js';
import { type Layer, layerOf } from '../../../../src/contract/layers.js';
import type { AlertView, Priority } from '../protocol.js';
import { bedName, isActive } from '../state.js';

/** Which part of an alert's life is shown. */
export type Stage = 'open' | 'waiting' | 'taken' | 'resolved';

/** What the inbox shows. */
export interface Filter {
  readonly stage: Stage;
  /** State, risk or technical; null: all. */
  readonly layer: Layer | null;
  /** Null: every priority. */
  readonly priority: Priority | null;
  /** Null: every ward. */
  readonly ward: string | null;
  /** Part of a bed's name, of a patient's id, of what is alarmed or of the rule's id. */
  readonly text: string;
}

export const EVERYTHING_OPEN: Filter = { stage: 'open', layer: null, priority: null, ward: null, text: '' };

const STAGES: Readonly<Record<Stage, (alert: AlertView) => boolean>> = {
  open: ({ state }) => state !== 'RESOLVED',
  waiting: isActive,
  taken: ({ state }) => state === 'ACKNOWLEDGED' || state === 'SNOOZED',
  resolved: ({ state }) => state === 'RESOLVED',
};

/** Whether an alert is to be shown. */
export function passes({ stage, layer, priority, ward, text }: Filter, alert: AlertView): boolean {
  const words = `${bedName(alert)} ${alert.patientId} ${titleOf(alert)} ${alert.rule}`.toLowerCase();
  return (
    STAGES[stage](alert) &&
    (layer === null || layerOf(alert) === layer) &&
    (priority === null || alert.priority === priority) &&
    // What belongs to no ward concerns every ward.
    (ward === null || alert.wardId === null || alert.wardId === ward) &&
    words.includes(text.trim().toLowerCase())
  );
}

/** What an alert is about, as lists name it. */
export const LAYER_TEXT: Readonly<Record<Layer, string>> = {
  state: 'State now',
  risk: 'Risk or score',
  technical: 'Technical',
};

/** The wards of some alerts, sorted. */
export function wardsOf(alerts: readonly AlertView[]): string[] {
  return [...new Set(alerts.flatMap(({ wardId }) => wardId ?? []))].sort();
}
