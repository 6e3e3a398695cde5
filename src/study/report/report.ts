import type { Counted } from '../cohort.js';
import type { HourFigures } from '../mortality.js';
import type { Validation } from '../run.js';
import { BASELINES } from '../signals.js';
import { LEAST_IN_CLASS, type SubgroupFigures } from '../subgroups.js';
import { caseSections } from './cases.js';
import * as charts from './charts.js';
import { capital, caughtOf, estimated, fixed, pValue, share, withInterval } from './figures.js';
import { flowDiagram } from './flow.js';
import { html, Markup, table } from './html.js';
import { limits, method } from './method.js';
import {
  comparisonSection,
  configuredSection,
  continuousSection,
  policySection,
  rulesText,
  sensitivitySection,
} from './sections.js';
import { STYLE } from './style.js';
import { tripodAppendix } from './tripod.js';

/** What the report says of the run besides its figures. */
export interface Provenance {
  /** As typed. */
  readonly command: string;
  /** What shows the same history on the ward page. */
  readonly watch: string;
  /** Of Wardstream. */
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  /** When the report was made, ISO 8601. */
  readonly madeAt: string;
}

/** The report: one self-contained HTML document, without scripts and without anything fetched. */
export function renderReport(validation: Validation, provenance: Provenance): string {
  const { model, from, flow, deaths, outcome } = validation;
  const madeAt = `${provenance.madeAt.slice(0, 16).replace('T', ' ')} UTC`;
  const title = `Validation of the deterioration model ${model}`;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>${new Markup(STYLE)}</style></head><body>
<h1>Validation of the deterioration model <span class="name">${model}</span></h1>
<p class="meta">${flow.evaluated} stays of ${from}, ${outcome} in ${share(deaths, flow.evaluated)}. Made ${madeAt} by Wardstream ${provenance.version}.
Decision support under evaluation, not a cleared medical device.</p>
${warnings(validation)}
${summary(validation)}
${data(validation)}
${method(validation)}
${discrimination(validation)}
${continuousSection(validation)}
${calibration(validation)}
${alarmSections(validation)}
${configuredSection(validation.configured, validation.burden, validation.alarmClasses, validation.endpoints[0].label)}
${policySection(validation, validation.endpoints[0].label)}
${subgroupSection(validation)}
${sensitivitySection(validation)}
${comparisonSection(validation.comparison, outcome, provenance.watch)}
${caseSections(validation.cases, outcome, validation.endpoints[0].model.label, provenance.watch)}
${limits(validation)}
${reproduce(validation, provenance)}
${tripodAppendix(validation)}
</body></html>
`.text;
}

function warnings(validation: Validation): Markup {
  return html`${partialWarning(validation)}${inSampleWarning(validation)}`;
}

function partialWarning({ partial, flow }: Validation): Markup {
  if (!partial) return html``;
  return html`<div class="warning"><p><strong>This report is partial.</strong> Scoring was interrupted; it judges the ${flow.evaluated} stays that were over by
then, of ${flow.source}. Which they are depends on the order of the source, so no figure stands for the whole.</p></div>`;
}

function inSampleWarning({ trainedOn, outOfFold, flow, hours }: Validation): Markup {
  if (trainedOn === 0) return html``;
  const rows = hours.flatMap(({ hour, model }) => {
    const own = outOfFold?.[String(hour)];
    if (own === undefined) return [];
    const cell = ([value, low, high]: readonly [number, number, number]) =>
      withInterval({ value, interval: [low, high] });
    return [
      [`${hour}`, withInterval(model.auroc), cell(own.auroc), withInterval(model.auprc), cell(own.auprc)],
    ];
  });
  const beside =
    rows.length === 0
      ? html`<p>The model folder holds no out-of-fold figures to set beside them.</p>`
      : html`<p>Out-of-fold figures of the model's own cross-validation on all 4000 stays of set A, as its folder states
them (not computed here), to be believed rather than those of this report:</p>
<div class="scroll">${table(['hours', 'AUROC here, in-sample', 'AUROC out-of-fold', 'AUPRC here, in-sample', 'AUPRC out-of-fold'], rows)}</div>`;
  return html`<div class="warning"><p><strong>These figures are optimistic.</strong> The model was trained on ${share(trainedOn, flow.evaluated)}
of these patients (set A of the Challenge). All figures of the model below, alarms and subgroups included, are in-sample: they say that the
software does what it should, not how well the model does on new patients. The baselines were not fitted to these patients, so comparisons
favour the model.</p>${beside}</div>`;
}

function summary({ outcome, hours, endpoints, subgroups, subgroupAlarms, configured }: Validation): Markup {
  const last = hours[hours.length - 1];
  const [endpoint] = endpoints;
  const { model, isConfigured } = endpoint;
  const { alerts, recall, precision, alertsPerPatientDay, medianLeadHours, intervals } = configured;
  const emergency = endpoint.comparisons.find(
    ({ signal, baseline }) => signal === 'news2' && baseline.threshold === 7,
  );
  const shownWorse = (groups: readonly Pick<SubgroupFigures, 'by' | 'group' | 'verdict'>[]) =>
    groups.filter(({ verdict }) => verdict === 'worse').map(({ by, group }) => `${by}: ${group}`);
  const [worse, fewer] = [shownWorse(subgroups), shownWorse(subgroupAlarms)];
  return html`<h2>Summary</h2><ul>
<li>${capital(outcome)} by the score at ${last.hour} h: AUROC ${withInterval(last.model.auroc)}, AUPRC ${withInterval(last.model.auprc)},
Score1 ${withInterval(last.model.score1)}, expected calibration error ${withInterval(last.model.ece)}.</li>
<li>The alert rules as configured raise ${alerts} alerts, ${estimated(alertsPerPatientDay, intervals.alertsPerPatientDay, 2)} per patient-day (${rulesText(configured)}). Against
${endpoint.label.toLowerCase()}: recall ${estimated(recall, intervals.recall)}, precision ${estimated(precision, intervals.precision)}, median lead
${estimated(medianLeadHours, intervals.medianLeadHours, 1)} h; ${estimated(configured.warned, intervals.warned)} of the patients were warned, and an alert was open for
${estimated(configured.openShare, intervals.openShare)} of bed-time.</li>
<li>${isConfigured ? 'The configured threshold as a plain alarm' : 'No rule is on the model’s own risk of these events; as a plain alarm that sounds as often as NEWS2 ≥ 7'} (${model.label}), it
catches ${caughtOf(model.figures)} events, recall ${withInterval(model.recall)}, precision ${withInterval(model.precision)}, with ${withInterval(model.alarmsPerPatientDay, 2)} alarms
per patient-day, median lead ${withInterval(model.medianLeadHours, 1)} h.</li>
${emergency?.recallDifference == null ? html`` : html`<li>At the alarm burden of NEWS2 ≥ 7 the model’s recall differs from that of NEWS2 by ${withInterval(emergency.recallDifference)} (model less NEWS2).</li>`}
<li>${worse.length === 0 ? 'The model is not shown to discriminate worse in any subgroup; small ones may be served worse.' : `The model discriminates worse in: ${worse.join('; ')}.`}${
    fewer.length === 0 ? '' : ` Alarms catch a smaller share of events in: ${fewer.join('; ')}.`
  }</li>
</ul>`;
}

function data({ outcome, flow, cohort, deaths, outcomesFile, replay }: Validation): Markup {
  const n = flow.evaluated;
  return html`<h2>Data</h2>${flowDiagram(flow)}
<p>Outcomes without a stay in this run, not used: ${flow.outcomesWithoutStay}.</p>
<div class="scroll">${table(
    ['patients', ''],
    [
      [outcome, share(deaths, n)],
      ['age, median', `${fixed(cohort.ageMedian, 0)} years (${cohort.ageUnknown} not recorded)`],
      ['female, male', `${share(cohort.female, n)}, ${share(cohort.male, n)}`],
      ...Object.entries(cohort.units).map(([unit, count]): [string, string] => [
        `unit: ${unit.toLowerCase().replaceAll('_', ' ')}`,
        share(count, n),
      ]),
      ['observed', `${fixed(cohort.hoursObserved / 24, 0)} patient-days, ${cohort.scores} scores`],
      ...Object.entries(cohort.everKnown).map(([name, count]): [string, string] => [
        `ever had a value: ${name}`,
        share(count, n),
      ]),
    ],
  )}</div><p>Outcomes: <code>${outcomesFile}</code>. Rows read: ${replay.rows}, of which values used ${replay.observations}, set aside ${replay.deadLetters},
descriptors ${replay.descriptors}, marked as not recorded ${replay.notRecorded}, unreadable ${replay.malformed}, left out before the
pipeline ${replay.setAside}. Values used although implausible: ${replay.implausible}; late: ${replay.late}.</p>${leftOut(flow)}`;
}

/** What is odd, was left out, or is not mapped, each with its count. */
function leftOut({ notes, values, unmapped }: Validation['flow']): Markup {
  const list = (counted: readonly Counted[]) =>
    counted.map(({ what, count }) => `${what} ${count}`).join(', ');
  return html`${notes.length === 0 ? html`` : html`<p>Stays evaluated although odd: ${list(notes)}.</p>`}${
    values.length === 0 ? html`` : html`<p>Values left out: ${list(values)}.</p>`
  }${unmapped.length === 0 ? html`` : html`<p>Codes nothing is mapped to, with their values: ${list(unmapped)}. A mapping file (--mapping) can add them.</p>`}`;
}

function discrimination({ outcome, hours }: Validation): Markup {
  const rows = hours.flatMap((each) => [
    row(each, 'this model', each.model.auroc, each.model.auprc, withInterval(each.model.score1), '', '', ''),
    ...BASELINES.map(({ id, label }) => {
      const { auroc, auprc, unknown, difference } = each.baselines[id];
      const { low, high, p } = difference;
      const compared = withInterval({ value: difference.difference, interval: [low, high] });
      return row(
        each,
        label,
        auroc,
        auprc,
        '',
        compared,
        pValue(p),
        `${((100 * unknown) / each.patients).toFixed(1)} %`,
      );
    }),
  ]);
  const header = [
    'hours',
    'stays (with it)',
    'score',
    'AUROC',
    'AUPRC',
    'Score1',
    'AUROC: model less this',
    'p',
    'not known',
  ];
  return html`<h2>${capital(outcome)}</h2>
<p>By the last score at or before each hour, with 95 % intervals; differences by DeLong's test. Where a baseline was not known, the patient ranks below all others.</p>
<div class="scroll">${table(header, rows)}</div><div class="charts">${charts.aurocByHour(outcome, hours)}</div>`;
}

function row(
  { hour, patients, deaths }: HourFigures,
  name: string,
  auroc: HourFigures['model']['auroc'],
  auprc: HourFigures['model']['auprc'],
  ...rest: readonly string[]
): string[] {
  return [String(hour), `${patients} (${deaths})`, name, withInterval(auroc), withInterval(auprc), ...rest];
}

function calibration({ hours }: Validation): Markup {
  const rows = hours.map(({ hour, model, hosmerLemeshow: { statistic, degreesOfFreedom, p } }) => [
    String(hour),
    withInterval(model.ece),
    withInterval(model.brier),
    `${fixed(statistic, 1)} (${degreesOfFreedom})`,
    pValue(p),
  ]);
  const header = ['hours', 'calibration error', 'Brier score', 'Hosmer–Lemeshow χ² (df)', 'p'];
  const last = hours[hours.length - 1];
  return html`<h2>Calibration and use</h2><div class="scroll">${table(header, rows)}</div>
<p>Resampling inflates the calibration error a little, so its interval may lie above the figure.</p>
<div class="charts">${charts.reliability(last)}${charts.decision(last)}</div>`;
}

function alarmSections({ endpoints }: Validation): Markup {
  const header = [
    'alarm',
    'events caught',
    'recall',
    'precision',
    'false per true',
    'alarms per patient-day',
    'median lead, h',
  ];
  return html`<h2>Alarms</h2>
<p>Where the model has no output of its own for an event, its risk of death is what alarms; that it was not made to foretell these events counts against it. Every baseline threshold is followed by
the model at the threshold that alarms as often, or just less. That threshold is chosen on these same stays.</p>
${endpoints.map(
  (endpoint) => html`<h3>${endpoint.label}</h3>
<p>${endpoint.events} events in ${endpoint.staysWithEvents} stays count, of ${endpoint.allEvents} in all; the others began within the first hour or
before any score could have come in time.</p>
<div class="scroll">${table(header, [
    pointRow(
      endpoint.model,
      endpoint.isConfigured ? ' (as configured)' : ' (no rule: as often as NEWS2 ≥ 7)',
    ),
    ...endpoint.comparisons.flatMap(({ baseline, model }) =>
      model === null ? [pointRow(baseline)] : [pointRow(baseline), pointRow(model, ' (equal burden)')],
    ),
  ])}</div>
${table(
  ['at equal burden, model less …', 'recall', 'precision'],
  endpoint.comparisons.flatMap(({ baseline, recallDifference, precisionDifference }) =>
    recallDifference === null || precisionDifference === null
      ? []
      : [[baseline.label, withInterval(recallDifference), withInterval(precisionDifference)]],
  ),
)}
<div class="charts">${charts.alarms(endpoint)}</div>`,
)}`;
}

function pointRow(point: Validation['endpoints'][number]['model'], note = ''): string[] {
  return [
    `${point.label}${note}`,
    caughtOf(point.figures),
    withInterval(point.recall),
    withInterval(point.precision),
    fixed(point.figures.falsePerTrue, 1),
    withInterval(point.alarmsPerPatientDay, 2),
    withInterval(point.medianLeadHours, 1),
  ];
}

function subgroupSection({ subgroups, subgroupAlarms, subgroupHour, hours, endpoints }: Validation): Markup {
  const overall = hours.find(({ hour }) => hour === subgroupHour)!.model.auroc.value;
  const rows = subgroups.map((each) => [
    `${each.by}: ${each.group}`,
    each.verdict,
    `${each.patients} (${each.deaths})`,
    withInterval(each.auroc),
    withInterval(each.auprc),
    fixed(each.meanPredicted),
    fixed(each.observed),
    withInterval(each.ece),
    withInterval(each.difference),
  ]);
  const header = [
    'group',
    'verdict',
    'stays (with it)',
    'AUROC',
    'AUPRC',
    'mean risk',
    'came about',
    'calibration error',
    'AUROC less all others',
  ];
  return html`<h2>For whom it does worse</h2>
<p>At ${subgroupHour} h. “Worse” is said where the 95 % interval of the difference in AUROC to all others lies below 0, “too few” below ${LEAST_IN_CLASS} deaths or survivors.
Intervals are not adjusted for the ${subgroups.length} groups: by chance alone, about one comparison in twenty will seem to differ.</p>
<div class="scroll many">${table(header, rows)}</div>${worseStatement(subgroups)}${charts.subgroups(subgroups, subgroupHour, overall)}
<h3>Alarms</h3>
<p>${endpoints[0].model.label} against ${endpoints[0].label.toLowerCase()}, in all evaluated stays. “Worse” is said of the difference in recall, “too few” below ${LEAST_IN_CLASS} events in the group or among all others.</p>
<div class="scroll">${table(
    [
      'group',
      'verdict',
      'stays',
      'events',
      'recall',
      'precision',
      'alarms per patient-day',
      'recall less all others',
    ],
    subgroupAlarms.map((each) => [
      `${each.by}: ${each.group}`,
      each.verdict,
      String(each.patients),
      String(each.events),
      withInterval(each.recall),
      withInterval(each.precision),
      withInterval(each.alarmsPerPatientDay, 2),
      withInterval(each.difference),
    ]),
  )}</div>${fewerCaught(subgroupAlarms)}`;
}

/** In plain words, in whom fewer events are caught. */
function fewerCaught(groups: Validation['subgroupAlarms']): Markup {
  const worse = groups.filter(({ verdict }) => verdict === 'worse');
  if (worse.length === 0)
    return html`<p><strong>In no group are fewer events shown to be caught than in the others.</strong></p>`;
  const said = worse.map(
    ({ by, group, recall, difference }) =>
      `${by}: ${group} (${fixed(recall.value)}, ${fixed(-difference.value)} fewer than in all others)`,
  );
  return html`<p><strong>A smaller share of events is caught in ${said.join('; ')}.</strong></p>`;
}

/** In plain words, for whom the model is shown to do worse. */
function worseStatement(subgroups: Validation['subgroups']): Markup {
  const worse = subgroups.filter(({ verdict }) => verdict === 'worse');
  const few = subgroups
    .filter(({ verdict }) => verdict === 'too few')
    .map(({ by, group }) => `${by}: ${group}`);
  const unknown = few.length === 0 ? '' : ` Nothing can be said of ${few.join('; ')}: too few stays.`;
  if (worse.length === 0)
    return html`<p><strong>No group is shown to be served worse than the others.</strong>${unknown}</p>`;
  return html`<p><strong>The model tells who is at risk less well for ${worse.map(({ by, group }) => `${by}: ${group}`).join('; ')}.</strong> Among them, ${worse
    .map(
      ({ group, auroc, difference }) =>
        `${group}: AUROC ${fixed(auroc.value)}, ${fixed(-difference.value)} lower than for all others`,
    )
    .join('; ')}.${unknown}</p>`;
}

function reproduce(
  { model, seed, resamples, replay, stored, seconds, peakRssMb }: Validation,
  provenance: Provenance,
): Markup {
  return html`<h2>Reproduce</h2><div class="wide">${table(
    ['run', ''],
    [
      ['command', html`<code>${provenance.command}</code>`],
      ['Wardstream', provenance.version],
      ['Node.js', `${provenance.node}, ${provenance.platform}`],
      ['model', model],
      ['seed, resamples', `${seed}, ${resamples}`],
      ['scores', `${replay.scores}, SHA-256 of all: ${replay.scoresDigest}`],
      [
        'alerts',
        `${replay.alerts} raised by the configured rules, SHA-256 of all transitions: ${replay.alertsDigest}`,
      ],
      ...(stored === 0 ? [] : [['scores read from file', `${stored} stays`]]),
      [
        'time',
        `${seconds} s, at most ${peakRssMb} MB; ${stored === replay.patients ? 'when the scores were made, ' : 'of which '}replay with scoring ${replay.seconds} s`,
      ],
      ['made at', provenance.madeAt],
    ],
  )}</div><p>Every number shown here stands in the JSON file beside this report.</p>`;
}
