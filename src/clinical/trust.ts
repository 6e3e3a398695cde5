import { MINUTE_MS, SECOND_MS } from '../durations.js';

/**
 * When a value is not taken at its word: verdicts, their reasons, and the numbers of the rules (src/align/trust.ts). docs/trust.md has
 * every rule in words. Sources:
 * [G] Gardner, "Direct blood pressure measurement: dynamic response requirements", Anesthesiology 1981;54:227-236.
 * [S] Sun, Reisner, Mark, "A signal abnormality index for arterial blood pressure waveforms", Computers in Cardiology 2006;33:13-16.
 * [L] Lehman et al., "Methods of blood pressure measurement in the ICU", Critical Care Medicine 2013;41:34-40.
 * [A] Aboukhalil et al., "Reducing false alarm rates for critical arrhythmias", J Biomedical Informatics 2008;41:442-451.
 * [F] Schipke et al., "Static filling pressure in patients during induced ventricular fibrillation", Am J Physiol Heart Circ Physiol
 * 2003;285:H2510-H2515: in 323 arrests the mean fell to 24.2 ± 5.3 mmHg, with a time constant of 2.9 s.
 * [B] Berry et al., "Rules for scoring respiratory events in sleep", J Clinical Sleep Medicine 2012;8:597-619.
 * [P] American Academy of Pediatrics, "Apnea, sudden infant death syndrome, and home monitoring", Pediatrics 2003;111:914-917.
 * Numbers without a source are ours; `npm run -s bench -- trust` measures what they find and what they lose.
 */

/** What becomes of a value: scores, states and the model see only what is `used`. */
export type Verdict = 'used' | 'doubted' | 'artefact';

export interface Reason {
  /** Stable id, in the store, the API and metrics. */
  readonly id: string;
  readonly verdict: Exclude<Verdict, 'used'>;
  /** Words for a clinician, after the name and value of the sign. */
  readonly words: string;
}

// biome-ignore format: one row a reason reads best
const ROWS: readonly (readonly [id: string, verdict: Reason['verdict'], words: string])[] = [
  ['no-reading', 'artefact', 'the device sends 0 for no reading: the probe, cuff or line is off'],
  ['probe-off', 'artefact', 'a number that devices send when a probe is off'],
  ['impossible', 'artefact', 'no patient can have this value'],
  ['unit', 'artefact', 'it fits another unit: per cent, fraction, ten times, or a unit of another country'],
  ['maybe-unit', 'doubted', 'it looks like a value in another unit'],
  ['flush', 'artefact', 'the line is being flushed or is closed: the pressure is high and has no pulse'],
  ['damped', 'doubted', 'the line is damped: the pulse has gone and the mean has stayed'],
  ['inconsistent', 'artefact', 'systolic, mean and diastolic pressure do not fit together'],
  ['jump', 'doubted', 'it changes faster than a body does'],
  ['stuck', 'doubted', 'it has stayed at exactly one value for too long'],
  ['contradicted', 'doubted', 'line and cuff contradict each other'],
  ['other-patient', 'doubted', 'all signs jumped at once: they may be those of another patient'],
  ['swapped', 'doubted', 'two signs have taken each other’s values'],
  ['maybe-arrest', 'doubted', 'it may be an arrest, or the lead or line is off'],
  ['lead-off', 'artefact', 'the ECG is off: another source shows a pulse'],
  ['line-open', 'artefact', 'the line is open or off: another source shows a pulse'],
  ['maybe-apnoea', 'doubted', 'the patient may not breathe, or the breaths are not read'],
  ['other-bed', 'doubted', 'the monitor is at another bed than the patient: it may be another patient’s'],
];

/** By code: a value's code is 0 where it is used, else its place here plus one. */
export const REASONS: readonly Reason[] = ROWS.map(([id, verdict, words]) => ({ id, verdict, words }));
export type ReasonCode = number;
export const USED: ReasonCode = 0;

/** The code of a reason named in the source; throws on a name that does not exist. */
export function reasonCode(id: string): ReasonCode {
  const index = REASONS.findIndex((reason) => reason.id === id);
  if (index < 0) throw new Error(`no reason is called ${id}`);
  return index + 1;
}

