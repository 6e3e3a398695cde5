import type { DoubtNow, PatientNowMessage, ToldNow, ValueNow } from '../contract/now-messages.js';
import { byForecast } from '../contract/outcomes.js';
import type { DoubtView, PatientView, ValueView } from '../contract/protocol.js';

/** A patient as a page shows them, from the record that an engine has written. */
export function viewOf(now: PatientNowMessage): PatientView {
  const { patientId, stayId, wardId, bedId, admittedAt, eventTime, ageYears, sex, mortality } = now;
  const { scoredAt, mortalityTrend, news2, news2Missing, qsofa, sofa, states, silent, restored } = now;
  const history: [number, number][] = now.mortalityHistory.map(({ at, mortality: then }) => [at, then]);
  const doubted = now.doubted.map(doubtViewOf);
  return {
    patientId,
    stayId,
    wardId,
    bedId,
    placeUnknown: wardId === null,
    admittedAt,
    lastEventAt: eventTime,
    ageYears,
    sex,
    mortality,
    risk: mortality,
    ...byForecast(({ id }) => now[id]),
    riskAt: scoredAt,
    mortalityTrend,
    riskTrend: mortalityTrend,
    mortalityHistory: history,
    riskHistory: history,
    news2,
    news2Missing,
    qsofa,
    sofa,
    states,
    values: Object.fromEntries(now.values.map(valueViewOf)),
    ...(doubted.length === 0 ? {} : { doubted: Object.fromEntries(doubted) }),
    ...(now.told === null ? {} : { told: toldViewOf(now.told) }),
    stale: silent,
    restored,
  };
}

/** What notes stated, as a page shows it. */
export function toldViewOf({ values, contradicted, statuses }: ToldNow): NonNullable<PatientView['told']> {
  const stated = values.map(({ variable, ...where }) => [variable, where]);
  return { values: Object.fromEntries(stated), contradicted, statuses };
}

function valueViewOf({ variable, value, unit, at }: ValueNow): [string, ValueView] {
  return [variable, { value, unit, at }];
}

function doubtViewOf({ variable, value, unit, at, verdict, reason, words }: DoubtNow): [string, DoubtView] {
  // Of a version that knows other verdicts, what is not used may be the patient's.
  const known = verdict === 'artefact' ? 'artefact' : 'doubted';
  return [variable, { value, unit, at, verdict: known, reason, words }];
}
