import type { AdtMessage } from '../contract/messages.js';
import { MINUTE_MS } from '../durations.js';
import type { Course } from './course.js';
import type { Random } from './random.js';

/** What a sentence is written from. */
export interface Bedside {
  readonly course: Course;
  /** When it is written, on the clock of `course`. */
  readonly now: number;
  readonly patient: Pick<AdtMessage, 'ageYears' | 'sex' | 'unitType'>;
  readonly random: Random;
}

/** Hours for which a vital sign, and a laboratory value, are still talked about. */
const VITAL_HOURS = 6;
const LAB_HOURS = 24;

const UNIT = {
  CORONARY_CARE: 'CCU',
  CARDIAC_SURGERY: 'CSRU, post op',
  MEDICAL: 'MICU',
  SURGICAL: 'SICU',
  OTHER: 'ICU',
} as const;
const SEX = { FEMALE: 'F', MALE: 'M', OTHER: '' } as const;

/** Ways to say that a value is below a bound; none where that is not worth a word. */
type Band = readonly [below: number, ...phrases: string[]];
const REST = Number.POSITIVE_INFINITY;

/** A phrase of the first band the value is below, `#` being the value as staff round it; none without a value. */
function banded(value: number, random: Random, shown: string, ...bands: Band[]): string[] {
  if (Number.isNaN(value)) return [];
  const [, ...phrases] = bands.find(([below]) => value < below) ?? [REST];
  return phrases.length === 0 ? [] : [random.pick(phrases).replace('#', shown)];
}

/** 87 → "80s", as rates and pressures are told. */
function tens(value: number): string {
  return `${Math.floor(value / 10) * 10}s`;
}

/** A rate or a pressure: as it is, or in tens. */
function told(value: number, random: Random): string {
  return random.chance(0.5) ? tens(value) : value.toFixed(0);
}

/** A laboratory value: to one decimal, or rounded as staff remember it. */
function about(value: number, random: Random): string {
  return random.chance(0.5) ? coarse(value) : value.toFixed(value < 20 ? 1 : 0);
}

/** Fewer digits the larger the value. */
function coarse(value: number): string {
  const step = value < 2 ? 0.1 : value < 5 ? 0.5 : value < 20 ? 1 : value < 100 ? 5 : 20;
  return (Math.round(value / step) * step).toFixed(step < 1 ? 1 : 0);
}

/** A remark on a change, where it is at least that large: one of `fall`, one of `rise`. */
function trend(change: number, least: number, random: Random, fall: string[], rise: string[]): string[] {
  if (!(Math.abs(change) >= least)) return [];
  return [random.pick(change < 0 ? fall : rise)];
}

/** Mean arterial pressure: of the line, or of the cuff where there is no line. */
export function meanPressure({ course, now }: Pick<Bedside, 'course' | 'now'>): [value: number, id: string] {
  const line = course.last('mapInvasive', now, VITAL_HOURS);
  return Number.isNaN(line) ? [course.last('mapCuff', now, VITAL_HOURS), 'mapCuff'] : [line, 'mapInvasive'];
}

export function isVentilated({ course, now }: Pick<Bedside, 'course' | 'now'>): boolean {
  return course.last('mechVent', now, 12) === 1;
}

export function identity({ patient, random }: Bedside): string[] {
  const { ageYears, sex, unitType } = patient;
  const unit = UNIT[unitType ?? 'OTHER'];
  const who = ageYears === null ? 'Pt' : `${Math.round(ageYears)}${SEX[sex ?? 'OTHER']}`;
  return [
    random.pick([`Adm note: ${who}`, `${who}, new admission`]),
    random.pick([`Adm to ${unit}`, `To ${unit}`]),
  ];
}

