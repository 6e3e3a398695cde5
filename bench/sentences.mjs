// How well the shipped text encoder tells what matters in notes: triplets of an anchor, a sentence that means the same and
// one that does not. Right where the anchor is closer to its like than to its unlike (cosine). By kind, with every triplet.
import { openUse } from '../dist/encoders/use.js';

// biome-ignore format: one triplet a line reads best
const TRIPLETS = [
  ['paraphrase', 'The patient is short of breath.', 'He has difficulty breathing.', 'He has a headache.'],
  ['paraphrase', 'Blood pressure is falling.', 'She is becoming hypotensive.', 'She is becoming hypertensive.'],
  ['paraphrase', 'Kidney function is getting worse.', 'Creatinine is rising.', 'Creatinine is improving.'],
  ['paraphrase', 'He is not waking up.', 'Remains unresponsive.', 'He is wide awake.'],
  ['paraphrase', 'Urine output has stopped.', 'The patient is anuric.', 'The patient voids well.'],
  ['paraphrase', 'She was put on a ventilator.', 'She was intubated.', 'She was extubated.'],
  ['negation', 'No fever.', 'Afebrile.', 'Fever.'],
  ['negation', 'Denies chest pain.', 'Chest is free of pain.', 'Complains of chest pain.'],
  ['negation', 'No signs of infection.', 'Infection is unlikely.', 'Signs of infection.'],
  ['negation', 'Not in shock.', 'Haemodynamically stable.', 'In shock.'],
  ['negation', 'No bleeding.', 'Haemostasis is good.', 'Bleeding.'],
  ['negation', 'Not following commands.', 'Unresponsive to voice.', 'Following commands.'],
  ['negation', 'Off pressors.', 'Vasopressors stopped.', 'On pressors.'],
  ['negation', 'Unable to wean from the ventilator.', 'Still dependent on the ventilator.', 'Able to wean from the ventilator.'],
  ['shorthand', 'SOB, incr WOB.', 'Short of breath, breathing hard.', 'Breathing comfortably.'],
  ['shorthand', 'A&O x3.', 'Alert and oriented.', 'Confused and drowsy.'],
  ['shorthand', 'UO 10 ml/h.', 'Hardly any urine.', 'Plenty of urine.'],
  ['shorthand', 'Pt intubated, vented.', 'The patient is on mechanical ventilation.', 'The patient breathes on his own.'],
  ['shorthand', 'Lact 6, ? septic.', 'High lactate, possible sepsis.', 'Normal lactate, no sepsis.'],
  ['shorthand', 'BP soft, NA up.', 'Low blood pressure, more noradrenaline.', 'High blood pressure, less noradrenaline.'],
  ['shorthand', 's/p CABG, doing well.', 'Recovering well after heart surgery.', 'Dying after heart surgery.'],
  ['shorthand', 'Cr 4.1, ? RRT.', 'Renal failure, may need dialysis.', 'Normal kidney function.'],
  ['number', 'MAP 50.', 'MAP 48.', 'MAP 90.'],
  ['number', 'GCS 4.', 'GCS 3.', 'GCS 15.'],
  ['number', 'Lactate 8.2.', 'Lactate 7.9.', 'Lactate 1.1.'],
  ['number', 'HR 140.', 'HR 135.', 'HR 70.'],
  ['number', 'SpO2 82%.', 'SpO2 80%.', 'SpO2 99%.'],
  ['number', 'Temperature 39.4.', 'Temperature 39.1.', 'Temperature 36.8.'],
];

const round = (value) => Number(value.toFixed(3));

function cosine(a, b) {
  const dot = (x, y) => x.reduce((sum, value, index) => sum + value * y[index], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

export async function measure() {
  const encoder = openUse();
  const triplets = [];
  for (const [kind, ...sentences] of TRIPLETS) {
    const vectors = [];
    for (const sentence of sentences) vectors.push(await encoder.embed(sentence.replace(/\.$/, '')));
    const [alike, unlike] = [round(cosine(vectors[0], vectors[1])), round(cosine(vectors[0], vectors[2]))];
    triplets.push({ kind, sentences, alike, unlike, right: alike > unlike });
  }
  await encoder.close();
  const kinds = {};
  for (const kind of new Set(triplets.map((each) => each.kind))) {
    const of = triplets.filter((each) => each.kind === kind);
    const mean = (key) => round(of.reduce((sum, each) => sum + each[key], 0) / of.length);
    const right = of.filter((each) => each.right).length;
    kinds[kind] = { right, of: of.length, meanAlike: mean('alike'), meanUnlike: mean('unlike') };
  }
  return { encoder: 'use-lite-en', kinds, triplets };
}
