import { estimated, fixed } from '../report/figures.js';
import { html, Markup, table } from '../report/html.js';
import {
  alertRows,
  burdenSection,
  classesSection,
  kindsTable,
  rulesTable,
  rulesText,
} from '../report/sections.js';
import { STYLE } from '../report/style.js';
import { chart, type Line } from '../report/svg.js';
import type { CurvePoint } from './curves.js';
import type { Made } from './policy-file.js';
import type { HalfSize, ReportedFigures, Tuning } from './tune.js';

/** The report: one self-contained HTML document, without scripts and without anything fetched. */
export function renderTuning(tuning: Tuning, { command, version, madeAt }: Made): string {
  const { model, from, events, budget, best, halves, tried, seed, resamples, scoresDigest, seconds } = tuning;
  const title = `Alert rules for ${budget} alerts a patient-day`;
  const { reported } = best;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><style>${new Markup(STYLE)}</style></head><body>
<h1>${title}</h1>
<p class="meta">Model ${model}, ${from}, against ${events.toLowerCase()}. Made ${madeAt.slice(0, 16).replace('T', ' ')} UTC by Wardstream ${version}.
Decision support under evaluation, not a cleared medical device.</p>
${partialWarning(tuning)}
<p>Of ${tried} policies the best within the budget was chosen on half of the patients: ${best.label}. Every figure below is of the other half, on which
nothing was chosen, with 95 % intervals by patient; the table of forms has both. The best has the highest mean of two shares: events caught and patients
warned. The budget holds for the upper end of the burden’s interval on the half tuned on${leastPrecisionText(tuning)}.</p>
<div class="scroll">${table(
    ['half', 'patients', 'stays', 'patient-days', 'events that count'],
    [sizeRow('tuned on', halves.tuned), sizeRow('reported on', halves.reported)],
  )}</div>
<h2>The policy found</h2>
<div class="scroll">${rulesTable(reported.rules, reported.byRule)}${table(['all rules', ''], alertRows(reported))}</div>
<p>An alert is true if an onset comes 5 minutes to 8 hours after it, also where the other kind is there already, and an event is caught if there is such an alert. A patient is warned if an alert is raised 5 minutes to
8 hours before the first event that begins four hours or more after admission. “Quiet in an event” asks the endpoint’s criteria as far as they are known at that time.</p>
<h3>By kind of event</h3>
<div class="scroll">${kindsTable(reported.byKind)}</div>
<h2>Recall against burden</h2>
<div class="charts">${charts(tuning)}</div>
<p>The line is the policy found with other thresholds, all else as it is. NEWS2 is a rule at 5 to 12 points, held for ten minutes, resolved two points below, with an hour of rest.</p>
<h2>Beside it</h2>
<div class="scroll many">${table(
    HEADER,
    [reported, ...tuning.others].map((each, index) => comparisonRow(index === 0 ? 'found' : each.name, each)),
  )}</div>
<h2>Forms that were searched</h2>
<div class="scroll many">${table(
    ['form', 'half', ...HEADER.slice(1)],
    tuning.forms.flatMap(({ label, tuned, reported: other }) => [
      [
        label,
        'tuned on',
        fixed(tuned.alertsPerPatientDay, 2),
        fixed(tuned.recall),
        '',
        fixed(tuned.precision),
        fixed(tuned.warned),
        fixed(tuned.warnedEver),
        fixed(tuned.firstHypoxaemiaRecall),
        fixed(tuned.openShare),
        fixed(tuned.longestOpenHours, 1),
        fixed(tuned.medianLeadHours, 1),
        other.rules.map(({ signal, raiseAt }) => `${signal} ${raiseAt}`).join(', '),
      ],
      ['', 'reported on', ...comparisonRow('', other).slice(1)],
    ]),
  )}</div>
${classesSection(tuning.alarmClasses)}${burdenSection(tuning.burden)}
<h2>To repeat it</h2>
<p><code>${command}</code></p>
<p>Seed ${seed}, ${resamples} resamples, ${fixed(seconds, 0)} s. SHA-256 of all scores: <code>${scoresDigest}</code>. The policy stands in the file that <code>--out</code> names.</p>
</body></html>
`.text;
}

function leastPrecisionText({ leastPrecision }: Tuning): string {
  return leastPrecision > 0 ? `, and a precision of ${leastPrecision} for the lower end of its own` : '';
}

function partialWarning({ partial }: Tuning): Markup {
  if (!partial) return html``;
  return html`<div class="warning"><p><strong>Scoring was interrupted.</strong> Only stays that were over by then were used; which they are depends on the order of the
source.</p></div>`;
}

const HEADER = [
  'policy',
  'alerts per patient-day',
  'recall',
  '… by kind',
  'precision',
  'patients warned',
  '… at any time before',
  'first P/F < 200',
  'bed-time open',
  'longest open, h',
  'median lead, h',
  'by rule',
];

function comparisonRow(name: string, figures: ReportedFigures): string[] {
  const { intervals } = figures;
  return [
    name,
    estimated(figures.alertsPerPatientDay, intervals.alertsPerPatientDay, 2),
    estimated(figures.recall, intervals.recall),
    kindsText(figures),
    estimated(figures.precision, intervals.precision),
    estimated(figures.warned, intervals.warned),
    estimated(figures.warnedEver, intervals.warnedEver),
    estimated(figures.firstHypoxaemiaRecall, intervals.firstHypoxaemiaRecall),
    estimated(figures.openShare, intervals.openShare),
    fixed(figures.longestOpenHours, 1),
    estimated(figures.medianLeadHours, intervals.medianLeadHours, 1),
    rulesText(figures),
  ];
}

/** `hypotension 0.620, respiratory failure 0.610`. */
function kindsText({ recallOf }: ReportedFigures): string {
  const kinds = Object.entries(recallOf);
  return kinds.map(([label, recall]) => `${label.toLowerCase()} ${fixed(recall)}`).join(', ');
}

function sizeRow(name: string, { patients, stays, patientDays, events }: HalfSize): string[] {
  return [name, String(patients), String(stays), fixed(patientDays, 0), String(events)];
}

/** Recall, precision and patients warned over the burden, with policies marked. */
function charts({ curves, best, others, budget }: Tuning): Markup[] {
  const marked = [{ ...best.reported, name: 'found' }, ...others];
  const most = Math.max(2 * budget, ...marked.map(({ alertsPerPatientDay }) => 1.2 * alertsPerPatientDay));
  const x = { label: 'alerts per patient-day', range: [0, most] as const };
  const over = (points: readonly CurvePoint[], figure: FigureName) =>
    points
      .filter(({ alerts }) => alerts > 0)
      .map((point) => [point.alertsPerPatientDay, point[figure]] as const)
      .sort((a, b) => a[0] - b[0]);
  return FIGURES.map(([figure, title]) => {
    const lines: Line[] = [
      { label: 'found, other thresholds', points: over(curves.best, figure) },
      { label: 'NEWS2', points: over(curves.news2, figure) },
      ...marked.map(
        (policy): Line => ({
          label: policy.name,
          kind: 'marks',
          points: [[policy.alertsPerPatientDay, policy[figure]]],
          bars: [policy.intervals[figure]],
        }),
      ),
      {
        label: `budget ${budget}`,
        kind: 'grey line',
        points: [
          [budget, 0],
          [budget, 1],
        ],
      },
    ];
    return chart({ title, x, y: { label: figure, range: [0, 1] }, lines });
  });
}

type FigureName = 'recall' | 'precision' | 'warned';
const FIGURES: readonly (readonly [FigureName, string])[] = [
  ['recall', 'Events caught, over alert burden'],
  ['warned', 'Patients warned, over alert burden'],
  ['precision', 'True alerts of all, over alert burden'],
];