// biome-ignore format: one band a line reads best
export function neuro(bedside: Bedside): string[] {
  const { course, now, random } = bedside;
  const gcs = course.last('gcs', now, VITAL_HOURS + 2);
  const level = isVentilated(bedside)
    ? banded(gcs, random, `${gcs}`,
        [6, 'GCS #T, deeply sedated or no response', 'sedated, GCS #T, no eye opening', 'unresponsive on the vent, GCS #T'],
        [10, 'sedated, GCS #T', 'lightly sedated, GCS #T, grimaces to pain', 'opens eyes to pain, GCS #T'],
        [REST, 'awake on the vent, follows commands', 'sedation off, obeys, GCS #T', 'calm, nods to questions, GCS #T'])
    : banded(gcs, random, `${gcs}`,
        [9, 'unresponsive, GCS #', 'comatose, GCS #, not following commands', 'GCS #, only responds to pain'],
        [13, 'lethargic, GCS #', 'confused and drowsy, GCS #', 'obtunded, GCS #'],
        [15, 'sleepy but rousable, GCS #', 'mildly confused, GCS #', 'GCS #, disoriented at times'],
        [REST, 'A&O x3', 'alert, follows commands, GCS 15', 'neuro intact, no deficit', 'awake and appropriate']);
  return [...level, ...trend(course.change('gcs'), 2, random,
    ['mental status worse', 'more drowsy than before', 'GCS dropping'],
    ['waking up', 'more alert', 'mental status better'])];
}

// biome-ignore format: one band a line reads best
export function cardiovascular(bedside: Bedside): string[] {
  const { course, now, random } = bedside;
  const [map, id] = meanPressure(bedside);
  const rate = course.last('heartRate', now, VITAL_HOURS);
  const lowest = Math.min(...course.recent(id, now, VITAL_HOURS));
  return [
    ...banded(map, random, told(map, random),
      [55, 'profoundly hypotensive, MAP #', 'MAP #, in shock', 'BP very low, MAP #, pressors going up'],
      [65, 'hypotensive, MAP #', 'MAP #, below goal', 'BP soft, MAP low #', 'MAP #, getting fluids for hypotension'],
      [75, 'MAP #, borderline', 'BP ok, MAP just at goal #', 'MAP # holding'],
      [100, 'BP stable, MAP #', 'normotensive', 'haemodynamically stable, MAP #', 'MAP #, no pressors needed'],
      [REST, 'hypertensive, MAP #', 'BP high, MAP #', 'MAP #, labetalol prn']),
    ...(lowest < 60 && map >= 65 ? [random.pick(['MAP had dropped to the 50s, now recovered', 'transient hypotension earlier', 'was hypotensive earlier today'])] : []),
    ...banded(rate, random, told(rate, random),
      [50, 'bradycardic, HR #', 'SB #', 'HR only #'],
      [100, 'SR #', 'HR #', 'NSR, rate #', 'not tachycardic'],
      [120, 'ST #', 'tachy #', 'HR #, sinus tach'],
      [REST, 'very tachycardic, HR #', 'HR #, rapid', 'tachycardia to the #']),
    ...trend(course.change(id), 12, random,
      ['BP drifting down', 'BP trending down', 'pressure falling'],
      ['BP improving', 'BP coming up', 'pressure better']),
    ...trend(course.change('heartRate'), 15, random,
      ['HR settling', 'rate coming down', 'less tachycardic'],
      ['HR climbing', 'rate trending up', 'more tachycardic']),
  ];
}

