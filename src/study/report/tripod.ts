import type { Validation } from '../run.js';
import { fixed, share } from './figures.js';
import { html, type Markup, table } from './html.js';

/** What only people can say. */
const BY_HAND = 'To be filled in by whoever signs this report.';

/**
 * The checklist of TRIPOD+AI (Collins et al., BMJ 2024;385:e078378), its items in our words, for the evaluation of a model. What the
 * program knows is filled in; the rest is left to people, and says so.
 */
export function tripodAppendix(validation: Validation): Markup {
  return html`<h2>Appendix: TRIPOD+AI checklist</h2>
<p>After Collins et al., BMJ 2024;385:e078378; items in our words, for a study that evaluates a model. “${BY_HAND}” marks what no program can know.</p>
<div class="wide checklist">${table(
    ['item', 'asked for', 'here'],
    items(validation).map(([item, asked, here]) => [item, asked, here]),
  )}</div>`;
}

function items(v: Validation): readonly (readonly [item: string, asked: string, here: string])[] {
  const { flow, cohort, deaths } = v;
  const n = flow.evaluated;
  const last = v.hours[v.hours.length - 1];
  const events = v.endpoints.map(({ label, events: count }) => `${label.toLowerCase()} ${count}`).join(', ');
  const worse = v.subgroups.filter(({ verdict }) => verdict === 'worse').length;
  return [
    [
      '1',
      'Title: evaluation of a prediction model, population, outcome',
      `Evaluation of ${v.model}; ${n} intensive-care stays; ${v.outcome}.`,
    ],
    ['2', 'Abstract', 'Summary at the top; a structured abstract is to be written by hand.'],
    ['3a', 'Healthcare context and existing models', BY_HAND],
    [
      '3b',
      'Target population, purpose, intended users',
      'Adults in intensive care; decision support for ward staff under evaluation. Model card of the model folder.',
    ],
    ['3c', 'Known health inequalities', BY_HAND],
    [
      '4',
      'Objectives',
      'Evaluation, not development: discrimination, calibration and alarms on these stays.',
    ],
    ['5a', 'Sources of data', `${v.from}; outcomes: ${v.outcomesFile}.`],
    [
      '5b',
      'Dates of the data',
      v.burden.hasClock ? 'Times of the source are real; see the store.' : 'The source has no dates.',
    ],
    ['6a', 'Setting, number of centres', BY_HAND],
    ['6b', 'Eligibility', 'All stays of the source with an outcome and at least one score within 48 hours.'],
    ['6c', 'Treatments', 'Not in these data; see Limits.'],
    [
      '7',
      'Data preparation',
      'Codes and units by one table (schemas/mapping.yaml and --mapping); impossible values set aside; what was left out is listed under Data.',
    ],
    ['8a', 'Outcome, and how and when it is assessed', `${v.outcome}, and events defined under Method.`],
    ['8b', 'Who assessed outcomes', 'Events: computed from the chart. Outcome: as the source says.'],
    ['8c', 'Blinding of outcome assessment', 'Events are computed without the scores.'],
    ['9a', 'Choice of predictors', 'By the model; see its card.'],
    [
      '9b',
      'Definition of predictors, when and how measured',
      'src/clinical/variables.ts: unit, code and ranges of each; used from when they were available.',
    ],
    ['9c', 'Who assessed predictors', 'Routine charting, monitors and laboratory.'],
    [
      '10',
      'Sample size',
      `All there was: ${n} stays, ${deaths} with the outcome; events: ${events}. No calculation beforehand.`,
    ],
    [
      '11',
      'Missing data',
      'Never imputed: the model is told what is missing. Share of stays with a value under Data; effect under Late and missing data.',
    ],
    [
      '12a',
      'How data were used',
      v.trainedOn > 0
        ? `${share(v.trainedOn, n)} of the patients were used to train the model: in-sample.`
        : 'For evaluation only.',
    ],
    ['12b', 'Handling of predictors', 'As served live: the same code.'],
    ['12c', 'Type of model', 'Attention over hourly tokens; see the model card.'],
    [
      '12d',
      'Differences between clusters',
      'Wards and units under Alerts as configured and For whom it does worse; centres are not told apart.',
    ],
    [
      '12e',
      'Measures of performance',
      'AUROC, AUPRC, Score1, calibration error, Brier score, Hosmer–Lemeshow, decision curve, event-based alarms.',
    ],
    ['12f', 'Updating of the model', 'None.'],
    [
      '12g',
      'How predictions were calculated',
      `Wardstream with model ${v.model}; SHA-256 of all scores: ${v.replay.scoresDigest}.`,
    ],
    ['13', 'Class imbalance', 'Not corrected; probabilities are calibrated ones.'],
    [
      '14',
      'Fairness',
      'Figures by age, sex, unit, ventilation and charting, with what is worse said plainly.',
    ],
    [
      '15',
      'Output of the model',
      `Probabilities; alerts by the rules under Alerts as configured: ${v.configured.rules.map(({ signal, raiseAt }) => `${signal} ≥ ${raiseAt}`).join(', ')}.`,
    ],
    [
      '16',
      'Differences between development and evaluation data',
      v.trainedOn > 0
        ? 'None: the same patients.'
        : 'The model card has the cohort it was trained on; compare with Data.',
    ],
    ['17', 'Ethical approval', BY_HAND],
    ['18a', 'Funding', BY_HAND],
    ['18b', 'Conflicts of interest', BY_HAND],
    ['18c', 'Protocol', BY_HAND],
    ['18d', 'Registration', BY_HAND],
    ['18e', 'Sharing of data', BY_HAND],
    ['18f', 'Sharing of code', 'Wardstream is open source (Apache-2.0); command and seed under Reproduce.'],
    ['19', 'Involvement of patients and the public', BY_HAND],
    ['20a', 'Flow of participants', 'Diagram under Data.'],
    [
      '20b',
      'Characteristics of participants',
      `Under Data: age, sex, unit, ${fixed(cohort.hoursObserved / 24, 0)} patient-days observed, what was measured.`,
    ],
    ['20c', 'Comparison with the development data', 'The model card has those.'],
    ['21', 'Numbers in each analysis', 'Stays and events stand beside every figure.'],
    ['22', 'Full specification of the model', `Folder models/deterioration/${v.model}: graph, config, card.`],
    [
      '23a',
      'Performance with intervals',
      `At ${last.hour} h and hour by hour; alarms over the whole range of thresholds.`,
    ],
    ['23b', 'Heterogeneity of performance', `${v.subgroups.length} subgroups, ${worse} of them worse.`],
    ['24', 'Results of updating', 'Not applicable.'],
    ['25', 'Interpretation', BY_HAND],
    ['26', 'Limitations', 'Under Limits; those of the site are to be added by hand.'],
    [
      '27a',
      'Poor or missing input in use',
      'Under Late and missing data; values set aside live go to ward.deadletter with their reason.',
    ],
    [
      '27b',
      'Users’ interaction and expertise',
      'docs/validation.md: silent running first, then with clinicians.',
    ],
    ['27c', 'Next steps', BY_HAND],
  ];
}
