import type { AdtMessage } from '../events/messages.js';
import type { Chart } from './chart.js';
import type { Random } from './random.js';

export type NoteKind = 'admission' | 'nursing' | 'progress' | 'event';

const SEX = { FEMALE: 'F', MALE: 'M', OTHER: '' } as const;
const UNIT = {
  CORONARY_CARE: 'CCU',
  CARDIAC_SURGERY: 'CSRU, post op',
  MEDICAL: 'MICU',
  SURGICAL: 'SICU',
  OTHER: 'ICU',
} as const;

/** A note in clinicians' shorthand. Every number in it was sent before: it reads the chart, never the body. */
export function writeNote(kind: NoteKind, patient: AdtMessage, chart: Chart, random: Random): string {
  switch (kind) {
    case 'admission':
      return `Adm note. ${who(patient)}, to ${UNIT[patient.unitType ?? 'OTHER']}. O/E: ${values(chart)}. ${plan(chart, random)}`;
    case 'nursing':
      return `N: ${[neuro(chart), cardiovascular(chart), respiratory(chart), renal(chart)].filter(Boolean).join('. ')}. ${random.pick(CARE)}.`;
    case 'progress':
      return `Progress: ${who(patient)}. ${values(chart)}. ${laboratory(chart)}Imp: ${impression(chart)}. ${plan(chart, random)}`;
    case 'event':
      return `ATSP re ${concerns(chart).join(', ')}. ${values(chart)}. ${impression(chart)}. ${plan(chart, random)}`;
  }
}

/** What staff worry about, of the values they have. */
export function concerns(chart: Chart): string[] {
  const found: string[] = [];
  const check = (id: string, isBad: (value: number) => boolean, words: string) => {
    if (isBad(chart.get(id))) found.push(words);
  };
  check('mapInvasive', (value) => value < 65, 'hypotension');
  check('heartRate', (value) => value > 110, 'tachycardia');
  check('spo2', (value) => value < 91, 'desats');
  check('respRate', (value) => value > 26, 'tachypnoea');
  check('temperature', (value) => value > 38.3, 'fever');
  check('lactate', (value) => value > 2.5, 'lactate up');
  const isSedated = chart.get('mechVent') === 1;
  check('gcs', (value) => value < 13 && !isSedated, 'drowsy');
  check('hematocrit', (value) => value < 23, 'falling Hct');
  return found;
}

const CARE = [
  'Pt turned, skin intact',
  'Family updated',
  'Lines clean, no ooze',
  'Mouth care given',
  'Settled',
];

function who({ ageYears, sex }: AdtMessage): string {
  return `${ageYears}${SEX[sex ?? 'OTHER']}`;
}

function values(chart: Chart): string {
  const shown: [string, string, string][] = [
    ['HR', 'heartRate', ''],
    ['MAP', 'mapInvasive', ''],
    ['RR', 'respRate', ''],
    ['SpO2', 'spo2', '%'],
    ['T', 'temperature', ''],
    ['GCS', 'gcs', ''],
  ];
  return shown
    .filter(([, id]) => chart.has(id))
    .map(([label, id, unit]) => `${label} ${chart.text(id)}${unit}`)
    .join(', ');
}

function laboratory(chart: Chart): string {
  const shown: [string, string][] = [
    ['lact', 'lactate'],
    ['pH', 'ph'],
    ['Cr', 'creatinine'],
    ['WCC', 'wbc'],
    ['Plt', 'platelets'],
    ['Hct', 'hematocrit'],
  ];
  const parts = shown.filter(([, id]) => chart.has(id)).map(([label, id]) => `${label} ${chart.text(id)}`);
  return parts.length === 0 ? '' : `Bloods: ${parts.join(', ')}. `;
}

function neuro(chart: Chart): string {
  if (!chart.has('gcs')) return '';
  if (chart.get('mechVent') === 1) return `sedated, GCS ${chart.text('gcs')}T`;
  return chart.get('gcs') >= 15 ? 'A&O x3' : `GCS ${chart.text('gcs')}, more drowsy`;
}

function cardiovascular(chart: Chart): string {
  if (!chart.has('heartRate')) return 'ECG trace poor';
  const rhythm = `${chart.get('heartRate') > 100 ? 'ST' : 'SR'} ${chart.text('heartRate')}`;
  if (!chart.has('mapInvasive')) return rhythm;
  return `${rhythm}, MAP ${chart.text('mapInvasive')}${chart.get('mapInvasive') < 65 ? ', hypotensive, pressors up' : ''}`;
}

function respiratory(chart: Chart): string {
  if (!chart.has('spo2')) return '';
  const support = chart.get('mechVent') === 1 ? 'vented' : 'SV';
  const oxygen = chart.has('fio2') ? `, FiO2 ${chart.text('fio2')}` : '';
  const work = chart.get('respRate') > 26 ? ', incr WOB' : ', chest clear';
  return `${support}, SpO2 ${chart.text('spo2')}%${oxygen}${work}`;
}

function renal(chart: Chart): string {
  if (!chart.has('urine')) return '';
  return `UO ${chart.text('urine')} ml/h${chart.get('urine') < 30 ? ', oliguric, MD aware' : ''}`;
}

function impression(chart: Chart): string {
  const is = new Set(concerns(chart));
  if (is.size === 0) return 'stable, no new concerns';
  if (is.has('falling Hct')) return '? bleeding, unstable';
  if (is.has('fever') && (is.has('hypotension') || is.has('lactate up'))) return '? septic shock';
  if (is.has('desats') || is.has('tachypnoea')) return 'resp distress, ? pneumonia/ARDS';
  return is.has('hypotension') ? 'shock, ? cause' : `${[...is].join(', ')}, watch`;
}

function plan(chart: Chart, random: Random): string {
  const is = new Set(concerns(chart));
  const steps: string[] = [];
  if (is.has('falling Hct')) steps.push('x-match 4u, repeat Hct');
  if (is.has('fever')) steps.push('BCx x2, abx');
  if (is.has('hypotension')) steps.push('500ml bolus, NA if MAP<65');
  if (is.has('desats') || is.has('tachypnoea')) steps.push('CXR, ABG, incr O2');
  if (is.has('lactate up')) steps.push('rpt lactate 2h');
  if (steps.length === 0)
    steps.push(random.pick(['cont current mx', 'mobilise', 'wean O2', 'routine bloods am']));
  return `P: ${steps.join('; ')}.`;
}