// biome-ignore format: one band a line reads best
export function respiratory(bedside: Bedside): string[] {
  const { course, now, random } = bedside;
  const oxygen = course.last('fio2', now, VITAL_HOURS + 2);
  const rate = course.last('respRate', now, VITAL_HOURS);
  const ratio = course.last('pao2', now, 12) / oxygen;
  const saturation = Number.isNaN(course.last('spo2', now, VITAL_HOURS)) ? course.last('sao2', now, 12) : course.last('spo2', now, VITAL_HOURS);
  const percent = `${Math.round((oxygen * 100) / 10) * 10}%`;
  const support = isVentilated(bedside)
    ? [random.pick(['intubated, vented', 'remains intubated', 'on the vent', 'orally intubated, AC mode'])]
    : [random.pick(['SV', 'breathing on own', 'not intubated', 'no resp support beyond O2'])];
  return [
    ...support,
    ...banded(oxygen, random, percent,
      [0.3, 'on room air', 'minimal O2'],
      [0.5, 'FiO2 #', 'O2 #, weaning', 'modest O2 need, #'],
      [0.7, 'FiO2 #, not weaning', 'high O2 requirement, #'],
      [REST, 'FiO2 #, very high O2 need', 'on #, cannot wean', 'FiO2 # and struggling']),
    ...banded(ratio, random, '',
      [100, 'severe hypoxaemia, P/F under 100', 'P/F <100, ARDS picture'],
      [200, 'P/F under 200', 'poor gas exchange, P/F 100s', 'oxygenation poor'],
      [300, 'P/F 200s', 'oxygenation moderate'],
      [REST, 'good oxygenation', 'gases fine', 'no hypoxaemia']),
    ...banded(saturation, random, `${Math.round(saturation)}%`,
      [88, 'desats to the 80s', 'sat # despite O2', 'hypoxic, SpO2 #'],
      [93, 'sats # only', 'SpO2 low 90s'],
      [REST, 'sats good', 'SpO2 #', 'no desats']),
    ...banded(rate, random, told(rate, random),
      [10, 'RR low', 'hypoventilating'],
      [22, 'RR teens', 'comfortable, no incr WOB', 'no resp distress'],
      [30, 'RR 20s, mildly tachypnoeic', 'tachypnoeic, RR #'],
      [REST, 'RR #, resp distress', 'labored breathing, RR #, accessory muscles']),
    ...trend(course.change('fio2'), 0.15, random, ['O2 weaned down', 'weaning vent'], ['O2 need increasing', 'FiO2 had to go up']),
  ];
}

// biome-ignore format: one band a line reads best
export function renal(bedside: Bedside): string[] {
  const { course, now, random } = bedside;
  const voided = course.recent('urine', now, VITAL_HOURS);
  const hourly = voided.length === 0 ? Number.NaN : voided.reduce((sum, each) => sum + each, 0) / VITAL_HOURS;
  const creatinine = course.last('creatinine', now, LAB_HOURS);
  const potassium = course.last('potassium', now, LAB_HOURS);
  const urea = course.last('bun', now, LAB_HOURS);
  return [
    ...banded(hourly, random, coarse(hourly),
      [8, 'anuric', 'no urine output', 'hardly any urine, MD aware'],
      [30, 'oliguric, UO # ml/h', 'UO poor, # ml/h', 'low urine output, bolus given'],
      [60, 'UO # ml/h, adequate', 'urine ok, about # ml/h'],
      [150, 'good UO, # ml/h', 'voiding well', 'making urine, not oliguric'],
      [REST, 'brisk diuresis', 'UO > 150 ml/h', 'diuresing well']),
    ...banded(creatinine, random, about(creatinine, random),
      [1.3, 'Cr normal', 'renal function ok, Cr #', 'no AKI'],
      [2, 'Cr #', 'Cr mildly up, #'],
      [3.5, 'AKI, Cr #', 'Cr #, renal following'],
      [REST, 'severe AKI, Cr #', 'renal failure, Cr #, ? RRT']),
    ...trend(course.change('creatinine'), 0.3, random, ['Cr coming down'], ['Cr rising', 'kidneys getting worse']),
    ...banded(urea, random, coarse(urea), [25], [50, 'BUN up, #'], [REST, 'BUN #, uraemic', 'BUN very high, #']),
    ...banded(potassium, random, potassium.toFixed(1), [3.3, 'K low #, replaced', 'hypokalaemic'], [5.3], [REST, 'K high #', 'hyperkalaemia, K #']),
  ];
}

// biome-ignore format: one band a line reads best
export function metabolic(bedside: Bedside): string[] {
  const { course, now, random } = bedside;
  const lactate = course.last('lactate', now, LAB_HOURS / 2);
  const ph = course.last('ph', now, LAB_HOURS / 2);
  const base = course.last('hco3', now, LAB_HOURS);
  const glucose = course.last('glucose', now, LAB_HOURS / 2);
  return [
    ...banded(lactate, random, about(lactate, random),
      [2, 'lactate normal', 'lact #, no concern', 'lactate clear'],
      [4, 'lactate up, #', 'lact #, watch'],
      [REST, 'lactate #, shock', 'lactic acidosis, lact #', 'lactate very high, #']),
    ...trend(course.change('lactate'), 0.8, random, ['lactate clearing', 'lact coming down'], ['lactate rising', 'lact going up']),
    ...banded(ph, random, ph.toFixed(2),
      [7.2, 'severe acidosis, pH #', 'pH #, very acidotic'],
      [7.33, 'acidotic, pH #', 'pH # low'],
      [7.48, 'gas ok', 'pH normal', 'no acidosis'],
      [REST, 'alkalotic, pH #']),
    ...banded(base, random, coarse(base), [16, 'bicarb #, metabolic acidosis'], [21, 'bicarb low, #'], [REST]),
    ...banded(glucose, random, coarse(glucose), [60, 'hypoglycaemic, D50 given'], [200], [REST, 'glucose #, insulin gtt', 'BS high #']),
  ];
}

