import type { Trouble } from './troubles.js';

/** So long nothing is read before it is said to people. */
export const AWAY_MS = 10_000;

/** Nothing is read from Kafka; `who` does not read, undefined for the engines. */
export function awayTrouble(who: string | undefined, why: string): Trouble {
  const effect = who === undefined ? 'Patients are not watched' : `${who} gets nothing`;
  return {
    kind: 'input-away',
    ...(who === undefined ? {} : { subject: who }),
    priority: 'HIGH',
    detail: `nothing is read from Kafka for ${AWAY_MS / 1000} s: ${why}. ${effect}; it is tried again all the time. Are the brokers up?`,
    stopsInput: who === undefined,
  };
}
