import { VARIABLES } from '../../../src/clinical/variables.js';
import type { AlertView, Evidence, PatientView } from './protocol.js';

const MINUTE_MS = 60_000;
const HOUR_MIN = 60;
const DAY_MS = 24 * 3_600_000;
/** A trend within two points an hour is shown as level. */
const LEVEL_TREND = 0.02;

const VARIABLE_BY_ID = new Map(VARIABLES.map((variable) => [variable.id, variable]));

/** UCUM → what clinicians write; units not listed are shown as they are. */
const UNIT_TEXT: Readonly<Record<string, string>> = {
  'mm[Hg]': 'mmHg',
  Cel: '°C',
  '1': '',
  '{score}': '',
  '{pH}': '',
  '{INR}': '',
  '{bool}': '',
  '10*3/uL': '×10³/µL',
};

const RULE_TEXT: Readonly<Record<string, string>> = {
  'risk-high': 'High risk of death in hospital',
  'risk-elevated': 'Raised risk of death in hospital',
  'news2-emergency': 'NEWS2 at emergency level',
};

const CLOCK = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
  timeZoneName: 'short',
});
const TIME = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const MINUTE = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const DAY_AND_MINUTE = new Intl.DateTimeFormat(undefined, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

/** Date, time and zone in the viewer's zone. */
export function clockText(time: number): string {
  return CLOCK.format(time);
}

export function timeText(time: number): string {
  return TIME.format(time);
}

/** When an alert began, with the day where it was not within the last day. */
export function onsetText(onset: number, now: number): string {
  return (now - onset < DAY_MS ? MINUTE : DAY_AND_MINUTE).format(onset);
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

export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(0)} %`;
}

/** `↗ +8 pts/h` */
export function trendText(trend: number): string {
  const points = Math.round(100 * trend);
  const arrow = trend > LEVEL_TREND ? '↗' : trend < -LEVEL_TREND ? '↘' : '→';
  const sign = points > 0 ? '+' : points < 0 ? '−' : '±';
  return `${arrow} ${sign}${Math.abs(points)} pts/h`;
}

const SEX_TEXT: Readonly<Record<string, string>> = { FEMALE: 'F', MALE: 'M' };

/** `71 y F` */
export function personText({ ageYears, sex }: PatientView): string {
  const age = ageYears === null ? '' : `${Math.floor(ageYears)} y`;
  return `${age} ${sex === null ? '' : (SEX_TEXT[sex] ?? sex.toLowerCase())}`.trim();
}

/** A lower bound where inputs are missing. */
export function news2Text({ news2, news2Missing }: PatientView): string | null {
  if (news2 === null) return null;
  return news2Missing.length > 0 ? `≥ ${news2}` : String(news2);
}

export function ruleText(rule: string): string {
  return RULE_TEXT[rule] ?? rule;
}

/** The signal against its threshold: a probability as per cent, anything else as points. */
export function crossingText({ rule, value, threshold }: AlertView): string {
  const isPoints = rule.startsWith('news2') || threshold > 1;
  const show = (number: number) => (isPoints ? number.toFixed(0) : percent(number));
  return `${isPoints ? 'NEWS2' : 'risk'} ${show(value)}, threshold ${show(threshold)}`;
}

/** `Heart rate 118 /min (2 min)` */
export function evidenceText({ variable, value, unit, ageMs }: Evidence): string {
  const known = VARIABLE_BY_ID.get(variable);
  const shownUnit = UNIT_TEXT[unit] ?? unit;
  const number = value.toFixed(known?.decimals ?? 1);
  return `${known?.label ?? variable} ${number}${shownUnit === '' ? '' : ` ${shownUnit}`} (${ageText(ageMs)})`;
}
