/**
 * The state of a patient now: facts with published criteria, a duration and hysteresis, told from trusted values alone. No
 * model has a part in it. Sources:
 * [SSC] Evans et al., Surviving Sepsis Campaign 2021, Critical Care Medicine 2021;49:e1063-e1143.
 * [MET] Hillman et al. (MERIT), Lancet 2005;365:2091-2097, calling criteria of the medical emergency team.
 * [NEWS2] Royal College of Physicians, NEWS2, London 2017: three points.
 * [K] Kost, "Critical limits for urgent clinician notification at US medical centers", JAMA 1990;263:704-707, means.
 * [B] The ARDS Definition Task Force (Berlin), JAMA 2012;307:2526-2533.
 * [R] Rice et al., "Comparison of the SpO2/FIO2 ratio and the PaO2/FIO2 ratio", Chest 2007;132:410-417.
 * [O] O'Driscoll et al., BTS guideline for oxygen use, Thorax 2017;72:ii1-ii90.
 * [W] Walsh et al., Anesthesiology 2013;119:507-515: harm begins below a mean pressure of 55 mmHg.
 * [T] Teasdale and Jennett, Lancet 1974;304:81-84: the Glasgow Coma Scale. American College of Surgeons, ATLS, 10th edition, 2018: 8 or less
 * is coma, or a severe injury of the brain.
 * [V] Vergouwen et al., Stroke 2010;41:2391-2395: two points of the Glasgow Coma Scale for an hour.
 * [H] Bouchama and Knochel, "Heat stroke", NEJM 2002;346:1978-1988. [C] Lott et al., ERC guidelines 2021, Resuscitation 161:152-219.
 * [S] Soar et al., ERC guidelines 2021, advanced life support, Resuscitation 161:115-151: a pause of more than 3 s may come before asystole. At 20
 * beats a minute every one is as long.
 * [Y] Hyland et al. (circEWS), Nature Medicine 2020;26:364-373: a vasopressor or inotrope, whatever its dose.
 */
import { HOUR_MS, MINUTE_MS } from '../durations.js';
import { DRUGS, type DrugId } from './drugs.js';
import { type Reading, SIGNS, type SignId } from './signs.js';
import { VARIABLES } from './variables.js';

/** critical: somebody has to come now. failing: an organ fails; shown, and alarmed once. */
export const GRADES = ['critical', 'failing'] as const;
export type Grade = (typeof GRADES)[number];

export interface Criterion {
  readonly id: string;
  /** Words for a clinician. */
  readonly label: string;
  readonly sign: SignId;
  readonly grade: Grade;
  readonly direction: 'low' | 'high';
  /** At or beyond it the criterion is met. In the sign's unit. */
  readonly limit: number;
  /** At or beyond it, back the other way, the state ends: hysteresis. */
  readonly endLimit: number;
  /** How long it must be met to begin, and no more be met to end. */
  readonly lastsMs: number;
  readonly source: string;
}

/** Two values that span ten minutes, or one that stands unreplaced for ten. */
const SUSTAINED_MS = 10 * MINUTE_MS;
/** A heart that nearly stands waits for nobody; a minute keeps out a pause that passes. Ours. */
const NEAR_ARREST_MS = MINUTE_MS;
/** A laboratory has checked a result before it reports it. */
const AT_ONCE_MS = 0;
/**
 * What is about to begin is taken back by values beyond the end limit that stand so long: a cough or a moved probe is shorter, and of a
 * value a minute two say so. Ours. Of what begins sooner than after ten minutes, the same share of its time.
 */
const TAKEN_BACK_MS = 2 * MINUTE_MS;
const TAKEN_BACK_SHARE = TAKEN_BACK_MS / SUSTAINED_MS;
/** Sedation and sleep pass sooner; see [V]. */
const LASTING_MS = HOUR_MS;
/** So long an infusion counts as running after it was charted last. Ours: rates are charted hourly, and at least once a shift. */
export const UNCHARTED_MS = 12 * HOUR_MS;

type Row = readonly [
  id: string,
  label: string,
  sign: SignId,
  grade: Grade,
  direction: 'low' | 'high',
  limit: number,
  endLimit: number,
  lastsMs: number,
  source: string,
];

