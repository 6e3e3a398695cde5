import type { Mark } from '../patient/marks.js';
import type { ReplayState } from '../protocol.js';

type ReplayEvent = ReplayState['events'][number];

/** Events too close together on the scrubber to be told apart. */
export interface EventPlace {
  /** 0 at the begin of the history, 1 at its end. */
  readonly at: number;
  readonly events: readonly ReplayEvent[];
}

/** Two markers of the scrubber are at least this part of it apart. */
const LEAST = 0.015;

/** The events in time order, those that would overlap on the scrubber as one. */
export function eventsByPlace(events: readonly ReplayEvent[], from: number, to: number): EventPlace[] {
  const places: { at: number; events: ReplayEvent[] }[] = [];
  for (const event of events.toSorted((a, b) => a.time - b.time)) {
    const at = (event.time - from) / (to - from);
    if (at < 0 || at > 1) continue;
    const last = places[places.length - 1];
    if (last !== undefined && at - last.at < LEAST) last.events.push(event);
    else places.push({ at, events: [event] });
  }
  return places;
}

/** What truly happened to a patient, as marks of the patient view; only what lies behind `now`. */
export function truthOf(replay: ReplayState | null, patientId: string, now: number): Mark[] {
  return (replay?.events ?? [])
    .filter((event) => event.patientId === patientId && event.time <= now)
    .map(({ kind, time, label }) => ({ kind: 'truth' as const, id: `${kind} ${time}`, time, text: label }));
}

/** `60×`; null is as fast as it goes. */
export function speedText(speed: number | null): string {
  return speed === null ? 'As fast as it goes' : `${speed}×`;
}
