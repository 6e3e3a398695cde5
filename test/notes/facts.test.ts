import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VARIABLES } from '../../src/clinical/variables.js';
import { type Fact, factsOf, MOST_CHARS, MOST_FACTS } from '../../src/notes/facts.js';

/** A fact in short: "heartRate 130", "vasopressor noradrenaline 0.2 mcg/kg/min", with "!why" where it is not used. */
function short(fact: Fact): string {
  const what =
    fact.kind === 'value'
      ? `${VARIABLES[fact.variable].id} ${Number(fact.value.toFixed(2))}`
      : `${fact.status} ${fact.detail}`.trim();
  return fact.unused === null ? what : `${what} !${fact.unused}`;
}

const told = (text: string) => factsOf(text).facts.map(short).join(', ');

describe('values', () => {
  it.each([
    ['BP 92/48 (63), HR 130, RR 28', 'sbpCuff 92, dbpCuff 48, mapCuff 63, heartRate 130, respRate 28'],
    ['ABP 92/48', 'sbpInvasive 92, dbpInvasive 48'],
    ['BP 80/palp', 'sbpCuff 80'],
    ['SBP 85, DBP 40', 'sbpCuff 85, dbpCuff 40'],
    ['MAP 58', 'mapCuff 58'],
    ['T 39.4 C', 'temperature 39.4'],
    ['T 102.9 F', 'temperature 39.39'],
    ['temp 103', 'temperature 39.44'],
    ['T 37 K 4.1', 'temperature 37, potassium 4.1'],
    ['SpO2 88%', 'spo2 88'],
    ['sats 92 on RA', 'spo2 92, fio2 0.21'],
    ['SaO2 98% on room air', 'spo2 98, fio2 0.21'],
    ['O2 sat down to 78%', 'spo2 78'],
    ['desatted to 71%', 'spo2 71'],
    ['95% on room air', 'spo2 95, fio2 0.21'],
    ['FiO2 0.6', 'fio2 0.6'],
    ['FiO2 of 60%', 'fio2 0.6'],
    ['on 40% face mask', 'fio2 0.4'],
    ['on 4 L NC', 'oxygenFlow 4'],
    ['15L NRB', 'oxygenFlow 15'],
    ['1 L NS given', ''],
    ['Na 118, K 7.1, Cl 99, HCO3 12', 'sodium 118, potassium 7.1, chloride 99, hco3 12'],
    ['sodium 131 and potassium (K) of 3.9', 'sodium 131, potassium 3.9'],
    ['Cr 4.2, BUN 80', 'creatinine 4.2, bun 80'],
    ['creatinine 380 umol/L', 'creatinine 4.3'],
    ['urea 20', 'bun 56.03'],
    ['BUN and creatinine 26.8/1.2', 'bun 26.8, creatinine 1.2'],
    ['H&H 9.1/27', 'hemoglobin 9.1, hematocrit 27'],
    ['AST/ALT 300/410', 'ast 300, alt 410'],
    ['Hgb 8.9 -> 6.1', 'hemoglobin 6.1'],
    ['Hb 62', 'hemoglobin 6.2'],
    ['WBC 15,700, platelets 24K', 'wbc 15.7, platelets 24'],
    ['lactate rose from 2.1 to 4.8', 'lactate 4.8'],
    ['bili 5, alb 2.1', 'bilirubin 5'],
    ['INR 3.84, troponin T 1.2, CRP 180', 'inr 3.84, troponinT 1.2, crp 180'],
    ['glucose 2.1 mmol/L', 'glucose 37.83'],
    ['FS 412', 'glucose 412'],
    ['iCa 0.78, Mg 1.1', 'calciumIonised 0.78, magnesium 1.1'],
    ['albumin 2.1, ALP 300', 'albumin 2.1, alp 300'],
    ['ABG 7.32/48/85', 'ph 7.32, paco2 48, pao2 85'],
    ['7.12/80/50/22', 'ph 7.12, paco2 80, pao2 50, hco3 22'],
    ['pH 7.1 pCO2 30 pO2 90 BE -14', 'ph 7.1, paco2 30, pao2 90, baseExcess -14'],
    ['pO2 8 kPa', 'pao2 60'],
    ['UOP 15 mL/h', 'urine 15'],
    ['wt 82.3 kg', 'weight 82.3'],
    ['GCS 6', 'gcs 6'],
    ['GCS 6/15 (E1 V1 M4)', 'gcs 6'],
    ['E2V2M5', 'gcs 9'],
  ])('%s', (text, expected) => {
    expect(told(text)).toBe(expected);
  });

  it.each([
    ['GCS 10T', 'gcs 10 !not-testable'],
    ['GCS 3 intubated', 'gcs 3 !not-testable, intubated'],
    ['E1 V1T M4', 'gcs NaN !not-testable'],
    ['HR 80s', 'heartRate 80 !range'],
    ['SpO2 92-96%', 'spo2 92 !range'],
    ['MAP <65', 'mapCuff 65 !bound'],
    ['lactate less than 2', 'lactate 2 !bound'],
    ['K 40 mEq', 'potassium 40 !amount'],
    ['albumin 25% 100 mL', 'albumin 25 !unit'],
    ['VBG 7.30/50/40', 'ph 7.3 !venous, paco2 50 !venous, pao2 40 !venous'],
    ['HR 1300', 'heartRate 1300 !implausible'],
    ['hemoglobin A1c 9', ''],
    ['T12 fracture', ''],
    ['out of bed 2 times', ''],
  ])('%s is no value', (text, expected) => {
    expect(told(text)).toBe(expected);
  });
});

