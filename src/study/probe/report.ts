import { HOUR_MS } from '../../durations.js';
import { fixed } from '../report/figures.js';
import { html, Markup, table } from '../report/html.js';
import type { Provenance } from '../report/report.js';
import { STYLE } from '../report/style.js';
import { chart, type Line } from '../report/svg.js';
import { DURATIONS, RETURN_MIN } from './courses.js';
import { BACK_WITHIN, type InterventionFigures, MOST_FALL, type ProbeFigures } from './figures.js';
import { deltaOf, headlineOf, LEAST_RISE, MOST_DELAY, RISK_LABELS, unitOf, withUnit } from './ladders.js';
import { ARTEFACT_AT } from './monitor.js';
import type { Probe } from './run.js';
import { isLab, PROBE_SIGNS, type ProbeSign, type RiskName } from './signs.js';
import { AFTER_MS, BEFORE_MS, LEAST_SIGNS, MOST_NEWS2 } from './stable.js';
import {
  ARTEFACT_HEADER,
  arrestText,
  artefactCells,
  change,
  ladderTable,
  percent,
  sentencesText,
  sentenceTable,
} from './tables.js';

const HOUR = 60;

/** The report of a probe: one self-contained HTML document, without scripts and without anything fetched. */
export function renderProbe(probe: Probe, made: Provenance): string {
  const { model, from, stays, seen } = probe;
  const madeAt = `${made.madeAt.slice(0, 16).replace('T', ' ')} UTC`;
  const title = `Probe of the deterioration model ${model}`;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>${new Markup(STYLE)}</style></head><body>
<h1>Probe of the deterioration model <span class="name">${model}</span></h1>
<p class="meta">Does an alarm come when a sign turns bad, does each risk see it, and is a false value not believed? ${stays} stable stays, the first of
${seen} of ${from}. Made ${madeAt} by Wardstream ${made.version}. Decision support under evaluation, not a cleared medical device.</p>
${partialWarning(probe)}
${summary(probe)}
${method()}
${signs(probe)}
${curves(probe)}
${falls(probe)}
${artefacts(probe)}
${sentences(probe)}
${everyStep(probe)}
${reproduce(probe, made)}
</body></html>
`.text;
}

function partialWarning({ partial, stays }: Probe): Markup {
  if (!partial) return html``;
  return html`<div class="warning"><p><strong>This report is partial.</strong> The run was interrupted; it tells of the ${stays} stays that were over by then.</p></div>`;
}

function summary(probe: Probe): Markup {
  const head = headlineOf(probe);
  const missed = probe.interventions.filter(({ isCritical, stateAlarm }) => isCritical && stateAlarm < 1);
  return html`<h2>Summary</h2><ul>
<li><strong>Critical signs.</strong> ${head.criticalAlarmed} of ${head.critical} critical values, by sign and time, alarm as a state in every stay within ${MOST_DELAY} minutes of
the first value.${Number.isNaN(head.longestDelay) ? '' : ` The longest delay is ${fixed(head.longestDelay, 0)} minutes.`}${missed.length === 0 ? '' : ` In ${missed.length} some stay had no such alarm.`}</li>
<li><strong>Risk.</strong> Of ${head.criticalSigns} signs and directions with a critical value, held for an hour, ${head.signsSeen} raise the risk that has to see them by ${LEAST_RISE} or more
(mean of the stays) over the stay as charted, ${head.signsOverNormal} over the same sign given as often at its normal value: that a sign is charted at all says something too.</li>
<li><strong>Monotonicity.</strong> At ${head.monotoneViolations} of ${head.steps} steps to a value that the table of directions calls worse a risk of a stay falls by more than ${MOST_FALL};
it does at ${head.open} other steps, of which the table says nothing.</li>
<li><strong>False values.</strong> Artefacts and wrong units raise ${head.clinicalAlerts} clinical alerts and ${head.technicalNotices} technical notices. Of ${head.openBefore} alerts that were
open they end ${head.wronglyResolved}.</li>
<li><strong>A heart that stops.</strong> ${arrestText(probe)}</li>
<li><strong>Sentences of notes.</strong> ${sentencesText(probe)}</li>
<li>As charted, the stays raise ${probe.alertsAsCharted} clinical alerts in the same time.</li></ul>`;
}

function method(): Markup {
  return html`<h2>Method</h2><dl>
<dt>Stays</dt><dd>A stay is stable at a time if for ${BEFORE_MS / HOUR_MS} hours before it and ${AFTER_MS / HOUR_MS} hours after it no criterion of state is met for as long as it asks, NEWS2 is above
${MOST_NEWS2} for moments at most, and from an hour before on at least ${LEAST_SIGNS} of its seven signs are known. The first such time of a stay is taken, and the first such stays of the source. Nothing is
chosen by chance.</dd>
<dt>One sign</dt><dd>From then on one sign has another value for ${DURATIONS.join(', ')} minutes, all else as charted; then it is what it was. What belongs together
moves together: mean, systolic and diastolic pressure, of line and cuff as far as the stay has them; haemoglobin and haematocrit; PaO2 at a constant FiO2. Vital signs come every five
minutes, later every quarter of an hour; a laboratory value comes once and stands.</dd>
<dt>Alarm of state</dt><dd>An alert of a criterion that the value meets; where it meets a critical one, of a critical one. The delay is from the first moved value.</dd>
<dt>Risk</dt><dd>The model's probability when the sign goes back, less that of the same stay as charted. ${RETURN_MIN / HOUR} hours later the difference should be within ${BACK_WITHIN}.</dd>
<dt>Falls</dt><dd>In each stay, a step to a worse value at which a risk is more than ${MOST_FALL} below that of a milder value, from where the table of directions begins
(src/clinical/monotone.ts). Other falls, as of a pressure that is too high, are counted apart: what the table leaves open, data decide.</dd>
<dt>False values</dt><dd>The stay is put on a monitor: well as it was, and again in shock with severe hypoxaemia, so that alerts are open. ${ARTEFACT_AT} minutes later something false
is sent. Alerts count that the same patient does not raise without it, in shock those of states only: another one is not false there. An alert is ended wrongly if it resolves and would not have done so.</dd>
<dt>A heart that stops</dt><dd>In the well patient on the monitor the heart rate is 0, the pressure runs out and the saturation falls, a value every five seconds. That is no artefact: an alert
of the highest priority has to come, clinical or technical.</dd>
<dt>Pipeline</dt><dd>Every variant is a patient of its own in the engine that runs live, with the alert rules as configured.</dd></dl>`;
}

function signs(probe: Probe): Markup {
  const { header, rows } = ladderTable(probe);
  return html`<h2>Critical signs</h2>
<p>Alarmed: the least share of stays of the critical values, held for 10 minutes, 1 hour, 3 hours. Changes of risk, and of NEWS2 in points, are means after one hour at the
mildest critical value, or the worst where no list calls one critical.</p>
<div class="scroll many">${table(header, rows)}</div>`;
}

function curves({ interventions, risks }: ProbeFigures): Markup {
  return html`<h2>What each risk does as a sign gets worse</h2>
<p>Mean change of the risk after one hour, over the value of the sign. A model that sees the sign has a curve that rises away from the normal value and never turns down.</p>
<div class="charts">${PROBE_SIGNS.map((sign) => curve(sign, risks, interventions))}</div>`;
}

function curve(
  sign: ProbeSign,
  risks: readonly RiskName[],
  interventions: readonly InterventionFigures[],
): Markup {
  const own = interventions.filter((each) => each.sign === sign.id && each.minutes === HOUR);
  const lines: Line[] = risks.map((risk) => ({
    label: RISK_LABELS[risk],
    points: own.map((each) => [each.value, deltaOf(each, risk)] as const),
  }));
  const all = own
    .flatMap((each) => risks.map((risk) => deltaOf(each, risk)))
    .filter((value) => Number.isFinite(value));
  const values = own.map(({ value }) => value);
  const unit = unitOf(sign);
  return chart({
    title: sign.label,
    x: {
      label: unit === '' ? sign.label : unit,
      range: [Math.min(...values), Math.max(...values)],
    },
    y: { label: 'change of risk', range: [Math.min(-0.02, ...all), Math.max(0.05, ...all)] },
    lines,
  });
}

function falls({ monotone }: ProbeFigures): Markup {
  const rows = monotone
    .filter(({ violations }) => violations > 0)
    .sort((a, b) => b.violations - a.violations)
    .map(({ sign, direction, risk, violations, steps, largest, largestOfMean }) => [
      `${labelOf(sign)}, ${direction}`,
      RISK_LABELS[risk],
      `${violations} of ${steps}`,
      fixed(largest),
      fixed(largestOfMean),
    ]);
  const header = ['sign', 'risk', 'steps that fall', 'largest fall of a stay', 'of the mean'];
  if (rows.length === 0)
    return html`<h2>Falls</h2><p>No step to a worse value lowers a risk by more than ${MOST_FALL}.</p>`;
  return html`<h2>Falls</h2><p>Steps at which a risk is more than ${MOST_FALL} below that of a milder value, over stays and times.</p>
<div class="scroll">${table(header, rows)}</div>`;
}

function artefacts({ artefacts: all, stays }: ProbeFigures): Markup {
  const of = (group: string) => all.filter((each) => each.group === group).map(artefactCells);
  return html`<h2>False values</h2>
<p>Sums over ${stays} stays, well and in shock. What is right: no clinical alert, a technical notice, and no open alert that ends.</p>
<h3>Artefacts</h3><div class="scroll">${table(ARTEFACT_HEADER, of('artefact'))}</div>
<h3>Wrong units</h3><p>Only mistakes that can be told from the value. A lactate in mg/dL sent as mmol/L looks like that of a patient in shock.</p>
<div class="scroll">${table(ARTEFACT_HEADER, of('unit mistake'))}</div>`;
}

function sentences(probe: Probe): Markup {
  const { header, rows } = sentenceTable(probe);
  return html`<h2>Sentences of notes</h2><p>Each is the whole note of a patient of its own, charted hourly as well or, in the last hour, as ill; the note comes two hours
later. Changes are those half an hour after it, less those of the same patient without it.</p>
<div class="scroll many">${table(header, rows)}</div>`;
}

function everyStep({ interventions, risks }: ProbeFigures): Markup {
  const header = [
    'value',
    'minutes',
    'critical',
    'alarmed',
    'delay, min',
    ...risks.map((risk) => RISK_LABELS[risk]),
    'NEWS2',
    'alerts: state, risk, NEWS2',
    'back within 0.02',
    'still open',
  ];
  return html`<h2>Every step</h2><p>The same in numbers; alerts are sums over the stays, risks and NEWS2 mean changes when the sign goes back.</p>
${PROBE_SIGNS.map(
  (sign) =>
    html`<details><summary>${sign.label}${isLab(sign) ? ' (laboratory)' : ''}</summary><div class="scroll">${table(
      header,
      interventions.filter((each) => each.sign === sign.id).map((each) => stepCells(sign, risks, each)),
    )}</div></details>`,
)}`;
}

function stepCells(sign: ProbeSign, risks: readonly RiskName[], each: InterventionFigures): string[] {
  return [
    withUnit(sign, each.value),
    String(each.minutes),
    each.isCritical ? 'yes' : '',
    percent(each.stateAlarm),
    fixed(each.delayMinutes, 0),
    ...risks.map((risk) => change(deltaOf(each, risk), 3)),
    change(each.deltaNews2, 1),
    `${each.stateAlerts}, ${each.riskAlerts}, ${each.news2Alerts}`,
    percent(each.backWithin),
    String(each.stillOpen),
  ];
}

function labelOf(id: string): string {
  return PROBE_SIGNS.find((sign) => sign.id === id)?.label ?? id;
}

function reproduce({ patients, seconds, peakRssMb }: Probe, made: Provenance): Markup {
  return html`<h2>Reproduce</h2><div class="wide">${table(
    ['run', ''],
    [
      ['command', html`<code>${made.command}</code>`],
      ['Wardstream', made.version],
      ['Node.js', `${made.node}, ${made.platform}`],
      ['patients', patients.join(', ')],
      ['time', `${seconds} s, at most ${peakRssMb} MB`],
      ['made at', made.madeAt],
    ],
  )}</div><p>Every number shown here stands in the JSON file beside this report.</p>`;
}
