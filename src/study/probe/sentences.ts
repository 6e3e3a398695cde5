/**
 * Sentences as staff write them, each with the way it must move the state or the risk of a patient. Ours, written for this: none is of a real
 * note. Of those that state nothing new of the patient now, none may move anything.
 */

/** What a sentence states. */
export type SentenceKind = 'stated' | 'negated' | 'planned' | 'historical' | 'other-person';
export type Direction = 'up' | 'down' | 'none';

export interface Sentence {
  readonly text: string;
  readonly kind: SentenceKind;
  readonly direction: Direction;
  /** well: as charted. ill: low pressure, SpO2 and consciousness were charted two hours before the note. */
  readonly patient: 'well' | 'ill';
}

const up = (text: string): Sentence => ({ text, kind: 'stated', direction: 'up', patient: 'well' });
const down = (text: string): Sentence => ({ text, kind: 'stated', direction: 'down', patient: 'ill' });
const none =
  (kind: SentenceKind, patient: Sentence['patient'] = 'well') =>
  (text: string): Sentence => ({ text, kind, direction: 'none', patient });

export const SENTENCES: readonly Sentence[] = [
  ...[
    'MAP 45 for the last hour.',
    'BP 68/30, cool and mottled.',
    'Hypotensive to MAP 48, fluids running.',
    'MAP now 50 on levophed 0.4 mcg/kg/min.',
    'A-line 70/32, MAP 44.',
    'HR 168, looks like AF with RVR.',
    'HR down to 32, pacing pads on.',
    'RR 42 and tiring.',
    'Resps 4 per minute, hard to rouse.',
    'SpO2 78% on 15 L NRB.',
    'Sats 81% despite high flow.',
    'Desatted to 72%.',
    'Temp 41.2 C.',
    'T 106.2 F, cooling blanket on.',
    'Core temp 30.8.',
    'GCS 5 (E1 V1 M3).',
    'E1V2M3, pupils sluggish.',
    'Lactate 9.2.',
    'Lactate up from 2.1 to 6.8.',
    'K 7.4 on repeat.',
    'Potassium of 2.1 this evening.',
    'Na 112.',
    'Sodium 171, very dry.',
    'iCa 0.68.',
    'FS 28, amp of D50 drawn up.',
    'Glucose 640.',
    'ABG 7.02/92/54/22.',
    'pH 7.08, HCO3 8.',
    'Hgb 5.1 after bloody stool.',
    'Hb 52 g/L.',
  ].map(up),
  ...['MAP 82, BP 118/64.', 'SpO2 98% on 2 L NC.', 'GCS 15, talking.', 'MAP was 45, now 80 and holding.'].map(
    down,
  ),
  ...[
    'No MAP 45 or the like seen.',
    'Denies bleeding, seizure or chest pain.',
    'Not on pressors, no bleeding.',
    'No seizures, no desaturation.',
    'Without lactate 9 or the like.',
    'Levophed off, no CPR needed.',
    'Seizure ruled out.',
    'Never had GCS below 15.',
  ].map(none('negated')),
  ...[
    'Goal MAP 65.',
    'Call for MAP <55, HR >140 or SpO2 <88%.',
    'If K 7.0 give calcium.',
    'Wean to FiO2 40% as able.',
    'Will intubate for RR 40.',
    'Notify MD for temp 41.',
    'Keep SpO2 88-92%.',
    'Titrate levophed to MAP 65.',
    'Consider bicarb if pH 7.1.',
    'Transfuse for Hgb 6.5.',
    'Plan: dialysis tomorrow for K 6.8.',
  ].map(none('planned')),
  ...[
    'On admission MAP 42, lactate 8.',
    'HR was 170 overnight.',
    'K 7.2 yesterday.',
    'In the ED BP 60/30.',
    'History of Na 110.',
    'H/o cardiac arrest, GCS 3 at the time.',
    'Previously SpO2 70%.',
    'Last week Hgb 4.8.',
    'Nadir MAP 38 last night.',
    'pH was 6.95 on arrival.',
  ].map(none('historical')),
  ...[
    'Mother has HR 170 and K 7.',
    'Bed 4 MAP 40.',
    'Father died with lactate 12.',
    'Roommate SpO2 70%.',
    'Family history of glucose 600.',
    'Donor Na 172.',
  ].map(none('other-person')),
  ...[
    'HR in the 80s, comfortable.',
    'K 40 mEq given.',
    'Out of bed 4 times.',
    'GCS 3T, sedated.',
    'Family at bedside, updated.',
    'Resting, no new orders.',
  ].map(none('stated')),
  // Of an ill patient nothing gets better by it either.
  ...['Goal MAP 75.', 'SpO2 was 98% on admission.', 'Mother has GCS 15.'].map((text, index) =>
    none((['planned', 'historical', 'other-person'] as const)[index], 'ill')(text),
  ),
];