/** The reason of a code that is not `USED`. */
export function reasonOf(code: ReasonCode): Reason {
  return REASONS[code - 1];
}

/** A trusted value older than this says nothing of how fast a sign changes. */
export const COMPARABLE_MS = 15 * MINUTE_MS;

/** Pressures in mmHg. */
export const LINE = {
  /** At or above it a mean pressure alone is a flush: the bag is kept at 300 mmHg. A mean above 200 is a flag of [S]. */
  flushMean: 200,
  /** From here on, a pressure without a pulse is a flush or a closed tap. */
  flatMean: 120,
  /** More between systolic and diastolic is no pulse either: a square wave. */
  pulseMost: 180,
  /** Less between systolic and diastolic is no pulse: 20 is a flag of [S]; lower here, since shock narrows it. */
  noPulse: 15,
  /** Damped: the pulse is below it, is at most this share of what it was, and was at least `pulse` mmHg [G]. */
  dampedPulse: 20,
  dampedShare: 0.4,
  /** Below it nothing of a pulse is left: a line that had one within `COMPARABLE_MS` is closed, and its mean is none. */
  flat: 8,
  pulse: 30,
  /** The mean has stayed: within this share of what it was. */
  meanKept: 0.15,
  /** So long the pulse that was is remembered. */
  pulseKnownMs: 60 * MINUTE_MS,
  /** A mean may lie outside systolic and diastolic by so much, as averages of a minute do. */
  slack: 10,
  /** A mean without systolic and diastolic that rises by more within `riseMs` is doubted. Tuned: see bench/trust.mjs. */
  rise: 24,
  /** The same of a line with a pulse that was low: below `low`. */
  riseFromLow: 40,
  low: 65,
  /** A value in kPa is within this share of what it was in mmHg; mmHg in one kPa. */
  unitShare: 0.06,
  kPa: 7.500_62,
  riseMs: 150 * SECOND_MS,
  /** Systolic and diastolic this old tell nothing of the pulse now. */
  pulseFreshMs: 2 * MINUTE_MS,
} as const;

/** An implausible value is doubted where it is so far, as a share of the plausible range, from the one before. */
export const IMPLAUSIBLE_JUMP = 0.6;

/** A new level is believed once it has lasted so long, with values that vary as those of a body do. */
export const PERSISTS_MS = {
  /** The mean pressure of a line that has risen. Tuned, as `LINE.rise` was. */
  rise: 3 * MINUTE_MS,
  saturation: 3 * MINUTE_MS,
  /** What is implausible: a second value. */
  implausible: 30 * SECOND_MS,
  /** A temperature. */
  temperature: 15 * MINUTE_MS,
  /** All signs at once. */
  otherPatient: 10 * MINUTE_MS,
} as const;

/**
 * A sign is back where it is within this of what it was before a greater change, within `withinMs`: then the change was odd, and the
 * value is believed at once. In the signs' units.
 */
export const BACK = {
  withinMs: 15 * MINUTE_MS,
  by: {
    heartRate: 20,
    sbpInvasive: 30,
    dbpInvasive: 20,
    mapInvasive: 20,
    sbpCuff: 30,
    dbpCuff: 20,
    mapCuff: 20,
    respRate: 8,
    temperature: 1,
    spo2: 6,
  },
} as const;

/** A core temperature that comes back towards normal by more (Cel) within `COMPARABLE_MS` is doubted. Cooling devices reach 4 an hour. */
export const TEMPERATURE_JUMP = 1.5;
/** On a monitor that streams, the same away from normal: within so long a core temperature is what it was, and the probe has slipped. */
export const TEMPERATURE_STREAMED_MS = 150 * SECOND_MS;
/** Within it (Cel) a temperature is near normal. */
export const TEMPERATURE_NORMAL = [35, 39] as const;

/** A saturation below `low` that rises by more (%) within `withinMs` is doubted until it has lasted: the finger moved, before or now. */
export const SATURATION_RISE = { low: 90, rise: 10, withinMs: 150 * SECOND_MS } as const;

