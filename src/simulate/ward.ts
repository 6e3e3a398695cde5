import { HOUR_MS } from '../durations.js';
import { WardstreamError } from '../errors.js';
import { type PlannedStay, planStay, type Scenario } from './scenarios.js';
import { type SimulatedMessage, Stay } from './stay.js';

export type { PlannedStay, Scenario } from './scenarios.js';
export type { SimulatedMessage } from './stay.js';

export interface SimulateOptions {
  readonly beds: number;
  /** How long to simulate. Memory does not grow with it. */
  readonly hours: number;
  /** The same seed gives the same ward; and bed i of it is the same however many beds there are. */
  readonly seed: number;
  /** When all beds are admitted, in milliseconds since the epoch. */
  readonly startTime: number;
  readonly wardId: string;
  /** Between two sets of vital signs, one hour at most. By default a minute, as monitors export their trends. */
  readonly vitalsIntervalMs?: number;
  /** Cycled over the beds. By default a mix with septic shock in the first bed, within two hours. */
  readonly scenarios?: readonly Scenario[];
}

const DEFAULT_INTERVAL_MS = 60_000;

/** What will happen in each bed and when. It follows from the options alone. */
export function scenarioOnsets(options: SimulateOptions): readonly PlannedStay[] {
  const { beds, seed, startTime } = options;
  const scenarios = options.scenarios?.length === 0 ? undefined : options.scenarios;
  return Array.from({ length: beds }, (_, bed) => planStay(seed, bed, startTime, scenarios));
}

/**
 * The messages of a simulated ward, all beds merged in event-time order, admissions first, made as they are asked for.
 * Pure: the same options give the same messages. Throws WS_USAGE on options that make no ward.
 */
export function* simulateWard(options: SimulateOptions): Generator<SimulatedMessage> {
  const { seed, startTime, wardId, vitalsIntervalMs = DEFAULT_INTERVAL_MS } = options;
  check(options, vitalsIntervalMs);
  const stays = scenarioOnsets(options).map(
    (plan, bed) => new Stay({ seed, bed, startTime, wardId, vitalsIntervalMs }, plan),
  );
  for (const stay of stays) yield stay.admission();
  const end = options.hours * HOUR_MS;
  // All beds are read at the same ticks, so sorting the messages of one tick merges them.
  const messages: SimulatedMessage[] = [];
  for (let elapsed = vitalsIntervalMs; elapsed <= end; elapsed += vitalsIntervalMs) {
    for (const stay of stays) stay.tick(elapsed, messages);
    yield* drain(messages);
  }
  for (const stay of stays) stay.finish(end, messages);
  yield* drain(messages);
}

/** Yields the messages in the order of time, beds in their order where it is equal, and empties the array. */
function* drain(messages: SimulatedMessage[]): Generator<SimulatedMessage> {
  messages.sort((a, b) => a.eventTime - b.eventTime);
  for (let index = 0; index < messages.length; index++) yield messages[index];
  messages.length = 0;
}

function check({ beds, hours, seed, startTime }: SimulateOptions, vitalsIntervalMs: number): void {
  const isSound =
    Number.isInteger(beds) &&
    beds >= 0 &&
    hours >= 0 &&
    Number.isInteger(seed) &&
    Number.isInteger(startTime) &&
    Number.isInteger(vitalsIntervalMs) &&
    vitalsIntervalMs > 0 &&
    vitalsIntervalMs <= HOUR_MS;
  if (isSound) return;
  const given = JSON.stringify({ beds, hours, seed, startTime, vitalsIntervalMs });
  throw new WardstreamError(
    'WS_USAGE',
    `no ward can be simulated with ${given}: all must be whole numbers (hours may be broken), none negative, ` +
      'and vitalsIntervalMs 1 to 3600000',
  );
}