describe('statuses', () => {
  it.each([
    ['norepi 0.2 mcg/kg/min', 'vasopressor noradrenaline 0.2 mcg/kg/min'],
    [
      'levophed gtt, vaso 0.04 units/min',
      'vasopressor noradrenaline, vasopressor vasopressin 0.04 units/min',
    ],
    ['epi 1 mg given', ''],
    ['epi gtt at 0.05 mcg/kg/min', 'vasopressor adrenaline 0.05 mcg/kg/min'],
    ['Was intubated at 14:00', 'intubated'],
    ['extubated to NC', 'extubated'],
    ['on the vent', 'ventilated'],
    ['code blue, CPR started, ROSC after 6 min', 'arrest, arrest, circulation-back'],
    ['hematemesis, GI bleed', 'bleeding, bleeding'],
    ['had a seizure', 'seizure'],
    ['family chose comfort care', 'comfort-care'],
    ['DNR/DNI', 'no-resuscitation, no-intubation'],
    ['not for CPR', 'no-resuscitation'],
    ['full code', ''],
    ['proned', 'prone'],
    ['prone to falls', ''],
    ['going to the OR now', 'theatre'],
    ['CVVH running', 'dialysis'],
  ])('%s', (text, expected) => {
    expect(told(text)).toBe(expected);
  });
});

