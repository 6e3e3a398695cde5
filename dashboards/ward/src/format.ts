import { VARIABLES } from '../../../src/clinical/variables.js';
import { amountText, UNIT_TEXT } from '../../../src/contract/amounts.js';
import { MINUTE_MS } from '../../../src/durations.js';
import type { AlertView, PatientView } from './protocol.js';

const HOUR_MIN = 60;
/** A trend within two points an hour is shown as level. */
const LEVEL_TREND = 0.02;

const VARIABLE_BY_ID = new Map(VARIABLES.map((variable) => [variable.id, variable]));

const DATE = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
});
const ZONE = new Intl.DateTimeFormat(undefined, { timeZoneName: 'short' });
const TIME = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });
const MINUTE = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const DAY_AND_MINUTE = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

/** The day, in the viewer's zone. */
export function dateText(time: number): string {
  return DATE.format(time);
}

/** The time of day to the second, in the viewer's zone. */
export function timeText(time: number): string {
  return TIME.format(time);
}

/** The viewer's zone, as `CET`. */
export function zoneText(time: number): string {
  return ZONE.formatToParts(time).find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

/** Hour and minute, in the viewer's zone. */
export function minuteText(time: number): string {
  return MINUTE.format(time);
}

/** Weekday and day, in the viewer's zone. */
export function dayText(time: number): string {
  return DAY.format(time);
}

/** Day and minute, in the viewer's zone. */
export function momentText(time: number): string {
  return DAY_AND_MINUTE.format(time);
}

/** How long an alert has been there: `12 min`. */
export function sinceText({ onsetTime }: AlertView, now: number): string {
  return ageText(Math.max(0, now - onsetTime));
}

/** `< 1 min`, `12 min`, `3 h 05`, `2 d 4 h`; never `now`, which would be wrong once the connection is lost. */
export function ageText(ageMs: number): string {
  const minutes = Math.floor(ageMs / MINUTE_MS);
  if (minutes < 1) return '< 1 min';
  if (minutes < HOUR_MIN) return `${minutes} min`;
  const hours = Math.floor(minutes / HOUR_MIN);
  return hours < 24
    ? `${hours} h ${String(minutes % HOUR_MIN).padStart(2, '0')}`
    : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** The same in a few characters, for tiles: `<1m`, `12m`, `3h`, `2d`. */
export function shortAgeText(ageMs: number): string {
  const minutes = Math.floor(ageMs / MINUTE_MS);
  if (minutes < 1) return '<1m';
  if (minutes < HOUR_MIN) return `${minutes}m`;
  const hours = Math.floor(minutes / HOUR_MIN);
  return hours < 24 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}

export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(0)} %`;
}

/** Where the risk is going: an arrow's name, and `+8/h` in points of per cent. */
export interface Trend {
  readonly kind: 'up' | 'down' | 'level';
  readonly text: string;
}

export function trendOf(trend: number): Trend {
  const points = Math.round(100 * trend);
  const sign = points > 0 ? '+' : points < 0 ? '−' : '±';
  const kind = trend > LEVEL_TREND ? 'up' : trend < -LEVEL_TREND ? 'down' : 'level';
  return { kind, text: `${sign}${Math.abs(points)}/h` };
}

const SEX_TEXT: Readonly<Record<string, string>> = { FEMALE: 'F', MALE: 'M' };

/** `71 F` */
export function personText({ ageYears, sex }: PatientView): string {
  const age = ageYears === null ? '' : `${Math.floor(ageYears)}`;
  return `${age} ${sex === null ? '' : (SEX_TEXT[sex] ?? sex.toLowerCase())}`.trim();
}

/** A lower bound where inputs are missing. */
export function news2Text({ news2, news2Missing }: PatientView): string | null {
  if (news2 === null) return null;
  return news2Missing.length > 0 ? `≥ ${news2}` : String(news2);
}

/** `18 %, threshold 15 %`: an alert's signal against its threshold, in its unit. Of a technical notice: what is wrong. */
export function crossingText({ unit, value, threshold, detail }: AlertView): string {
  if (value === null || threshold === null) return detail ?? '';
  return `${amountText(value, unit)}, threshold ${amountText(threshold, unit)}`;
}

/** The label a clinician reads; the id itself where it is unknown. */
export function labelOf(variable: string): string {
  return VARIABLE_BY_ID.get(variable)?.label ?? variable;
}

/** `118 /min` */
export function valueText(variable: string, value: number, unit: string): string {
  const shownUnit = UNIT_TEXT[unit] ?? unit;
  const number = value.toFixed(VARIABLE_BY_ID.get(variable)?.decimals ?? 1);
  return shownUnit === '' ? number : `${number} ${shownUnit}`;
}

/** `acknowledged by Dr Lee` */
export function stateText({ state, actor }: AlertView): string {
  return actor === null ? state.toLowerCase() : `${state.toLowerCase()} by ${actor}`;
}

/** The text as the beginning of a sentence. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
