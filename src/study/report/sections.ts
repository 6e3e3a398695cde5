import { MINUTE_MS } from '../../durations.js';
import type { AlertRule } from '../../settings/config.js';
import type { ClassBurdens } from '../alarm-classes.js';
import type { BurdenFigures } from '../burden.js';
import type { Comparison } from '../compare.js';
import type { KindRecall } from '../kinds.js';
import type { ConfiguredFigures, PolicyFigures } from '../policies.js';
import type { Validation } from '../run.js';
import { watched, watchParagraph } from './cases.js';
import { capital, estimated, fixed, share, withInterval } from './figures.js';
import { html, type Markup, table } from './html.js';
import { bars, chart } from './svg.js';

/** The outcome and the events foretold at every hour. */
export function continuousSection({ outcome, hasOnsets, curve, moments }: Validation): Markup {
  const x = { label: 'hours since admission', range: [0, 50] as const };
  const of = (figure: 'auroc' | 'auprc' | 'score1', label: string) => ({
    label,
    points: curve.map((point) => [point.hour, point[figure].value] as const),
    bars: curve.map((point) => point[figure].interval),
  });
  const rows = moments.flatMap(({ label, moments: count, positive, signals }) =>
    signals.map(({ label: name, auroc, auprc }) => [
      label,
      name,
      String(count),
      share(positive, count),
      withInterval(auroc),
      withInterval(auprc),
    ]),
  );
  return html`<h2>Hour by hour</h2>
<p>${capital(outcome)} by the last score at or before every second hour${hasOnsets ? ', among stays in which it has not yet come about' : ''}, with 95 % intervals.</p>
<div class="charts">${chart({
    title: `${capital(outcome)}: this model by hours since admission`,
    x,
    y: { label: '', range: [0, 1] },
    lines: [of('auroc', 'AUROC'), of('auprc', 'AUPRC'), of('score1', 'Score1')],
  })}</div>
<p>Events at every full hour that is not within one: is there an onset between 5 minutes and 8 hours later? Intervals by patient, 200 resamples at most.</p>
<div class="scroll">${table(['event', 'score', 'hours', 'followed by an onset', 'AUROC', 'AUPRC'], rows)}</div>`;
}

/** What the configured rules raise, what of it is true, and who hears it when. */
export function configuredSection(
  configured: ConfiguredFigures,
  burden: BurdenFigures,
  classes: ClassBurdens,
  endpoint: string,
): Markup {
  const { rules, byRule, alerts } = configured;
  return html`<h2>Alerts as configured</h2>
<p>What the ward would have heard: the configured rules with hold, hysteresis and refractory time, as they run live. An alert counts once, when it is raised, during events
too. Recall is of the ${configured.events} events of ${endpoint.toLowerCase()} that count, precision of all ${alerts} alerts; rules meant for something else count as false.
A patient is warned if an alert is raised 5 minutes to 8 hours before the first event that begins four hours or more after admission.</p>
<div class="scroll">${rulesTable(rules, byRule)}${table(['all rules', ''], alertRows(configured))}</div>
<h3>By kind of event</h3>
<div class="scroll">${kindsTable(configured.byKind)}</div>
${classesSection(classes)}${burdenSection(burden)}`;
}

/** What each class of alarms costs, by itself. */
export function classesSection({ classes, clinical }: ClassBurdens): Markup {
  const rows = [...classes, clinical].map((each) => [
    each.label,
    String(each.alarms),
    fixed(each.alarmsPerPatientDay, 2),
    fixed(each.openShare),
    fixed(each.longestOpenHours, 1),
    String(each.stays),
  ]);
  return html`<h3>By class</h3>
<p>Alarms of a state, now, are given whatever a model says; technical ones are about what watches the patient, and most of them are given live only, not on history.</p>
<div class="scroll">${table(
    ['class', 'alarms', 'per patient-day', 'share of bed-time open', 'longest, h', 'stays with any'],
    rows,
  )}</div>`;
}

/** Rules with their thresholds, times and guards. */
export function rulesTable(rules: readonly AlertRule[], byRule: Readonly<Record<string, number>>): Markup {
  const minutes = (ms: number | undefined) => (ms === undefined ? '–' : String(ms / MINUTE_MS));
  return table(
    [
      'rule',
      'priority',
      'raised at or above',
      'held, min',
      'resolved below',
      'ends after, min',
      'rests, min',
      'begins after, min',
      'quiet in an event',
      'and after it, min',
      'alerts',
    ],
    rules.map((rule) => [
      rule.id,
      rule.priority.toLowerCase(),
      `${rule.signal} ${rule.raiseAt}`,
      minutes(rule.holdMs),
      String(rule.resolveBelow),
      minutes(rule.endAfterMs),
      minutes(rule.refractoryMs),
      minutes(rule.startAfterMs ?? 0),
      rule.quietDuringEvent === true ? 'yes' : 'no',
      minutes(rule.quietAfterEventMs ?? 0),
      String(byRule[rule.id]),
    ]),
  );
}