// biome-ignore format: one row a criterion reads best
const ROWS: readonly Row[] = [
  ['hypotension-severe', 'Very low mean pressure', 'map', 'critical', 'low', 55, 62, SUSTAINED_MS, '[W]'],
  ['hypotension', 'Low mean pressure', 'map', 'failing', 'low', 65, 70, SUSTAINED_MS, '[SSC] target'],
  ['systolic-low', 'Very low systolic pressure', 'sbp', 'critical', 'low', 75, 90, SUSTAINED_MS, 'below the 90 of [MET], which many reach in intensive care'],
  ['systolic-high', 'Very high systolic pressure', 'sbp', 'critical', 'high', 220, 200, SUSTAINED_MS, '[NEWS2]'],
  ['bradycardia-extreme', 'Extremely slow heart rate', 'heartRate', 'critical', 'low', 20, 30, NEAR_ARREST_MS, '[S]'],
  ['bradycardia', 'Very slow heart rate', 'heartRate', 'critical', 'low', 40, 45, SUSTAINED_MS, '[MET], [NEWS2]'],
  ['tachycardia', 'Very fast heart rate', 'heartRate', 'critical', 'high', 140, 130, SUSTAINED_MS, '[MET]'],
  ['bradypnoea', 'Very slow breathing', 'respRate', 'critical', 'low', 6, 9, SUSTAINED_MS, '[MET]'],
  ['tachypnoea', 'Very fast breathing', 'respRate', 'critical', 'high', 36, 32, SUSTAINED_MS, '[MET]'],
  ['desaturation-severe', 'Very low oxygen saturation', 'spo2', 'critical', 'low', 85, 88, SUSTAINED_MS, '[O]'],
  ['desaturation', 'Low oxygen saturation', 'spo2', 'failing', 'low', 89, 91, SUSTAINED_MS, '[MET]'],
  ['hypoxaemia-severe', 'Severe respiratory failure', 'oxygenation', 'critical', 'low', 80, 100, SUSTAINED_MS, 'below the 100 of [B] severe'],
  ['hypoxaemia', 'Respiratory failure', 'oxygenation', 'failing', 'low', 200, 230, SUSTAINED_MS, '[B] moderate; by SpO2 [R]'],
  ['hypothermia', 'Very low temperature', 'temperature', 'critical', 'low', 32, 33, SUSTAINED_MS, '[C] moderate'],
  ['hyperthermia', 'Very high temperature', 'temperature', 'critical', 'high', 40.5, 39.5, SUSTAINED_MS, 'above the 40 of [H]'],
  ['coma', 'Coma', 'gcs', 'critical', 'low', 8, 10, SUSTAINED_MS, '[T]; not while ventilated'],
  ['consciousness-fall', 'Falling consciousness', 'gcsFall', 'failing', 'high', 2, 1, LASTING_MS, '[V], from the best of 24 h; not while ventilated'],
  ['lactate-high', 'Very high lactate', 'lactate', 'critical', 'high', 4, 3, AT_ONCE_MS, '[SSC]'],
  ['potassium-low', 'Very low potassium', 'potassium', 'critical', 'low', 2.8, 3.1, AT_ONCE_MS, '[K]'],
  ['potassium-high', 'Very high potassium', 'potassium', 'critical', 'high', 6.2, 5.8, AT_ONCE_MS, '[K]'],
  ['sodium-low', 'Very low sodium', 'sodium', 'critical', 'low', 120, 124, AT_ONCE_MS, '[K]'],
  ['sodium-high', 'Very high sodium', 'sodium', 'critical', 'high', 158, 154, AT_ONCE_MS, '[K]'],
  ['calcium-low', 'Very low ionised calcium', 'calciumIonised', 'critical', 'low', 0.82, 0.95, AT_ONCE_MS, '[K]'],
  ['calcium-high', 'Very high ionised calcium', 'calciumIonised', 'critical', 'high', 1.55, 1.45, AT_ONCE_MS, '[K]'],
  ['glucose-low', 'Very low glucose', 'glucose', 'critical', 'low', 46, 65, AT_ONCE_MS, '[K]'],
  ['glucose-high', 'Very high glucose', 'glucose', 'critical', 'high', 484, 400, AT_ONCE_MS, '[K]'],
  ['acidosis', 'Severe acidosis', 'ph', 'critical', 'low', 7.21, 7.26, AT_ONCE_MS, '[K]'],
  ['alkalosis', 'Severe alkalosis', 'ph', 'critical', 'high', 7.59, 7.54, AT_ONCE_MS, '[K]'],
  ['anaemia', 'Very low haemoglobin', 'hemoglobin', 'critical', 'low', 6.6, 7.2, AT_ONCE_MS, '[K]'],
  ['vasopressor', 'Vasopressor or inotrope running', 'vasopressors', 'failing', 'high', 1, 0, SUSTAINED_MS, '[Y]; ten minutes bridge a change of syringe'],
  ['vasopressor-unknown', 'Unknown whether a vasopressor still runs', 'vasopressorsUncharted', 'failing', 'high', 1, 0, UNCHARTED_MS, 'ours: neither charted nor stopped'],
];