// biome-ignore format: one band a line reads best
export function infection(bedside: Bedside): string[] {
  const { course, now, random } = bedside;
  const temperature = course.last('temperature', now, VITAL_HOURS);
  const white = course.last('wbc', now, LAB_HOURS);
  return [
    ...banded(temperature, random, temperature.toFixed(1),
      [35.5, 'hypothermic, T #', 'cold, T #, bair hugger on'],
      [38, 'afebrile', 'no fever', 'T #'],
      [38.6, 'low grade temp #', 'T #, cultures sent'],
      [REST, 'febrile, T #', 'spiking, T #, pan-cultured']),
    ...banded(white, random, about(white, random),
      [3.5, 'WCC low, #', 'leukopenic'],
      [12, 'WCC normal'],
      [20, 'WCC #', 'leukocytosis #, on abx'],
      [REST, 'WCC #, ? septic', 'marked leukocytosis #']),
  ];
}

// biome-ignore format: one band a line reads best
export function blood(bedside: Bedside): string[] {
  const { course, now, random } = bedside;
  const platelets = course.last('platelets', now, LAB_HOURS);
  const hematocrit = course.last('hematocrit', now, LAB_HOURS);
  const bilirubin = course.last('bilirubin', now, LAB_HOURS);
  const troponin = Math.max(course.last('troponinT', now, LAB_HOURS) * 10 || 0, course.last('troponinI', now, LAB_HOURS) || 0);
  const albumin = course.last('albumin', now, LAB_HOURS * 2);
  return [
    ...banded(platelets, random, told(platelets, random), [50, 'plt #, very low', 'severe thrombocytopenia'], [120, 'plt low #', 'thrombocytopenic'], [REST]),
    ...banded(hematocrit, random, `${Math.round(hematocrit)}`, [24, 'Hct #, transfuse', 'anaemic, Hct #, ? bleeding'], [30, 'Hct #'], [REST, 'Hct stable #', 'no bleeding']),
    ...trend(course.change('hematocrit'), 5, random, ['Hct dropping, ? bleed'], ['Hct up after PRBC']),
    ...banded(bilirubin, random, about(bilirubin, random), [2], [6, 'bili #, jaundiced'], [REST, 'liver failure, bili #', 'deeply jaundiced, bili #']),
    ...(troponin > 2 ? [random.pick(['trop positive, ? NSTEMI', 'troponin raised'])] : []),
    ...banded(albumin, random, albumin.toFixed(1), [2.5, 'albumin low, #'], [REST]),
  ];
}

/** Of ten vital signs that could be noted, how many are. */
const NOTED_OF_TEN = 9;

/**
 * The vital signs as charted last, one a sentence, as notes list them. Which way each is put, and which is left out, follows
 * from the time of writing and draws no random number, so that a simulated course does not depend on its notes.
 */