describe('context', () => {
  it.each([
    ['no fever, HR 130', 'heartRate 130'],
    ['denies bleeding, seizure', 'bleeding !negated, seizure !negated'],
    ['no bleeding, on levophed', 'bleeding !negated, vasopressor noradrenaline'],
    ['off pressors', 'vasopressor !negated'],
    ['norepi stopped', 'vasopressor noradrenaline !negated'],
    ['no change, MAP 52', 'mapCuff 52'],
    ['BP was 80/40, now 120/70', 'sbpCuff 80 !historical, dbpCuff 40 !historical, sbpCuff 120, dbpCuff 70'],
    ['on admission HR 140 but currently HR 90', 'heartRate 140 !historical, heartRate 90'],
    ['h/o cardiac arrest', 'arrest !historical'],
    ['K 2.9 yesterday', 'potassium 2.9 !historical'],
    ['goal MAP 65, currently 58', 'mapCuff 65 !planned, mapCuff 58'],
    ['MAP 65 goal', 'mapCuff 65 !planned'],
    ['call for MAP <65, HR >130', 'mapCuff 65 !planned, heartRate 130 !planned'],
    ['if HR 140 give metoprolol', 'heartRate 140 !planned'],
    ['wean to FiO2 40%', 'fio2 0.4 !planned'],
    ['?seizure', 'seizure !planned'],
    ['will be intubated', 'intubated !planned'],
    ['To OR tomorrow', 'theatre !planned'],
    ['mother has HR 130', 'heartRate 130 !other-person'],
    ['wife at bedside, HR 130', 'heartRate 130'],
    ['bed 4 HR 150', 'heartRate 150 !other-person'],
    ['family history of seizure', 'seizure !other-person'],
  ])('%s', (text, expected) => {
    expect(told(text)).toBe(expected);
  });

  it('takes how long, how long ago and at what time', () => {
    const [fact] = factsOf('MAP 45 for the last hour').facts;
    expect(fact).toMatchObject({ value: 45, forMs: 3_600_000, agoMs: 0, clock: null, unused: null });
    expect(factsOf('HR 130 20 minutes ago').facts[0]).toMatchObject({ agoMs: 1_200_000, unused: null });
    expect(factsOf('HR 130 three days ago').facts[0]).toMatchObject({ unused: 'historical' });
    expect(factsOf('14:05 MAP 41').facts[0]).toMatchObject({ clock: 845 });
    expect(factsOf('MAP 41 at 1405').facts[0]).toMatchObject({ clock: 845 });
    expect(factsOf('HR 130, MAP 45 x2h').facts).toMatchObject([{ forMs: 0 }, { forMs: 7_200_000 }]);
  });

  it('tells where each sentence stands', () => {
    const text = 'Quiet night.  HR 130; no bleeding.';
    expect(factsOf(text).facts.map(({ start, end }) => text.slice(start, end))).toEqual([
      'HR 130',
      'no bleeding.',
    ]);
  });
});

describe('any text', () => {
  const word = fc.constantFrom(
    ...'HR MAP 45 / 7.32 , . no was goal if E1 V1T M4 → -> % ( ) L NC BP from to 80s 14:05 for the last hour now K+ ABG - mother ? 1,2 ٣ 𝟘 \u0000 ß'.split(
      ' ',
    ),
  );
  it('is read without a throw, each fact within its text and of a possible value', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.array(word, { maxLength: 120 }).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(text, (note) => {
        for (const fact of factsOf(note).facts) {
          expect(fact.start).toBeGreaterThanOrEqual(0);
          expect(fact.end).toBeGreaterThan(fact.start);
          expect(fact.end).toBeLessThanOrEqual(note.length);
          if (fact.kind === 'status' || fact.unused !== null) continue;
          const [low, high] = VARIABLES[fact.variable].plausible;
          expect(fact.value >= low && fact.value <= high).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    'HR ',
    'MAP 45 ',
    'was ',
    'E1',
    ' ',
    '(',
    '1,',
    '7.32/',
    'no ',
    'for the last ',
    'a',
    'HR is ',
    '->',
    'x 1 ',
    'mother ',
  ])('costs no more for a megabyte of "%s" than a note of the length that is read', (piece) => {
    const note = piece.repeat(1_048_576 / piece.length);
    const began = performance.now();
    const { facts, isShortened } = factsOf(note);
    expect(performance.now() - began).toBeLessThan(5000);
    expect(isShortened).toBe(true);
    expect(facts.length).toBeLessThanOrEqual(MOST_FACTS);
  });

  it('reads the beginning and the end of a long note', () => {
    const note = `HR 130. ${'quiet. '.repeat(MOST_CHARS)} MAP 45.`;
    expect(factsOf(note).facts.map(short)).toEqual(['heartRate 130', 'mapCuff 45']);
    expect(note.slice(factsOf(note).facts[1].start)).toBe('MAP 45.');
  });
});