/** All criteria; of one sign and direction the graver comes first. */
export const CRITERIA: readonly Criterion[] = ROWS.map(
  ([id, label, sign, grade, direction, limit, endLimit, lastsMs, source]) => ({
    id,
    label,
    sign,
    grade,
    direction,
    limit,
    endLimit,
    lastsMs,
    source,
  }),
);

/** Where a criterion stands: `pending` and `ending` wait for their duration. */
export type Phase = 'absent' | 'pending' | 'present' | 'ending';

/** One criterion of one patient, as plain data. */
export interface Episode {
  phase: Phase;
  /** When the first value that meets the criterion was observed; NaN: none. */
  since: number;
  /** Since when values stand that end it, or, while it waits to begin, that take it back; NaN: none. */
  until: number;
  /** When the newest value that meets the criterion was observed; NaN: none. */
  metAt: number;
  /** When the newest value that was judged was observed. */
  readAt: number;
  /** That value; NaN: none. */
  value: number;
  /** The variable it came from, or a drug: see `variableOfDrug`; -1: none. */
  variable: number;
  /** A state that is there is told up to then, since later nobody knows; absent: for as long as no value speaks against it. */
  standsTo?: number;
}

/** Drugs have numbers behind those that variables may ever have. */
const FIRST_DRUG = 1000;

/** What stands for a drug where a variable is expected. */
export function variableOfDrug(id: DrugId): number {
  return FIRST_DRUG + DRUGS.findIndex((drug) => drug.id === id);
}

/** The id of what an episode comes from: a variable or a drug. */
export function sourceIdOf(variable: number): string {
  return variable < FIRST_DRUG ? VARIABLES[variable].id : DRUGS[variable - FIRST_DRUG].id;
}

export function noEpisode(): Episode {
  const none = { value: Number.NaN, variable: -1 };
  const never = { since: Number.NaN, until: Number.NaN, metAt: Number.NaN, readAt: Number.NEGATIVE_INFINITY };
  return { phase: 'absent', ...never, ...none };
}

/** A state that has begun or ended, at the moment at which that was sure. */
export interface StateChange {
  readonly kind: 'began' | 'ended';
  readonly at: number;
}

/** When time alone changes an episode next after `after`; infinite where it does not. */
export function dueAt(
  { phase, since, until, metAt, readAt, standsTo = Number.POSITIVE_INFINITY }: Episode,
  { lastsMs }: Criterion,
  after = Number.NEGATIVE_INFINITY,
): number {
  if (phase === 'ending') return until + lastsMs;
  if (phase === 'pending') {
    // Time alone makes nothing of a value that was replaced by one that does not meet the criterion.
    const begins = metAt < readAt ? Number.POSITIVE_INFINITY : Math.max(since + lastsMs, readAt);
    if (begins > after) return begins;
  }
  return phase === 'absent' ? Number.POSITIVE_INFINITY : standsTo;
}

/** Whether the state is there at `now`, if nothing more has come by then. */
export function isPresentAt(episode: Episode, criterion: Criterion, now: number): boolean {
  const { phase, standsTo } = episode;
  if (phase === 'absent') return false;
  const isDue = dueAt(episode, criterion) <= now;
  if (phase === 'ending') return !isDue;
  return (phase === 'present' || isDue) && !isSilent(standsTo, now);
}

function isSilent(standsTo: number | undefined, now: number): boolean {
  return standsTo !== undefined && standsTo <= now;
}

