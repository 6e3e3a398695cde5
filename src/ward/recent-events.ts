import type { Outputs } from '../engine/outputs.js';
import {
  type ImagingClinicalEvent,
  isMonitorAlarm,
  type NoteClinicalEvent,
  type ObservationEvent,
} from '../events/event.js';

/** Newest events of a patient kept, by kind: more than come while the store collects rows for an insert. */
const OBSERVATIONS = 64;
const NOTES = 20;
const IMAGES = 2;

/** Values of one moment. */
export type RecentValues = Pick<ObservationEvent, 'eventTime' | 'verdicts'> & {
  readonly variables: ArrayLike<number>;
  readonly values: ArrayLike<number>;
};

interface Recent {
  readonly observations: RecentValues[];
  readonly notes: NoteClinicalEvent[];
  /** Alarms of monitors. */
  readonly alarms: NoteClinicalEvent[];
  readonly images: ImagingClinicalEvent[];
}

const NONE: Recent = { observations: [], notes: [], alarms: [], images: [] };

/** The newest events of every patient on the ward: what the store does not have yet. */
export class RecentEvents {
  readonly #patients = new Map<string, Recent>();

  write({ observations, notes, images }: Outputs): void {
    for (const event of observations) {
      if (!event.isRepeated) keep(this.#recent(event.patientId).observations, event, OBSERVATIONS);
    }
    for (const event of notes) {
      const recent = this.#recent(event.patientId);
      keep(isMonitorAlarm(event) ? recent.alarms : recent.notes, event, NOTES);
    }
    for (const event of images) keep(this.#recent(event.patientId).images, event, IMAGES);
  }

  keepValue(patientId: string, values: RecentValues): void {
    keep(this.#recent(patientId).observations, values, OBSERVATIONS);
  }

  /** Oldest first, in the order they came. */
  of(patientId: string): Readonly<Recent> {
    return this.#patients.get(patientId) ?? NONE;
  }

  forget(patientId: string): void {
    this.#patients.delete(patientId);
  }

  clear(): void {
    this.#patients.clear();
  }

  #recent(patientId: string): Recent {
    let recent = this.#patients.get(patientId);
    if (recent === undefined) {
      recent = { observations: [], notes: [], alarms: [], images: [] };
      this.#patients.set(patientId, recent);
    }
    return recent;
  }
}

function keep<Item>(items: Item[], item: Item, most: number): void {
  items.push(item);
  if (items.length > most) items.shift();
}