export function vitalSigns(bedside: Bedside): string[] {
  const { course, now } = bedside;
  const minute = Math.floor(now / MINUTE_MS);
  const last = (id: string, hours = VITAL_HOURS) => course.last(id, now, hours);
  const cuff = Number.isNaN(last('sbpInvasive'));
  const pressure = ['sbp', 'dbp', 'map'].map((id) => last(`${id}${cuff ? 'Cuff' : 'Invasive'}`).toFixed(0));
  const tube = isVentilated(bedside) ? 'T' : '';
  const put = (values: (number | string)[], phrases: string[], place: number): string[] => {
    if (values.some((value) => Number.isNaN(Number.parseFloat(`${value}`)))) return [];
    if ((minute + 3 * place) % 10 >= NOTED_OF_TEN) return [];
    return [
      values.reduce<string>(
        (text, value) => text.replace('#', `${value}`),
        phrases[(minute + place) % phrases.length],
      ),
    ];
  };
  return [
    ...put([last('gcs', VITAL_HOURS + 2) + tube], ['GCS #', 'GCS now #', 'neuro: GCS #'], 0),
    ...put([last('temperature').toFixed(1)], ['T #', 'temp #', 'temp now #'], 1),
    ...put([last('heartRate').toFixed(0)], ['HR #', 'P #', 'pulse #'], 2),
    ...put([pressure[2]], ['MAP #', 'MAP now #', 'mean BP #'], 3),
    ...put([pressure[0], pressure[1]], ['BP #/#', `${cuff ? 'NBP' : 'ABP'} #/#`], 4),
    ...put([last('respRate').toFixed(0)], ['RR #', 'resps #'], 5),
    ...put([last('spo2').toFixed(0)], ['SpO2 #%', 'sats #%'], 6),
    ...put([Math.round(last('fio2', VITAL_HOURS + 2) * 100)], ['FiO2 #%', 'on # % O2'], 7),
    ...put([last('urine').toFixed(0)], ['UO last # ml', 'urine # ml'], 8),
  ];
}

/** What staff worry about, of the values they have: [hypotension, hypoxia, coma, oliguria, acidosis, sepsis]. */
export function worries(bedside: Bedside): string[] {
  const { course, now } = bedside;
  const found: string[] = [];
  const [map] = meanPressure(bedside);
  const voided = course.recent('urine', now, VITAL_HOURS);
  const ratio = course.last('pao2', now, 12) / course.last('fio2', now, 8);
  if (map < 65) found.push('hypotension');
  if (ratio < 200 || course.last('spo2', now, VITAL_HOURS) < 90) found.push('hypoxia');
  if (course.last('gcs', now, 8) < 9) found.push('low GCS');
  if (voided.length > 2 && voided.reduce((sum, each) => sum + each, 0) < 30 * VITAL_HOURS)
    found.push('oliguria');
  if (course.last('lactate', now, 12) > 4 || course.last('ph', now, 12) < 7.25) found.push('acidosis');
  if (course.last('temperature', now, VITAL_HOURS) > 38.5) found.push('fever');
  if (course.last('heartRate', now, VITAL_HOURS) > 125) found.push('tachycardia');
  return found;
}

const REMEDY: Record<string, readonly string[]> = {
  hypotension: ['pressors to MAP >65', '500ml bolus', 'echo'],
  hypoxia: ['CXR and ABG', 'incr PEEP', 'diuresis if tolerated'],
  'low GCS': ['CT head', 'neuro checks q1h'],
  oliguria: ['check bladder scan', 'renal consult'],
  acidosis: ['rpt lactate 2h', 'bicarb if worse'],
  fever: ['BCx x2, broaden abx', 'paracetamol'],
  tachycardia: ['rate control', '12 lead ECG'],
};

// biome-ignore format: one band a line reads best
export function impression(bedside: Bedside): string[] {
  const { random } = bedside;
  const found = worries(bedside);
  const summary = banded(found.length, random, found.join(', '),
    [1, 'Imp: stable, no new concerns', 'Imp: doing well', 'Imp: improving', 'Imp: no acute issues'],
    [2, 'Imp: #, otherwise stable', 'Imp: main issue #', 'Imp: #, watch closely'],
    [3, 'Imp: sick, #', 'Imp: unwell with #'],
    [REST, 'Imp: critically ill, multi-organ failure', 'Imp: very sick, family meeting', 'Imp: deteriorating, poor prognosis']);
  const steps = found.slice(0, 2).map((each) => random.pick(REMEDY[each]));
  return [...summary, ...(steps.length > 0 ? steps : [random.pick(['cont current mx', 'mobilise', 'routine bloods am', 'consider stepdown'])])];
}

const CARE = [
  'pt turned, skin intact',
  'family updated',
  'lines clean',
  'mouth care given',
  'settled',
  'denies pain',
  'no complaints',
];

/** A remark that says nothing of the patient's state. */
export function filler({ random }: Bedside): string[] {
  return random.chance(0.5) ? [random.pick(CARE)] : [];
}
