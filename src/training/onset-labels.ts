import type { Series } from '../clinical/endpoints.js';
import { type Charts, ONSETS, type Onset, type OnsetId, onsetsOf } from '../clinical/onsets.js';
import { VARIABLES, variableIndex } from '../clinical/variables.js';
import { HOUR_MS } from '../durations.js';
import type { ClinicalEvent } from '../events/event.js';

const CHARTED = [
  'mapInvasive',
  'mapCuff',
  'lactate',
  'pao2',
  'spo2',
  'fio2',
  'mechVent',
] as const satisfies readonly (keyof Charts)[];
const CHARTED_AT = new Map(CHARTED.map((id) => [variableIndex(id), id]));

/** An onset in hours since admission: start, end, its order and what told it. */
export type LabelledOnset = readonly [start: number, end: number, order: Onset['order'], by: Onset['by']];

interface Stay {
  readonly admittedAt: number;
  endAt: number;
  readonly charted: Record<(typeof CHARTED)[number], [time: number, value: number][]>;
}

/** Collects what onsets are told from, as labels for training. They look ahead: never for use live. One stay a patient. */
export class OnsetCollector {
  readonly #stays = new Map<string, Stay>();

  add({ patientId, eventTime, observedAt, variables, values, kind }: ClinicalEvent): void {
    let stay = this.#stays.get(patientId);
    if (stay === undefined) {
      const charted = Object.fromEntries(CHARTED.map((id) => [id, []])) as unknown as Stay['charted'];
      stay = { admittedAt: eventTime, endAt: eventTime, charted };
      this.#stays.set(patientId, stay);
    }
    if (kind === 'vitals' || kind === 'labs') stay.endAt = Math.max(stay.endAt, eventTime);
    if (variables === null) return;
    for (let index = 0; index < variables.length; index++) {
      const id = CHARTED_AT.get(variables[index]);
      if (id === undefined) continue;
      const [low, high] = VARIABLES[variables[index]].plausible;
      const value = values[index];
      if (value >= low && value <= high) stay.charted[id].push([observedAt, value]);
    }
  }

  /** Onsets of every kind in a patient's stay, and hours from admission to its last value. */
  labels(patientId: string): { hours: number; onsets: Record<OnsetId, LabelledOnset[]> } {
    const stay = this.#stays.get(patientId);
    const hours = (time: number) => Math.round(((time - (stay?.admittedAt ?? 0)) / HOUR_MS) * 1e4) / 1e4;
    const onsets = {} as Record<OnsetId, LabelledOnset[]>;
    for (const id of ONSETS) {
      const found = stay === undefined ? [] : onsetsOf(id, chartsOf(stay), stay.admittedAt);
      onsets[id] = found.map(({ start, end, order, by }) => [hours(start), hours(end), order, by]);
    }
    return { hours: stay === undefined ? 0 : hours(stay.endAt), onsets };
  }
}

/** Ascending in time. */
function chartsOf({ charted }: Stay): Charts {
  const series = CHARTED.map((id): [string, Series] => {
    const rows = [...charted[id]].sort((a, b) => a[0] - b[0]);
    return [id, { times: rows.map(([time]) => time), values: rows.map(([, value]) => value) }];
  });
  return Object.fromEntries(series) as unknown as Charts;
}
