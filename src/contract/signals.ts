import { CRITERIA, type Grade } from '../clinical/state.js';
import { WardstreamError } from '../errors.js';
import type { LayeredSignal } from './layers.js';
import {
  FORECASTS,
  type Forecast,
  type ForecastId,
  type Forecasts,
  forecastLabel,
  type ModelOutput,
  type Outcomes,
} from './outcomes.js';

/** What signals are read from: what a score has of them. */
export interface SignalSource extends Outcomes, BedsideSource {}

/** What of it no model has a part in. */
export interface BedsideSource {
  readonly news2: number | null;
  readonly sofa?: { readonly total: number | null } | null | undefined;
  /** The states that are there; absent: not looked at. */
  readonly states?: readonly { readonly criterion: string }[] | undefined;
}

/** What a rule can watch. */
interface SignalEntry {
  /** `layers.ts` says what an alert of it is about. */
  readonly id: LayeredSignal;
  /** Words for a clinician. */
  readonly label: string;
  /** UCUM; 1 is a probability. */
  readonly unit: string;
  /** It is never below the first and never above the second. */
  readonly range: readonly [low: number, high: number];
  /** The least threshold that tells anything: points are whole. */
  readonly least: number;
  /** The model's output that it is; null where no model has a part in it. */
  readonly output: ModelOutput | null;
  /** Its value; null where it is not known. */
  readonly of: (score: SignalSource) => number | null;
}

const PROBABILITY = { unit: '1', range: [0, 1], least: Number.MIN_VALUE } as const;

const CRITICAL = criteriaOf('critical');
const FAILING = criteriaOf('failing');

const OF_FORECASTS: readonly (SignalEntry & { readonly id: ForecastId })[] = FORECASTS.map((forecast) => ({
  id: forecast.id,
  label: labelOf(forecast, { hypotension: 0 }),
  ...PROBABILITY,
  output: forecast.id,
  of: (score) => score[forecast.id],
}));

/** All signals. To add one, add an entry; what a model foretells has one by itself. */
export const SIGNALS = [
  {
    id: 'mortality',
    label: 'Risk of death in hospital',
    ...PROBABILITY,
    output: 'mortality',
    of: ({ mortality }) => mortality,
  },
  ...OF_FORECASTS,
  {
    // Royal College of Physicians, National Early Warning Score (NEWS) 2, 2017: seven parameters, 20 points in all.
    id: 'news2',
    label: 'NEWS2',
    unit: '{score}',
    range: [0, 20],
    least: 1,
    output: null,
    of: ({ news2 }) => news2,
  },
  {
    // Vincent et al., Intensive Care Medicine 1996;22:707-710: six organs, 24 points in all.
    id: 'sofa',
    label: 'SOFA',
    unit: '{score}',
    range: [0, 24],
    least: 1,
    output: null,
    of: ({ sofa }) => sofa?.total ?? null,
  },
  {
    id: 'criticalStates',
    label: 'Critical states now',
    unit: '{count}',
    range: [0, CRITICAL.size],
    least: 1,
    output: null,
    of: ({ states }) => countOf(states, CRITICAL),
  },
  {
    id: 'failingStates',
    label: 'Failing organs now',
    unit: '{count}',
    range: [0, FAILING.size],
    least: 1,
    output: null,
    of: ({ states }) => countOf(states, FAILING),
  },
] as const satisfies readonly SignalEntry[];

export type SignalId = (typeof SIGNALS)[number]['id'];
export const SIGNAL_IDS = SIGNALS.map(({ id }) => id);

const BY_ID: ReadonlyMap<string, SignalEntry> = new Map(SIGNALS.map((signal) => [signal.id, signal]));

export function signalOf(id: SignalId): SignalEntry {
  return BY_ID.get(id)!;
}

