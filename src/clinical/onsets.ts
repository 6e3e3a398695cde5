/**
 * Onsets: what a model of risk ahead learns to foretell, for patients who are not in it. Told from the spans of endpoints.ts over
 * the whole stay; they look ahead and must never be used live. What is counted:
 * - circulatory: the published definition, hypotension with a raised lactate; a stay without a lactate has none.
 * - hypotension: a mean pressure ≤ 65 mmHg for 30 minutes, whatever the lactate, which nearly half of stays never have.
 * - respiratory: PaO2/FiO2 < 200, or SpO2/FiO2 < 235 where no blood gas says more, or the start of ventilation. Whoever comes
 *   ventilated, or is charted so within four hours, has no onset by it.
 * What begins within an hour of admission was brought in, and so was a pressure that is low from the first reading on.
 * The first onset is told apart from a recurrence. Spans closer than the wash-out are one: a value that crosses its limit again
 * and again is one event. `eitherOf` tells either of two kinds.
 */
import { HOUR_MS } from '../durations.js';
import {
  circulatoryFailure,
  hypotension,
  hypoxaemia,
  hypoxaemiaBySpo2,
  meanPressure,
  type Series,
  ventilationStarts,
} from './endpoints.js';
import type { Interval } from './intervals.js';

/** Free of the endpoint for this long, a patient can have an onset again; until then no row is at risk. Ours: the horizon. */
export const WASH_OUT_MS = 8 * HOUR_MS;
/** What begins this soon was brought in: it is no onset, and what follows is a recurrence. Ours. */
export const BROUGHT_IN_MS = HOUR_MS;
/** The same of ventilation, which is often charted late on arrival. */
export const BROUGHT_IN_VENTILATED_MS = 4 * HOUR_MS;

export const ONSETS = ['circulatory', 'hypotension', 'respiratory'] as const;
export type OnsetId = (typeof ONSETS)[number];

/** What an onset was told by. */
export type Evidence = 'pressure and lactate' | 'pressure' | 'PaO2/FiO2' | 'SpO2/FiO2' | 'ventilation';

export interface Onset extends Interval {
  /** `arrival`: brought in. Only `first` and `recurrence` are to be foretold. */
  readonly order: 'arrival' | 'first' | 'recurrence';
  readonly by: Evidence;
}

/** Measurements of one stay. */
export interface Charts {
  readonly mapInvasive: Series;
  readonly mapCuff: Series;
  readonly lactate: Series;
  readonly pao2: Series;
  readonly spo2: Series;
  readonly fio2: Series;
  readonly mechVent: Series;
}

type Span = Interval & { readonly by: Evidence };

interface Told {
  readonly spans: readonly Span[];
  /** When the sign was first read, where a first reading within the endpoint says that it was brought in. */
  readonly firstReadAt?: number | undefined;
}

/** Onsets of one kind in a stay, ascending. Times in ms, `admittedAt` in the same. */
export function onsetsOf(id: OnsetId, charts: Charts, admittedAt: number): Onset[] {
  const { spans, firstReadAt = Number.NEGATIVE_INFINITY } = SPANS[id](charts, admittedAt);
  return ordered(spans, ({ start }) => start - admittedAt < BROUGHT_IN_MS || start <= firstReadAt);
}

const SPANS: Readonly<Record<OnsetId, (charts: Charts, admittedAt: number) => Told>> = {
  circulatory: ({ mapInvasive, mapCuff, lactate }) => {
    const map = meanPressure(mapInvasive, mapCuff);
    return {
      spans: told('pressure and lactate', circulatoryFailure({ map, lactate })),
      firstReadAt: map.times[0],
    };
  },
  hypotension: ({ mapInvasive, mapCuff }) => {
    const map = meanPressure(mapInvasive, mapCuff);
    return { spans: told('pressure', hypotension(map)), firstReadAt: map.times[0] };
  },
  respiratory: ({ pao2, spo2, fio2, mechVent }, admittedAt) => {
    const isLater = ({ start }: Interval) => start - admittedAt >= BROUGHT_IN_VENTILATED_MS;
    const spans = [
      ...told('PaO2/FiO2', hypoxaemia({ pao2, fio2 })),
      ...told('SpO2/FiO2', hypoxaemiaBySpo2({ pao2, spo2, fio2 })),
      ...told('ventilation', ventilationStarts(mechVent).filter(isLater)),
    ];
    return { spans };
  },
};

/**
 * Onsets of any of several kinds, each given ascending: what begins while another is there is no event of its own. Each is called by
 * what came first. Ascending, without overlap.
 */
export function eitherOf(kinds: readonly (readonly Onset[])[]): Onset[] {
  const merged: Onset[] = [];
  for (const onset of kinds.flat().sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last === undefined || onset.start > last.end) merged.push(onset);
    else if (onset.end > last.end) merged[merged.length - 1] = { ...last, end: onset.end };
  }
  return merged;
}

function told(by: Evidence, spans: readonly Interval[]): Span[] {
  return spans.map(({ start, end }) => ({ start, end, by }));
}

/** Spans closer than the wash-out become one, told by what came first; each gets its order. */
function ordered(spans: readonly Span[], isBroughtIn: (event: Interval) => boolean): Onset[] {
  const merged: { start: number; end: number; by: Evidence }[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last !== undefined && span.start - last.end < WASH_OUT_MS) last.end = Math.max(last.end, span.end);
    else merged.push({ ...span });
  }
  return merged.map((event, index) => {
    if (isBroughtIn(event)) return { ...event, order: 'arrival' };
    return { ...event, order: index === 0 ? 'first' : 'recurrence' };
  });
}
