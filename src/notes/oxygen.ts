import { isJoined, numberOf, type Token } from './tokens.js';

/** Oxygen that a sentence tells without naming FiO2: a share, or a flow in L/min. */
export interface Oxygen {
  readonly id: 'fio2' | 'oxygenFlow' | 'spo2';
  readonly value: number;
  readonly to: number;
}

/** The share of oxygen in air. */
const AIR = 0.21;
const DEVICES = new Set(
  'o2 oxygen fio2 fm facemask face mask venturi venti ventimask vent ventilator trach aerosol high hi hfnc hiflow highflow bipap cpap nippv optiflow tent collar shovel cool neb mist non nrb ac simv cmv ps psv peep prvc aprv'.split(
    ' ',
  ),
);
const FLOW_DEVICES = new Set(
  'o2 oxygen nc nasal cannula n via by fm face facemask mask nrb non nonrebreather hfnc high simple venturi supplemental minute home np prongs'.split(
    ' ',
  ),
);
const LITRES = new Set(['l', 'liter', 'liters', 'litre', 'litres', 'lpm']);
const BEFORE_SHARE = new Set(['on', 'to', 'needs', 'needing', 'requiring', 'at', 'via', 'with']);
/** Words between a share or flow and its device at most. */
const NEAR = 3;

/** What begins at a token; null where nothing does. */
export function oxygenAt(tokens: readonly Token[], at: number): Oxygen | null {
  const token = tokens[at];
  if (token.kind === 'number') return shareAt(tokens, at) ?? flowAt(tokens, at);
  const [before, next] = [tokens[at - 1], tokens[at + 1]];
  if (token.lower === 'room' && next?.lower === 'air') return { id: 'fio2', value: AIR, to: at + 2 };
  const isAir =
    token.text === 'RA' && (before?.lower === 'on' || before?.text === '%' || before?.kind === 'number');
  return isAir ? { id: 'fio2', value: AIR, to: at + 1 } : null;
}

function shareAt(tokens: readonly Token[], at: number): Oxygen | null {
  if (tokens[at + 1]?.text !== '%') return null;
  const value = numberOf(tokens[at]);
  const rest = tokens.slice(at + 2, at + 2 + NEAR);
  const before = tokens[at - 1]?.lower ?? '';
  if (BEFORE_SHARE.has(before) && value >= 21 && value <= 100 && rest.some(({ lower }) => DEVICES.has(lower)))
    return { id: 'fio2', value: value / 100, to: at + 2 };
  // "95% on room air": of a share that is breathed on something, the saturation.
  const isBreathing = rest[0]?.lower === 'on' || rest[0]?.text === 'RA';
  const on = rest[1];
  const isOxygen =
    rest[0]?.text === 'RA' ||
    on?.text === 'RA' ||
    on?.lower === 'room' ||
    on?.kind === 'number' ||
    on?.text === 'O2';
  if (isBreathing && isOxygen && value >= 50 && value <= 100) return { id: 'spo2', value, to: at + 2 };
  return null;
}

function flowAt(tokens: readonly Token[], at: number): Oxygen | null {
  const unit = tokens[at + 1];
  if (unit === undefined || !LITRES.has(unit.lower)) return null;
  const isPerMinute =
    unit.lower === 'lpm' ||
    (tokens[at + 2]?.text === '/' && tokens[at + 3]?.lower === 'min' && isJoined(unit, tokens[at + 2]));
  const rest = tokens.slice(at + 2, at + 2 + NEAR + (isPerMinute ? 2 : 0));
  // "1 L NS" is a fluid.
  if (!rest.some(({ lower }) => FLOW_DEVICES.has(lower))) return null;
  const value = numberOf(tokens[at]);
  return value > 0 && value <= 80 ? { id: 'oxygenFlow', value, to: at + 2 } : null;
}