const KINDS: Readonly<Record<KindRecall['kind'], string>> = {
  circulatory: 'circulatory failure',
  hypotension: 'hypotension',
  respiratory: 'respiratory failure',
};

/** Recall of first onsets and of recurrences, a row what an onset is told by. */
export function kindsTable(byKind: readonly KindRecall[]): Markup {
  const rows = byKind.filter(({ order }) => order === 'first');
  return table(
    ['event', 'told by', 'first onsets', 'recall', 'recurrences', 'recall'],
    rows.map(({ kind, by, events, recall }) => {
      const again = byKind.find((each) => each.by === by && each.order === 'recurrence')!;
      return [KINDS[kind], by, String(events), fixed(recall), String(again.events), fixed(again.recall)];
    }),
  );
}

/** What alerts do, a row a figure, with intervals. */
export function alertRows(figures: ConfiguredFigures): [string, string][] {
  const { intervals } = figures;
  return [
    ['alerts per patient-day', estimated(figures.alertsPerPatientDay, intervals.alertsPerPatientDay, 2)],
    ['recall', estimated(figures.recall, intervals.recall)],
    ['precision', estimated(figures.precision, intervals.precision)],
    ['median lead, h', estimated(figures.medianLeadHours, intervals.medianLeadHours, 1)],
    [`of ${figures.warnable} patients, warned`, estimated(figures.warned, intervals.warned)],
    ['… at any time before', estimated(figures.warnedEver, intervals.warnedEver)],
    [
      `of ${figures.firstHypoxaemias} patients’ first PaO2/FiO2 < 200 mmHg, caught`,
      estimated(figures.firstHypoxaemiaRecall, intervals.firstHypoxaemiaRecall),
    ],
    ['share of bed-time with an alert open', estimated(figures.openShare, intervals.openShare)],
    ['longest time with an alert open, h', fixed(figures.longestOpenHours, 1)],
  ];
}

/** `circulatory-failure 12, mortality-high 3`. */
export function rulesText({ byRule }: PolicyFigures): string {
  return Object.entries(byRule)
    .map(([rule, count]) => `${rule} ${count}`)
    .join(', ');
}

/** Who hears the alerts, and when. */
export function burdenSection({
  hasClock,
  byHour,
  byWard,
  byNurse,
  longestStorm,
  mostInTenMinutes,
}: BurdenFigures): Markup {
  const when = hasClock ? 'hour of the day, UTC' : 'hours since admission';
  const storm =
    longestStorm === null
      ? 'No alert was raised.'
      : longestStorm.alarms === 1
        ? 'No two alerts of one ward came within ten minutes of each other.'
        : `The longest storm (alerts of one ward no more than ten minutes apart) was ${longestStorm.alarms} alerts in ${fixed(longestStorm.minutes, 0)} minutes on ward ${longestStorm.ward}${
            hasClock ? `, from ${new Date(longestStorm.start).toISOString().slice(0, 16)}` : ''
          }; at most ${mostInTenMinutes} were raised within ten minutes.`;
  const apart = hasClock
    ? ''
    : ' The source has no times of day, and the wards are those the replay fills (64 stays side by side), so neither hours of the day nor storms of a real ward can be told from it.';
  return html`<h3>Burden</h3>
<p>${storm}${apart}</p>
<div class="charts">${bars({
    title: `Alerts per patient-day by ${when}`,
    label: when,
    unit: 'alerts per patient-day',
    bars: byHour.map(({ label, alarmsPerPatientDay }) => ({ label, value: alarmsPerPatientDay })),
  })}</div>
<div class="scroll">${table(
    ['ward', 'patient-days', 'alerts', 'alerts per patient-day'],
    byWard.map(({ label, patientDays, alarms, alarmsPerPatientDay }) => [
      label,
      fixed(patientDays, 1),
      String(alarms),
      fixed(alarmsPerPatientDay, 2),
    ]),
  )}</div>
<p>By nurse-to-bed ratio: alerts one nurse hears in a twelve-hour shift. The mean takes every bed as occupied all the time; the rest are counted, the patients of a ward in
each half day (UTC) dealt out to nurses in the order of admission.</p>
<div class="scroll">${table(
    ['nurse to beds', 'mean', '95 % of shifts at most', 'the most', 'shifts'],
    byNurse.map(({ beds, alarmsPerShift, percentile95, most, shifts }) => [
      `1 : ${beds}`,
      fixed(alarmsPerShift, 2),
      fixed(percentile95, 0),
      String(most),
      String(shifts),
    ]),
  )}</div>`;
}