/** What time alone has changed first of an episode up to `now`. */
export function settle(episode: Episode, criterion: Criterion, now: number): StateChange | null {
  const due = dueAt(episode, criterion);
  if (due > now) return null;
  if (episode.phase === 'pending') {
    episode.phase = 'present';
    return { kind: 'began', at: due };
  }
  forget(episode);
  delete episode.standsTo;
  return { kind: 'ended', at: due };
}

function forget(episode: Episode): void {
  episode.phase = 'absent';
  episode.since = Number.NaN;
  episode.until = Number.NaN;
  episode.metAt = Number.NaN;
}

/** Whether a reading is at or beyond the limit of a criterion. */
export function meets({ value, isExcused }: Reading, { direction, limit }: Criterion): boolean {
  return isExcused !== true && (direction === 'low' ? value <= limit : value >= limit);
}

const PRESSURES: readonly SignId[] = ['map', 'sbp'];

/** Whether a value of a variable is a pressure at or beyond the limit of a critical state. */
export function isCriticalPressure(variable: number, value: number): boolean {
  return CRITERIA.some((criterion) => {
    const { sign, grade } = criterion;
    const isOfIt =
      grade === 'critical' && PRESSURES.includes(sign) && SIGNS[sign].variables.includes(variable);
    return isOfIt && meets({ value, at: 0, variable }, criterion);
  });
}

/**
 * Judges a value that is newer than those before; one that is not changes nothing. Call `settle` for its time first: a value
 * to the contrary comes too late for what was sure by then.
 */
export function judge(episode: Episode, criterion: Criterion, reading: Reading): void {
  if (reading.at <= episode.readAt) return;
  episode.readAt = reading.at;
  episode.value = reading.value;
  episode.variable = reading.variable;
  const { direction, endLimit } = criterion;
  const isMet = meets(reading, criterion);
  const isBack = direction === 'low' ? reading.value >= endLimit : reading.value <= endLimit;
  const isOver = isBack || reading.isExcused === true;
  if (episode.phase === 'pending' && isTakenBack(episode, criterion, reading.at)) forget(episode);
  if (isMet) episode.metAt = reading.at;
  switch (episode.phase) {
    case 'absent':
      if (!isMet) return;
      episode.phase = 'pending';
      episode.since = reading.at;
      return;
    case 'pending':
      if (!isOver) episode.until = Number.NaN;
      else if (Number.isNaN(episode.until)) episode.until = reading.at;
      return;
    case 'present':
      if (!isOver) return;
      episode.phase = 'ending';
      episode.until = reading.at;
      return;
    case 'ending':
      if (isOver) return;
      episode.phase = 'present';
      episode.until = Number.NaN;
  }
}

/**
 * Whether what waits to begin is void by `now`: values beyond the end limit have stood long enough, or none has met the criterion for as
 * long as it must last.
 */
function isTakenBack({ until, metAt }: Episode, { lastsMs }: Criterion, now: number): boolean {
  return now - until >= Math.min(TAKEN_BACK_MS, TAKEN_BACK_SHARE * lastsMs) || now - metAt > lastsMs;
}

/** An episode that is not over, with the criterion it is of: what is needed to go on with it by time alone. */
export interface ActiveEpisode extends Episode {
  readonly criterion: Criterion;
}

/** A state that is there, as it is told. */
export interface PresentState {
  /** Id of the criterion. */
  readonly criterion: string;
  readonly label: string;
  readonly grade: Grade;
  readonly sign: SignId;
  /** The sign's newest value, in `unit`. */
  readonly value: number;
  readonly unit: string;
  /** When the first value that meets the criterion was observed. */
  readonly since: number;
  /** When `value` was observed. */
  readonly at: number;
  /** Id of the variable that says so, or of the drug. */
  readonly variable: string;
}

const NONE: readonly PresentState[] = [];

/** Which states are there at `now`. */
export function presentAt(episodes: readonly ActiveEpisode[], now: number): readonly PresentState[] {
  if (episodes.length === 0) return NONE;
  return episodes.filter((episode) => isPresentAt(episode, episode.criterion, now)).map(presentState);
}

/** How an episode is told whose state is there. */
export function presentState(episode: ActiveEpisode): PresentState {
  const { criterion, value, since, readAt: at, variable } = episode;
  const { id, label, grade, sign } = criterion;
  const { unit } = SIGNS[sign];
  return { criterion: id, label, grade, sign, value, unit, since, at, variable: sourceIdOf(variable) };
}
