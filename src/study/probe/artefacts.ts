/**
 * What a monitor, a line, a probe or an interface sends instead of what the patient has. The shapes are ours, after what senders do
 * (docs/trust.md) and what an arterial line shows: fast flush and damping as in Gardner, Anesthesiology 1981;54:227-236.
 */
import { hasLabs, type Monitored, NEXT_LABS_AFTER, type Values } from './monitor.js';

export interface Artefact {
  readonly kind: string;
  /** Words for a clinician. */
  readonly label: string;
  readonly group: 'artefact' | 'unit mistake';
  /** How long it lasts. */
  readonly minutes: number;
  /** What is sent over, or beside, what the patient has, at a minute since it began. */
  readonly sent: (minute: number, patient: Seen) => Values;
}

/** What an artefact is made from. */
interface Seen {
  /** What the monitor would show. */
  readonly truth: Values;
  /** What it would show of somebody else: an ill one beside one who is well, and the other way round. */
  readonly other: Values;
  readonly labs: Values;
  readonly isIll: boolean;
  /** When it began, by the truth of that minute. */
  readonly first: Values;
}

const PRESSURES = ['sbpInvasive', 'dbpInvasive', 'mapInvasive'] as const;
const line = (sbpInvasive: number, dbpInvasive: number, mapInvasive: number): Values => ({
  sbpInvasive,
  dbpInvasive,
  mapInvasive,
});

type Row = readonly [kind: string, minutes: number, label: string, sent: Artefact['sent']];

const ARTEFACT_ROWS: readonly Row[] = [
  ['zero-spo2', 10, 'SpO2 0: the probe is off', () => ({ spo2: 0 })],
  ['zero-line', 10, 'Pressures 0: the line is open to air', () => line(0, 0, 0)],
  ['zero-respiration', 5, 'Respiratory rate 0: the lead is off', () => ({ respRate: 0 })],
  ['ecg-off', 5, 'Heart rate 0 with pressure and saturation as before', () => ({ heartRate: 0 })],
  ['probe-off-minus-100', 10, 'SpO2 and pressures −100', () => ({ spo2: -100, ...line(-100, -100, -100) })],
  ['probe-off-127', 10, 'SpO2 and respiratory rate 127', () => ({ spo2: 127, respRate: 127 })],
  ['line-flush', 2, 'The line is flushed: all pressures 300', () => line(300, 298, 299)],
  [
    'square-wave',
    2,
    'Square wave test of the line',
    (minute, { truth }) => (minute === 0 ? line(295, truth.dbpInvasive, 214) : line(292, 24, 171)),
  ],
  [
    'damping',
    20,
    'The line is damped: the pulse pressure is gone, the mean kept',
    (_, { truth }) => line(truth.mapInvasive + 4, truth.mapInvasive - 3, truth.mapInvasive),
  ],
  [
    'blood-sample',
    2,
    'Blood is drawn from the line: one flat pressure',
    (_, { isIll }) => (isIll ? line(96, 94, 95) : line(24, 22, 23)),
  ],
  [
    'contradicting-cuff',
    10,
    'The transducer hangs at another height; a cuff says what is true',
    (minute, { truth, isIll }) => {
      const moved = isIll ? 40 : -42;
      const off = PRESSURES.map((id) => [id, truth[id] + moved]);
      const cuff = { mapCuff: truth.mapInvasive, sbpCuff: truth.sbpInvasive, dbpCuff: truth.dbpInvasive };
      return { ...Object.fromEntries(off), ...(minute % 3 === 0 ? cuff : {}) };
    },
  ],
  [
    'cuff-on-the-arm-of-the-line',
    1,
    'A cuff is blown up on the arm of the line',
    (_, { truth }) => ({
      ...line(28, 25, 26),
      mapCuff: truth.mapInvasive,
      sbpCuff: truth.sbpInvasive,
      dbpCuff: truth.dbpInvasive,
    }),
  ],
  [
    'jump-heart-rate',
    1,
    'One heart rate that no body can jump to',
    (_, { isIll }) => ({ heartRate: isIll ? 41 : 244 }),
  ],
  [
    'jump-pressure',
    1,
    'One pressure that no body can jump to',
    (_, { isIll }) => (isIll ? line(181, 97, 125) : line(22, 12, 15)),
  ],
  [
    'jump-temperature',
    2,
    'A temperature probe that has slipped out',
    (_, { isIll }) => ({ temperature: isIll ? 32.4 : 30.2 }),
  ],
  [
    'stuck',
    120,
    'A line that shows the same pressures for hours',
    (_, { first }) => line(first.sbpInvasive, first.dbpInvasive, first.mapInvasive),
  ],
  [
    'swapped',
    10,
    'Heart rate and respiratory rate swapped',
    (_, { truth }) => ({ heartRate: truth.respRate, respRate: truth.heartRate }),
  ],
  [
    'swapped-pressures',
    10,
    'Systolic and diastolic pressure swapped',
    (_, { truth }) => ({ sbpInvasive: truth.dbpInvasive, dbpInvasive: truth.sbpInvasive }),
  ],
  ['other-patient', 10, 'All signs at once are another patient’s', (_, { other }) => other],
  [
    'motion',
    2,
    'The patient moves: saturation falls, the pulse does not',
    (_, { isIll }) => ({ spo2: isIll ? 97 : 61 }),
  ],
  [
    'physiotherapy',
    3,
    'The chest is shaken: heart rate and respiratory rate of the movement',
    (minute) => ({ heartRate: 212 + minute, respRate: 96 - minute }),
  ],
];

