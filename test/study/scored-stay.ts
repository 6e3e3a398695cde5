import type { Series } from '../../src/clinical/endpoints.js';
import type { ObservedStay, SignalId } from '../../src/cohort/stays.js';
import { CHARTED, SIGNALS } from '../../src/cohort/stays.js';

const HOUR = 3_600_000;
const NONE: Series = { times: new Float64Array(0), values: new Float64Array(0) };
/** Nothing charted. */
export const NO_CHARTS = Object.fromEntries(
  CHARTED.map((id): [string, Series] => [id, NONE]),
) as ObservedStay['charted'];

/**
 * A scored stay from rows of [minute, deterioration, failing]; it began at 0 and lasted so many hours. Other signals are not known.
 */
export function scoredStay(
  rows: readonly (readonly [minute: number, deterioration: number, failing?: number])[],
  {
    id = 'p1',
    hours = 48,
    charted = {},
  }: { id?: string; hours?: number; charted?: Partial<ObservedStay['charted']> } = {},
): ObservedStay {
  const list = (of: (row: (typeof rows)[number]) => number) => Float64Array.from(rows, of);
  const signals = Object.fromEntries(SIGNALS.map((signal) => [signal, list(() => Number.NaN)])) as Record<
    SignalId,
    Float64Array
  >;
  return {
    patientId: id,
    stayId: `${id}@0`,
    wardId: null,
    admittedAt: 0,
    endAt: hours * HOUR,
    isOver: true,
    demographics: { ageYears: 60, sex: null, heightCm: null, weightKg: null, unitType: null },
    observations: rows.length,
    alarms: [],
    times: list(([minute]) => minute * 60_000),
    signals: {
      ...signals,
      model: list(() => 0.1),
      deterioration: list(([, value]) => value),
      failing: list(([, , failing = 0]) => failing),
    },
    charted: {
      ...NO_CHARTS,
      ...charted,
    },
  };
}