/** What an alert on a signal is called, given a score of the model that it is read from. */
export function signalLabel(id: SignalId, score: Forecasts): string {
  const forecast = FORECASTS.find((each) => each.id === id);
  return forecast === undefined ? signalOf(id).label : labelOf(forecast, score);
}

/** `Circulatory failure within 8 h`. */
function labelOf(forecast: Forecast, score: Pick<Forecasts, 'hypotension'>): string {
  return `${forecastLabel(forecast, score)} within ${forecast.hours} h`;
}

function criteriaOf(wanted: Grade): ReadonlySet<string> {
  return new Set(CRITERIA.filter(({ grade }) => grade === wanted).map(({ id }) => id));
}

function countOf(states: BedsideSource['states'], ids: ReadonlySet<string>): number | null {
  if (states === undefined) return null;
  let count = 0;
  for (const { criterion } of states) if (ids.has(criterion)) count++;
  return count;
}

/** The kind of the technical notice of a patient whose ward is not known; no rule may have its name. */
export const PLACE_UNKNOWN = 'place-unknown';

/** What of a rule decides when it fires. */
interface Thresholds {
  readonly id: string;
  readonly signal: SignalId;
  readonly raiseAt: number;
  readonly resolveBelow: number;
}

/** A setting that is wrong: which, and in what way. */
export interface RuleFault {
  readonly rule: number;
  readonly field: 'id' | 'raiseAt' | 'resolveBelow';
  readonly message: string;
}

/** What a signal is, by its unit; others are points. */
const KINDS: Readonly<Record<string, string>> = { '1': 'a probability', '{count}': 'a number' };

/** What is wrong with rules that can never or always fire, never end, or that nobody could tell apart. */
export function faultsOf(rules: readonly Thresholds[]): RuleFault[] {
  const faults: RuleFault[] = [];
  rules.forEach(({ id, signal, raiseAt, resolveBelow }, rule) => {
    const {
      unit,
      range: [low, high],
      least,
    } = signalOf(signal);
    const range = `${signal} is ${KINDS[unit] ?? 'points'} from ${low} to ${high}`;
    const say = (field: RuleFault['field'], message: string) => faults.push({ rule, field, message });
    if (id.trim() === '') say('id', 'a rule needs a name');
    if (id === PLACE_UNKNOWN) say('id', `${id} is the name of a technical notice`);
    if (CRITERIA.some((criterion) => criterion.id === id)) say('id', `${id} is the name of a state`);
    if (rules.findIndex((other) => other.id === id) < rule)
      say('id', `there are two rules ${id}: their alerts would have one id`);
    if (raiseAt > high) say('raiseAt', `rule ${id} would never fire at ${raiseAt}: ${range}`);
    if (raiseAt < least) say('raiseAt', `rule ${id} would always fire at ${raiseAt}: ${range}`);
    if (resolveBelow > raiseAt) say('resolveBelow', 'resolveBelow must not exceed raiseAt');
    if (resolveBelow <= low)
      say('resolveBelow', `an alert of rule ${id} would never end below ${resolveBelow}: ${range}`);
  });
  return faults;
}

/**
 * Sees that the model gives what the rules watch: a rule that can never raise is a fault, not silence.
 * `where` the rules stand.
 * @throws WardstreamError `WS_CONFIG` naming each rule and what the model gives.
 */
export function requireSignals(
  rules: readonly Pick<Thresholds, 'id' | 'signal'>[],
  { version, outputs }: { readonly version: string; readonly outputs: readonly ModelOutput[] },
  where = 'alerts.rules',
): void {
  const deaf = rules.filter(({ signal }) => {
    const { output } = signalOf(signal);
    return output !== null && !outputs.includes(output);
  });
  if (deaf.length === 0) return;
  const which = deaf.map(({ id, signal }) => `${id} watches ${signal}`).join(', ');
  throw new WardstreamError(
    'WS_CONFIG',
    `${where}: ${which}, but model ${version} gives only ${outputs.join(', ')}; change the rule or model.version`,
  );
}
