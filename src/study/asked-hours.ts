import { lastMoment, type ObservedStay, type SignalId } from '../cohort/stays.js';
import { HOUR_MS } from '../durations.js';
import { isWithin } from './alarms.js';
import { BROUGHT_IN_MS, type Endpoint } from './events.js';

/** Hours at which an onset is asked for. Shapes [hours]. */
export interface AskedHours {
  /** Place of the stay in the input, ascending. */
  readonly owners: Uint32Array;
  /** Place of the newest score in that stay's moments. */
  readonly moments: Uint32Array;
  /** 1: an onset follows within the horizon. */
  readonly outcomes: Uint8Array;
}

/**
 * Every full hour since admission, from the second on, that has a score and is neither within an event of the endpoint nor in the
 * wash-out after it, when none can begin; as Hyland et al. 2020 evaluate time points.
 */
export function askedHours({ eventsOf, washOutMs }: Endpoint, stays: readonly ObservedStay[]): AskedHours {
  const most = stays.reduce(
    (sum, { admittedAt, endAt }) => sum + Math.ceil((endAt - admittedAt) / HOUR_MS),
    0,
  );
  const owners = new Uint32Array(most);
  const moments = new Uint32Array(most);
  const outcomes = new Uint8Array(most);
  let count = 0;
  stays.forEach((stay, index) => {
    const events = eventsOf(stay);
    const { times } = stay;
    for (let time = stay.admittedAt + BROUGHT_IN_MS; time < stay.endAt; time += HOUR_MS) {
      const moment = lastMoment(times, time);
      if (moment < 0 || events.some(({ start, end }) => start <= time && time < end + washOutMs)) continue;
      const isFollowed = events.some(({ start, order }) => order !== 'arrival' && isWithin(start - time));
      owners[count] = index;
      moments[count] = moment;
      outcomes[count] = isFollowed ? 1 : 0;
      count++;
    }
  });
  return {
    owners: owners.subarray(0, count),
    moments: moments.subarray(0, count),
    outcomes: outcomes.subarray(0, count),
  };
}

/** A signal at hours asked for; NaN where it is not known. */
export function valuesAt(
  { owners, moments }: AskedHours,
  stays: readonly ObservedStay[],
  signal: SignalId,
): Float64Array {
  const values = new Float64Array(owners.length);
  for (let at = 0; at < owners.length; ) {
    const owner = owners[at];
    const known = stays[owner].signals[signal];
    for (; at < owners.length && owners[at] === owner; at++) values[at] = known[moments[at]];
  }
  return values;
}
