import {
  HYPOTENSION_LASTS_MS,
  HYPOTENSION_MAP,
  LACTATE_REACH_MS,
  PF_REACH_MS,
  RAISED_LACTATE,
  RESPIRATORY_FAILURE_PF,
  RESPIRATORY_FAILURE_SF,
  SF_LASTS_MS,
  VENTILATION_PAUSE_MS,
} from '../../clinical/endpoints.js';
import { BROUGHT_IN_VENTILATED_MS, WASH_OUT_MS } from '../../clinical/onsets.js';
import { HOUR_MS, MINUTE_MS } from '../../durations.js';
import { HYLAND_RULES } from '../alarms.js';
import { BROUGHT_IN_MS } from '../events.js';
import type { Validation } from '../run.js';
import { BASELINES } from '../signals.js';
import { html, type Markup } from './html.js';

/** How the figures came about; every number is taken from where it is defined. */
export function method({ seed, resamples }: Validation): Markup {
  const { silenceMs, resetMs, horizonMs, leastMs } = HYLAND_RULES;
  return html`<h2>Method</h2><dl>
<dt>Replay</dt><dd>The stays went through the same engine that runs live: event-time alignment, features, model. A score at a moment uses only what was
available by then. Scores come at most every ten seconds and at every laboratory result, so as often as values were charted.</dd>
<dt>Discrimination</dt><dd>AUROC with ties counting half; AUPRC as average precision; Score1 = min(sensitivity, PPV), its threshold set on the other
four fifths of the patients (flagging as many as died there).</dd>
<dt>Calibration</dt><dd>Ten bins of equally many patients; Hosmer–Lemeshow with two degrees of freedom fewer where the model was fitted to these patients.</dd>
<dt>Intervals</dt><dd>95 % percentile bootstrap by patient, ${resamples} resamples, seed ${seed}. They tell of these patients drawn anew, not of another hospital.</dd>
<dt>Alarms</dt><dd>After Hyland et al., Nature Medicine 2020;26:364-373. An alarm sounds when the signal is evaluated at or above the threshold, then rests
for ${silenceMs / MINUTE_MS} minutes; none sounds during an event nor in the ${resetMs / MINUTE_MS} minutes after it. An event is caught if an alarm sounded between
${horizonMs / HOUR_MS} hours and ${leastMs / MINUTE_MS} minutes before its onset; an alarm is true if an event so follows. Lead time is from the first such alarm to the onset.
Events that were brought in, or with no score in the window, do not count, whatever the signal. The model alarms by its own output
for an event where it has one, else by its risk of death; at the threshold of the configuration's first rule on that output, or, without a rule, at the
threshold that alarms as often as NEWS2 ≥ 7, chosen on these stays. Hold, hysteresis and refractory time are left to Alerts as configured, where the configured rules are run whole
and an alert is judged by the same window.</dd>
<dt>Hypotension</dt><dd>Mean pressure ≤ ${HYPOTENSION_MAP} mmHg in consecutive readings at least ${HYPOTENSION_LASTS_MS / MINUTE_MS} minutes apart, whatever the lactate. Readings are
hourly, so the 45-minute window of Hyland et al. cannot be used. Values outside the plausible range make no events.</dd>
<dt>Circulatory failure (published)</dt><dd>Hypotension while lactate is ≥ ${RAISED_LACTATE} mmol/L (interpolated as by Hyland et al.; a lone value speaks for ${LACTATE_REACH_MS / HOUR_MS} hours to either
side). Adapted: where a source has no drugs, failure under vasopressors with a normal pressure is missed. A stay without a lactate has none.</dd>
<dt>Respiratory failure</dt><dd>PaO2/FiO2 < ${RESPIRATORY_FAILURE_PF} mmHg (Hüser et al., medRxiv 2024.01.23.24301516; each ratio speaks for ${PF_REACH_MS / HOUR_MS} hours at most); where no
blood gas of that time says more, SpO2/FiO2 < ${RESPIRATORY_FAILURE_SF} for ${SF_LASTS_MS / MINUTE_MS} minutes (Rice et al., Chest 2007;132:410-417); or the start of ventilation, charted after
${VENTILATION_PAUSE_MS / HOUR_MS} hours without. Who came ventilated, or was charted so within ${BROUGHT_IN_VENTILATED_MS / HOUR_MS} hours of admission, has no onset by it. A missing FiO2 is not taken for room air.</dd>
<dt>First, again, brought in</dt><dd>What begins within ${BROUGHT_IN_MS / HOUR_MS} hour of admission, and a pressure that is low from its first reading on, was brought in and is not to be foretold. Spans
of one kind less than ${WASH_OUT_MS / HOUR_MS} hours apart are one event. The first onset of a stay is told apart from a recurrence.</dd>
<dt>Hypotension or respiratory failure</dt><dd>Either: an event begins where neither was there. An alert before an onset of one is true also where the other is there already.</dd>
<dt>Baselines</dt><dd>Evaluated at the same moments, on vital signs at most four hours old. ${BASELINES.map(
    ({ label, thresholds, unit, source }) =>
      html`${label}: ${thresholds.join(' and ')} ${unit} (${source}). `,
  )}NEWS2 and qSOFA count what is known; an input not charted scores no points.</dd></dl>`;
}

/** What the figures do not say. */
export function limits({ trainedOn, cohort, flow }: Validation): Markup {
  const share = (name: string) => `${((100 * cohort.everKnown[name]) / flow.evaluated).toFixed(0)} %`;
  return html`<h2>Limits</h2><ul>
${trainedOn > 0 ? html`<li>In-sample: ${trainedOn} of ${flow.evaluated} patients are ones the model was trained on. See the box at the top.</li>` : html``}
<li>Where an endpoint is foretold by the risk of death, for want of an output of its own, alarms measure a use the model was not trained for.</li>
<li>MAP and PaO2/FiO2 are part of what defines the events, so a threshold on them is no independent competitor; and patients whose values are seldom taken
have fewer events to find: lactate was ever measured in ${share('lactate')} of stays, PaO2 in ${share('PaO2')}, SpO2 or SaO2 in ${share('SpO2 or SaO2')}.</li>
<li>An alarm with less than eight hours left counts as false if nothing came, so precision is a lower bound.</li>
<li>Scores come as often as values were charted. On a denser feed they come more often, so alarm burden will differ.</li>
<li>Treatment hides events that would have come, and causes others (ventilation begun as planned). Neither can be told from these data.</li>
<li>A source from MIMIC may hold patients of set A, on which the shipped models were trained (it comes from MIMIC-II); ids do not tell.</li></ul>`;
}
