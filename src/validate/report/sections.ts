import type { BurdenFigures } from '../burden.js';
import type { Comparison } from '../compare.js';
import type { PolicyFigures } from '../policies.js';
import type { Validation } from '../run.js';
import type { Sensitivity } from '../sensitivity.js';
import { capital, fixed, share, withInterval } from './figures.js';
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
<p>Events at every full hour that is not within one: is there an onset between 5 minutes and 8 hours later? Intervals by patient, 100 resamples at most.</p>
<div class="scroll">${table(['event', 'score', 'hours', 'followed by an onset', 'AUROC', 'AUPRC'], rows)}</div>`;
}

/** Who hears the alarms, and when. */
export function burdenSection(
  { hasClock, byHour, byWard, byNurse, longestStorm, mostInTenMinutes }: BurdenFigures,
  alarm: string,
): Markup {
  const when = hasClock ? 'hour of the day, UTC' : 'hours since admission';
  const storm =
    longestStorm === null
      ? 'No alarm sounded.'
      : `The longest storm (alarms of one ward no more than ten minutes apart) was ${longestStorm.alarms} alarms in ${fixed(longestStorm.minutes, 0)} minutes on ward ${longestStorm.ward}${
          hasClock ? `, from ${new Date(longestStorm.start).toISOString().slice(0, 16)}` : ''
        }; at most ${mostInTenMinutes} sounded within ten minutes.`;
  const apart = hasClock
    ? ''
    : ' The source has no times of day, and the wards are those the replay fills (64 stays side by side), so neither hours of the day nor storms of a real ward can be told from it.';
  return html`<h3>Alarm burden</h3>
<p>All alarms of ${alarm} that staff would hear, those during an event included, with 30 minutes of silence after each. ${storm}${apart}</p>
<div class="charts">${bars({
    title: `Alarms per patient-day by ${when}`,
    label: when,
    unit: 'alarms per patient-day',
    bars: byHour.map(({ label, alarmsPerPatientDay }) => ({ label, value: alarmsPerPatientDay })),
  })}</div>
<div class="scroll">${table(
    ['ward', 'patient-days', 'alarms', 'alarms per patient-day'],
    byWard.map(({ label, patientDays, alarms, alarmsPerPatientDay }) => [
      label,
      fixed(patientDays, 1),
      String(alarms),
      fixed(alarmsPerPatientDay, 2),
    ]),
  )}${table(
    ['beds a nurse cares for', 'alarms a nurse hears in 12 hours'],
    byNurse.map(({ beds, alarmsPerShift }) => [String(beds), fixed(alarmsPerShift, 2)]),
  )}</div>`;
}

/** Figures with data late, missing and lost. */
export function sensitivitySection(sensitivity: Sensitivity | null): Markup {
  if (sensitivity === null) return html``;
  const { patients, deaths, hour, endpoint, threshold, figures } = sensitivity;
  return html`<h2>Late and missing data</h2>
<p>${patients} stays (${deaths} with the outcome), drawn at random, scored again as if their data had reached the system in a worse state. Outcome at ${hour} h; alarms at
${fixed(threshold)} against ${endpoint.toLowerCase()}. Events are those of the data as charted. A stay of which nothing arrived has no risk.</p>
<div class="scroll">${table(
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

/** Alert rules tried on the same scores. */
export function policySection(policies: readonly PolicyFigures[], endpoint: string): Markup {
  if (policies.length === 0) return html``;
  return html`<h2>Other alert rules</h2>
<p>Whole policies, with hold, hysteresis and refractory time, over the same scores; an alert counts once, when it is raised, against ${endpoint.toLowerCase()}.</p>
<div class="scroll">${table(
    ['policy', 'alerts', 'per patient-day', 'by rule', 'recall', 'precision', 'median lead, h'],
    policies.map(({ name, alerts, alertsPerPatientDay, byRule, recall, precision, medianLeadHours }) => [
      name,
      String(alerts),
      fixed(alertsPerPatientDay, 2),
      Object.entries(byRule)
        .map(([rule, count]) => `${rule} ${count}`)
        .join(', '),
      fixed(recall),
      fixed(precision),
      fixed(medianLeadHours, 1),
    ]),
  )}</div>`;
}

/** Model A against model B. */
export function comparisonSection(comparison: Comparison | null, outcome: string): Markup {
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
<h3>Where they disagree most</h3><div class="charts">${disagreements.map(
    ({ stayId, outcome: came, a: first, b: second, lines }) =>
      html`<figure><figcaption><b>${stayId}</b>: ${came ? '' : 'no '}${outcome}; last risk ${fixed(first)} and ${fixed(second)}.</figcaption>${chart(
        {
          title: stayId,
          x: { label: 'hours since admission', range: [0, Math.max(1, ...lines.a.map(([hour]) => hour))] },
          y: { label: 'risk', range: [0, 1] },
          lines: [
            { label: a, points: lines.a },
            { label: b, points: lines.b },
          ],
        },
      )}</figure>`,
  )}</div>`;
}