/** What stays as it is until somebody comes, such as a tap that is turned: it is sent for so many minutes as well. */
const LASTING_MINUTES = 20;
const LASTING: readonly string[] = [
  ...['zero-spo2', 'zero-line', 'zero-respiration', 'ecg-off', 'probe-off-minus-100', 'probe-off-127'],
  ...['line-flush', 'blood-sample', 'contradicting-cuff', 'jump-pressure', 'jump-temperature'],
  ...['swapped', 'swapped-pressures'],
];

/** A wrong laboratory value, which stands until the next one. */
function laboratory(id: string, wrong: (value: number) => number): Artefact['sent'] {
  return (minute, { labs }) => (minute === 0 ? { [id]: wrong(labs[id]) } : {});
}
const LAB_MINUTES = NEXT_LABS_AFTER;

const UNIT_ROWS: readonly Row[] = [
  [
    'spo2-fraction',
    10,
    'SpO2 as a fraction, sent as per cent',
    (_, { truth }) => ({ spo2: truth.spo2 / 100 }),
  ],
  [
    'temperature-fahrenheit',
    10,
    'Temperature in °F, sent as °C',
    (_, { truth }) => ({ temperature: round(truth.temperature * 1.8 + 32) }),
  ],
  [
    'temperature-ten-times',
    10,
    'Temperature ten times too big',
    (_, { truth }) => ({ temperature: round(10 * truth.temperature) }),
  ],
  [
    'heart-rate-ten-times',
    10,
    'Heart rate ten times too big',
    (_, { truth }) => ({ heartRate: 10 * truth.heartRate }),
  ],
  [
    'pressure-kpa',
    10,
    'Pressures in kPa, sent as mmHg',
    (_, { truth }) => {
      const [sbp, dbp, map] = PRESSURES.map((id) => round(truth[id] / KPA));
      return line(sbp, dbp, map);
    },
  ],
  [
    'fio2-per-cent',
    LAB_MINUTES,
    'FiO2 in per cent, sent as a fraction',
    laboratory('fio2', (value) => 100 * value),
  ],
  ['pao2-kpa', LAB_MINUTES, 'PaO2 in kPa, sent as mmHg', laboratory('pao2', (value) => round(value / KPA))],
  [
    'potassium-ten-times',
    LAB_MINUTES,
    'Potassium ten times too big',
    laboratory('potassium', (value) => 10 * value),
  ],
  [
    'glucose-mmol',
    LAB_MINUTES,
    'Glucose in mmol/L, sent as mg/dL',
    laboratory('glucose', (value) => round(value / 18.0156)),
  ],
  [
    'creatinine-umol',
    LAB_MINUTES,
    'Creatinine in µmol/L, sent as mg/dL',
    laboratory('creatinine', (value) => round(value * 88.4)),
  ],
  [
    'haemoglobin-g-per-litre',
    LAB_MINUTES,
    'Haemoglobin in g/L, sent as g/dL',
    laboratory('hemoglobin', (value) => 10 * value),
  ],
];

/** mmHg in one kPa. */
const KPA = 7.500_62;

function round(value: number): number {
  return Math.round(10 * value) / 10;
}

const named =
  (group: Artefact['group']) =>
  ([kind, minutes, label, sent]: Row): Artefact => ({ kind, label, group, minutes, sent });

export const ARTEFACTS: readonly Artefact[] = [
  ...ARTEFACT_ROWS.map(named('artefact')),
  ...ARTEFACT_ROWS.filter(([kind]) => LASTING.includes(kind)).map(([kind, , label, sent]) =>
    named('artefact')([`${kind}-lasting`, LASTING_MINUTES, `${label}, for ${LASTING_MINUTES} minutes`, sent]),
  ),
  ...UNIT_ROWS.map(named('unit mistake')),
];

/** What is sent of a patient at a minute, with an artefact that begins at `from`, or without one. */
export function sentAt(
  minute: number,
  patient: Monitored,
  other: Monitored,
  isIll: boolean,
  artefact: Artefact | null,
  from: number,
): Values {
  const truth = patient.at(minute);
  const right = hasLabs(minute) ? { ...truth, ...patient.labs } : truth;
  const since = minute - from;
  if (artefact === null || since < 0 || since >= artefact.minutes) return right;
  const seen = { truth, other: other.at(minute), labs: patient.labs, isIll, first: patient.at(from) };
  return { ...right, ...artefact.sent(since, seen) };
}