/** Figures with data late, missing and lost. */
export function sensitivitySection({ sensitivity, flow }: Validation): Markup {
  if (sensitivity === null) return html``;
  const { patients, deaths, hour, endpoint, threshold, figures } = sensitivity;
  return html`<h2>Late and missing data</h2>
<p>${patients < flow.evaluated ? `${patients} stays (${deaths} with the outcome), drawn at random,` : `All ${patients} stays (${deaths} with the outcome)`} scored again as if their data had reached the system in a worse state. Outcome at ${hour} h; alarms at
${fixed(threshold)} against ${endpoint.toLowerCase()}. Events are those of the data as charted. A stay of which nothing arrived has no risk.</p>
<div class="scroll many">${table(
    [
      'data',
      'stays scored',
      'AUROC',
      'change',
      'AUPRC',
      'calibration error',
      'recall',
      'alarms per patient-day',
    ],
    figures.map((each, index) => [
      each.label,
      String(each.scored),
      withInterval(each.auroc),
      index === 0 ? '' : withInterval(each.aurocChange),
      withInterval(each.auprc),
      withInterval(each.ece),
      withInterval(each.recall),
      withInterval(each.alarmsPerPatientDay, 2),
    ]),
  )}</div>`;
}

/** Alert rules tried on the same scores, beside the configured ones. */
export function policySection({ policies, configured }: Validation, endpoint: string): Markup {
  if (policies.length === 0) return html``;
  return html`<h2>Other alert rules</h2>
<p>Whole policies over the same scores, judged as the configured one against ${endpoint.toLowerCase()}.</p>
<div class="scroll">${table(
    [
      'policy',
      'alerts',
      'per patient-day',
      'recall',
      'precision',
      'median lead, h',
      'patients warned',
      'bed-time open',
      'by rule',
    ],
    [configured, ...policies].map((policy) => [
      policy.name,
      String(policy.alerts),
      fixed(policy.alertsPerPatientDay, 2),
      fixed(policy.recall),
      fixed(policy.precision),
      fixed(policy.medianLeadHours, 1),
      fixed(policy.warned),
      fixed(policy.openShare),
      rulesText(policy),
    ]),
  )}</div>`;
}

/** Model A against model B. */
export function comparisonSection(comparison: Comparison | null, outcome: string, watch: string): Markup {
  if (comparison === null) return html``;
  const { a, b, hours, endpoints, disagreements } = comparison;
  return html`<h2>${a} against ${b}</h2>
<p>The same patients, scored by both; differences are ${a} less ${b}. AUROC by DeLong's test, all else by paired bootstrap.</p>
<div class="scroll">${table(
    [
      'hours',
      'stays',
      `AUROC ${a}`,
      `AUROC ${b}`,
      'difference',
      'AUPRC difference',
      'calibration error difference',
    ],
    hours.map(({ hour, patients, auroc, auprc, ece }) => [
      String(hour),
      String(patients),
      withInterval(auroc.a),
      withInterval(auroc.b),
      withInterval({
        value: auroc.difference.difference,
        interval: [auroc.difference.low, auroc.difference.high],
      }),
      withInterval(auprc.difference),
      withInterval(ece.difference),
    ]),
  )}${table(
    [
      'alarms against',
      'thresholds',
      'recall difference',
      'precision difference',
      'alarms per patient-day difference',
    ],
    endpoints.map(({ label, thresholds, recall, precision, alarmsPerPatientDay }) => [
      label,
      thresholds.map((each) => fixed(each)).join(', '),
      withInterval(recall[2]),
      withInterval(precision[2]),
      withInterval(alarmsPerPatientDay[2], 2),
    ]),
  )}</div>
<h3>Where they disagree most</h3>${disagreements.length === 0 ? html`<p>Nowhere: the last risk of every patient is the same.</p>` : watchParagraph(watch)}<div class="charts">${disagreements.map(
    ({ patientId, outcome: came, a: first, b: second, at, lines }, index) =>
      html`<figure id="differ-${index + 1}"><figcaption><a href="#differ-${index + 1}"><b>${patientId}</b></a>: ${came ? '' : 'no '}${outcome}; last risk ${fixed(first)} and ${fixed(second)}.
<br>${watched(patientId, at)}</figcaption>${chart({
        title: patientId,
        x: { label: 'hours since admission', range: [0, Math.max(1, ...lines.a.map(([hour]) => hour))] },
        y: { label: 'risk', range: [0, 1] },
        lines: [
          { label: a, points: lines.a },
          { label: b, points: lines.b },
        ],
      })}</figure>`,
  )}</div>`;
}
