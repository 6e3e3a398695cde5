import type { Case, Cases } from '../cases.js';
import { html, type Markup } from './html.js';

const WIDTH = 440;
const HEIGHT = 150;
const LEFT = 30;
const RIGHT = 18;
const TOP = 8;
const BOTTOM = 30;

/** The lists of cases, each stay with its chart; `watch` is the command that shows one on the ward page. */
export function caseSections(
  { earliestCatches, worstMisses, costliestFalseAlarms }: Cases,
  outcome: string,
  alarm: string,
  watch: string,
): Markup {
  return html`<h2>Cases</h2>
<p>Single stays, chosen by rule: what an alarm at ${alarm} does at best and at worst. Blue: the model; grey: NEWS2 / 20; shaded: the event;
marks below: alarms; dashed: the threshold.</p>
${watchParagraph(watch)}
${list('catch', 'The earliest catches', earliestCatches, outcome)}
${list('miss', 'The worst misses', worstMisses, outcome)}
${list('false', 'The costliest false alarms', costliestFalseAlarms, outcome)}`;
}

/** How a stay is opened on the ward page as it was then. */
export function watchParagraph(watch: string): Markup {
  return html`<p>To see a stay's whole timeline on the ward page as it was at that hour, and go on from there, add what stands below it to:
<br><code>${watch}</code></p>`;
}

/** What is added to the command for one stay. */
export function watched(patientId: string, at: number): Markup {
  return html`<code>--stay ${shellWord(patientId)} --at ${at}</code>`;
}

/** A word as it is typed at a shell. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function list(kind: string, title: string, cases: readonly Case[], outcome: string): Markup {
  if (cases.length === 0) return html`<h3>${title}</h3><p>There is none.</p>`;
  return html`<h3>${title}</h3><div class="charts">${cases.map(
    (each, index) =>
      html`<figure id="${kind}-${index + 1}"><figcaption><a href="#${kind}-${index + 1}"><b>${index + 1}. ${each.patientId}</b></a>: ${described(each, outcome)}. ${each.because}.
<br>${watched(each.patientId, each.at)}</figcaption>${caseChart(each)}</figure>`,
  )}</div>`;
}

function described({ ageYears, sex, outcome: came }: Case, outcome: string): string {
  const age = ageYears === null ? 'age not recorded' : `${Math.round(ageYears)} years`;
  return `${age}, ${sex?.toLowerCase() ?? 'sex not recorded'}, ${came ? '' : 'no '}${outcome}`;
}

function caseChart({ hours, threshold, risk, news2, events, alarms, stayId }: Case): Markup {
  const plot = { width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM };
  const x = (hour: number) => round(LEFT + (Math.min(hour, hours) / Math.max(hours, 1)) * plot.width);
  const y = (value: number) => round(TOP + (1 - Math.min(1, Math.max(0, value))) * plot.height);
  const path = (points: readonly (readonly [number, number])[]) =>
    points.map(([hour, value]) => `${x(hour)},${y(value)}`).join(' ');
  const every = hours > 96 ? 24 : hours > 30 ? 8 : 4;
  const marks = Array.from({ length: Math.floor(hours / every) + 1 }, (_, index) => index * every);
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Risk of ${stayId} over time">
${events.map(([from, to]) => html`<rect x="${x(from)}" y="${TOP}" width="${Math.max(1, round(x(to) - x(from)))}" height="${plot.height}" fill="#d55e00" opacity=".25"/>`)}
${[0, 0.5, 1].map((value) => html`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}" class="grid"/><text x="${LEFT - 4}" y="${y(value) + 4}" text-anchor="end">${value}</text>`)}
${marks.map((hour) => html`<text x="${x(hour)}" y="${HEIGHT - 4}" text-anchor="middle">${hour} h</text>`)}
<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(threshold)}" y2="${y(threshold)}" stroke="#0072b2" stroke-dasharray="3 4"/>
<polyline points="${path(news2)}" fill="none" stroke="#999" stroke-width="1"/>
<polyline points="${path(risk)}" fill="none" stroke="#0072b2" stroke-width="1.8"/>
${alarms.map((hour) => html`<path d="M${x(hour)} ${HEIGHT - BOTTOM + 3} l-3 7 h6 z" fill="#000"/>`)}</svg>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