/** A sign stuck: so many equal values, at most `gapMs` apart, over so long. */
export const STUCK = {
  gapMs: 5 * MINUTE_MS,
  values: 30,
  /** Pressures of a line: a heart that beats moves them. */
  lineMs: 60 * MINUTE_MS,
  /** SpO2 below `spo2Free` %: at the top of its scale it stands still in health. */
  spo2Ms: 4 * 60 * MINUTE_MS,
  spo2Free: 97,
  /** A heart rate, unless it is a multiple of `pacedStep` (/min), as those of pacemakers are. Breaths may be a ventilator's. */
  heartMs: 2 * 60 * MINUTE_MS,
  pacedStep: 5,
  /** All signs of a monitor at once. */
  monitorMs: 30 * MINUTE_MS,
  monitorSigns: 3,
  /** So long even a saturation of `spo2Free` to 99 % moves, beside other signs that stand still. */
  spo2LongMs: 2 * 60 * MINUTE_MS,
} as const;

/** Mean pressures (mmHg) of line and cuff; of both, the means agree best [L]. */
export const SOURCES_OF_PRESSURE = {
  agree: 20,
  contradict: 35,
  /** A line that moved with its pulse kept within this share was moved: the transducer hangs elsewhere. */
  pulseKept: 0.2,
  /** A value of the line this much older than the cuff's is no longer its answer. */
  pairMs: 2 * MINUTE_MS,
  /** Without a further contradiction the line is believed again. */
  lastsMs: 30 * MINUTE_MS,
} as const;

/** Another patient: at least `signs` signs change by these amounts within `withinMs`, and not towards a collapse. */
export const SWAP = {
  signs: 3,
  withinMs: 5 * MINUTE_MS,
  heartRate: 25,
  pressure: 20,
  respRate: 8,
  temperature: 0.8,
  spo2: 4,
} as const;
/**
 * Two signs have changed places: each is within a share, or a number, of what the other was within `COMPARABLE_MS`, and they were apart. Of
 * heart rate and saturation less will do, since both may change so in a crisis.
 */
export const CROSSED = { share: 0.06, least: 3, shareWithSpo2: 0.02, leastWithSpo2: 1, apart: 0.1 } as const;

/** A saturation that is lower by so much (%) than it was is falling [B]. */
export const SATURATION_FALL = 3;

/** So long heart rate and breaths are compared with what they were, once they have changed places. Ours. */
export const SWAPPED_LEADS_MS = 2 * COMPARABLE_MS;

/** The clock of a sender was set back where so many values of a sign come in their order, over so long, and each is of the past. */
export const SET_BACK = { values: 3, ms: 30 * SECOND_MS } as const;

/** What may be an arrest, and what contradicts it. */
export const ARREST = {
  /** Below it (/min) no heart beats. */
  heartRate: 20,
  /** At or above it a heart that had stopped beats again. */
  heartBack: 25,
  /** At or below it (mmHg), without a pulse, a mean pressure is that of a circulation at rest [F]. */
  mean: 30,
  /** A mean without systolic and diastolic at or below it is not believed either. */
  meanAlone: 20,
  /** A pulse on the line: so much between systolic and diastolic, at so much mean (mmHg). */
  pulse: 15,
  pulseMean: 40,
  /** A cuff needs a pulse, and so long to measure. */
  cuffMs: 30 * SECOND_MS,
  /** An oximeter averages over up to so long; a saturation (%) then, and not so much lower, needs a pulse. */
  spo2Ms: 60 * SECOND_MS,
  spo2: 80,
  spo2Fall: 10,
  /** What was seen shows a pulse for so long: cuffs in an ICU cycle at up to 15 minutes. */
  seenMs: 20 * MINUTE_MS,
  /** Two signs are of one event within it. */
  togetherMs: 2 * MINUTE_MS,
} as const;

/** Breaths that are told as none, while the heart beats, for so long: apnoea [P]; what bedside monitors wait before they say so. */
export const APNOEA_MS = 20 * SECOND_MS;
