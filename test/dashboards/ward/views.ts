import { VARIABLES, variableIndex } from '../../../src/clinical/variables.js';
import { byForecast, NO_FORECASTS } from '../../../src/contract/outcomes.js';
import type { PatientView, Timeline } from '../../../src/contract/protocol.js';

/** A patient of whom nothing is known but what is given. */
export function patientView(more: Partial<PatientView> = {}): PatientView {
  return {
    patientId: 'p1',
    stayId: 'p1@s',
    wardId: 'ICU',
    bedId: null,
    placeUnknown: false,
    admittedAt: 0,
    lastEventAt: 0,
    ageYears: null,
    sex: null,
    mortality: null,
    ...NO_FORECASTS,
    riskAt: null,
    mortalityTrend: 0,
    mortalityHistory: [],
    news2: null,
    news2Missing: [],
    qsofa: null,
    sofa: null,
    states: [],
    values: {},
    stale: false,
    ...more,
  };
}

/** A timeline of some variables, each [time, value] pairs, and of [time, risk of death] pairs. */
export function timelineOf(
  variables: Readonly<Record<string, readonly (readonly [number, number])[]>>,
  scores: readonly (readonly [number, number])[],
): Timeline {
  const series = Object.entries(variables).map(([id, pairs]) => {
    const { label, unit, kind, decimals } = VARIABLES[variableIndex(id)];
    const times = pairs.map(([time]) => time);
    return [id, { label, unit, kind, decimals, times, values: pairs.map(([, value]) => value) }] as const;
  });
  return {
    patientId: 'p1',
    clock: 0,
    from: 0,
    to: 0,
    source: 'store',
    variables: Object.fromEntries(series),
    scores: {
      times: scores.map(([time]) => time),
      mortality: scores.map(([, mortality]) => mortality),
      ...byForecast(() => scores.map(() => null)),
      news2: scores.map(() => null),
      qsofa: scores.map(() => null),
      sofa: scores.map(() => null),
    },
    states: [],
    notes: [],
    images: [],
    alerts: [],
  };
}
