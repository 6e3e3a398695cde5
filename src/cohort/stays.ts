import type { Demographics, PatientState } from '../align/patient.js';
import { bedsideInputs, MAX_VITAL_AGE_MS } from '../clinical/bedside.js';
import type { Series } from '../clinical/endpoints.js';
import { FailureNow } from '../clinical/failure-now.js';
import { CRITERIA, type Grade } from '../clinical/state.js';
import { USED } from '../clinical/trust.js';
import { VARIABLES, variableIndex } from '../clinical/variables.js';
import type { AlertMessage } from '../contract/messages.js';
import { FORECAST_IDS } from '../contract/outcomes.js';
import { signalOf } from '../contract/signals.js';
import { HOUR_MS } from '../durations.js';
import type { Outputs, Score, Sink } from '../engine/outputs.js';
import type { EpochMs } from '../events/event.js';
import { pack } from './pack.js';

const MAP_LINE = variableIndex('mapInvasive');
const MAP_CUFF = variableIndex('mapCuff');

/** What endpoints are told from. */
export const CHARTED = ['mapInvasive', 'mapCuff', 'lactate', 'pao2', 'spo2', 'fio2', 'mechVent'] as const;
export type Charted = (typeof CHARTED)[number];
const CHARTED_AT = new Map(CHARTED.map((id) => [variableIndex(id), id]));

/** Names of what was computed at each moment of a stay. */
export const SIGNALS = [
  'model',
  ...FORECAST_IDS,
  'news2',
  'qsofa',
  'map',
  'spo2',
  'failing',
  'sofa',
  'criticalStates',
  'failingStates',
] as const;
export type SignalId = (typeof SIGNALS)[number];

/** Signals of rules that no model has a part in. */
const BEDSIDE = (['news2', 'sofa', 'criticalStates', 'failingStates'] as const).map((id) => ({
  id,
  of: signalOf(id).of,
}));

/** What an alarm that no rule raises is about: a state of the patient, by its grade, or what watches the patient. */
export type AlarmKind = Grade | 'technical';
export const ALARM_KINDS: readonly AlarmKind[] = ['critical', 'failing', 'technical'];

/** An alarm that no rule raised, as the engine gave it while the stay was replayed. Times in ms; it ends with the stay at the latest. */
export interface KeptAlarm {
  readonly kind: AlarmKind;
  /** The criterion, or the kind of notice. */
  readonly id: string;
  readonly time: EpochMs;
  readonly end: EpochMs;
}

/** Plausible values as they come in; see `chart`. */
export type ChartedRows = Record<Charted, [time: number, value: number][]>;

/** One stay as it was replayed: all that validation needs of it. */
export interface ObservedStay {
  readonly patientId: string;
  /** Tells readmissions apart. */
  readonly stayId: string;
  readonly wardId: string | null;
  readonly admittedAt: EpochMs;
  /** Discharge, or the newest event of a stay without one. */
  readonly endAt: EpochMs;
  /** Discharged; else the history ended first. */
  readonly isOver: boolean;
  readonly demographics: Readonly<Demographics>;
  /** Values used. */
  readonly observations: number;
  /** State and technical alarms, in order of time; alerts of rules can be told from the scores. */
  readonly alarms: readonly KeptAlarm[];
  /** When the model was evaluated, ascending. Shape [moments]. */
  readonly times: Float64Array;
  /**
   * The model's probabilities (`model`: of death; the others: of an onset), NEWS2 and qSOFA points, MAP in mmHg and SpO2 in %,
   * at most 4 h old. NaN where not known. `failing`: what is there of the failures foretold, as `FailureNow` tells it. Shapes [moments].
   */
  readonly signals: Readonly<Record<SignalId, Float64Array>>;
  /** Plausible values by time; implausible ones (a pressure of 0) raise scores as they would live, but make no labels. */
  readonly charted: Readonly<Record<Charted, Series>>;
}

/** A stay under way. It holds no reference to the patient's timeline, which would keep all of them in memory. */
interface OpenStay {
  readonly patientId: string;
  readonly stayId: string;
  wardId: string | null;
  readonly admittedAt: EpochMs;
  readonly demographics: Readonly<Demographics>;
  endAt: EpochMs;
  observations: number;
  /** By alert id. */
  readonly alarms: Map<string, { -readonly [field in keyof KeptAlarm]: KeptAlarm[field] }>;
  readonly times: number[];
  readonly signals: Record<SignalId, number[]>;
  readonly charted: ChartedRows;
  readonly failure: FailureNow;
}

/**
 * A sink that keeps what validation needs of every stay. Of a patient who comes again, a value is of the newest stay that had begun by
 * then. `onFinished` gets every stay as it ends; without it they are kept here.
 */
export class StayCollector implements Sink {
  readonly #onFinished: ((stay: ObservedStay) => void) | undefined;
  /** By stay id; discharged ones are packed. */
  readonly #open = new Map<string, OpenStay>();
  /** The same by patient, oldest first: two where one comes again before a batch is over. */
  readonly #ofPatient = new Map<string, OpenStay[]>();
  readonly #finished: ObservedStay[] = [];

  constructor(onFinished?: (stay: ObservedStay) => void) {
    this.#onFinished = onFinished;
  }

  async write({ admitted, observations, scores, alerts, discharged }: Outputs): Promise<void> {
    for (const patient of admitted) {
      const stay = openStay(patient);
      this.#open.set(patient.stayId, stay);
      const before = this.#ofPatient.get(patient.patientId);
      if (before === undefined) this.#ofPatient.set(patient.patientId, [stay]);
      else before.push(stay);
    }
    const ends = new Map(discharged.map(({ stayId, lastEventAt }) => [stayId, lastEventAt]));
    for (const { patientId, eventTime, observedAt, variables, values, verdicts } of observations) {
      const stay = this.#ofPatient.get(patientId)?.findLast(({ admittedAt }) => admittedAt <= eventTime);
      // What comes before the admission, or after a discharge in the same batch, was rejected.
      if (stay === undefined || eventTime > (ends.get(stay.stayId) ?? Number.POSITIVE_INFINITY)) continue;
      stay.endAt = Math.max(stay.endAt, eventTime);
      for (let index = 0; index < variables.length; index++) {
        if (verdicts !== null && verdicts[index] !== USED) continue;
        stay.observations++;
        chart(stay.charted, variables[index], values[index], observedAt);
      }
    }
    for (const score of scores) {
      const stay = this.#open.get(score.stayId);
      if (stay !== undefined) keep(stay, score);
    }
    for (const alert of alerts) {
      const stay = this.#open.get(alert.stayId);
      if (stay !== undefined) keepAlarm(stay, alert);
    }
    for (const { stayId, patientId, lastEventAt } of discharged) {
      const stay = this.#open.get(stayId);
      if (stay === undefined) continue;
      stay.endAt = Math.max(stay.endAt, lastEventAt);
      const finished = finish(stay, true);
      if (this.#onFinished === undefined) this.#finished.push(finished);
      else this.#onFinished(finished);
      this.#open.delete(stayId);
      const left = this.#ofPatient.get(patientId)?.filter((each) => each !== stay) ?? [];
      if (left.length === 0) this.#ofPatient.delete(patientId);
      else this.#ofPatient.set(patientId, left);
    }
  }

  /** The stays seen, by patient id; those not yet over end where they stand. */
  stays(): ObservedStay[] {
    return sorted([...this.#finished, ...this.open()]);
  }

  /** The stays that are not yet over, as they stand. */
  open(): ObservedStay[] {
    return [...this.#open.values()].map((stay) => finish(stay, false));
  }
}

/** By patient id, then admission: the order in which figures are computed, whoever scored the stays. */
export function sorted(stays: readonly ObservedStay[]): ObservedStay[] {
  return [...stays].sort((a, b) =>
    a.patientId < b.patientId ? -1 : a.patientId > b.patientId ? 1 : a.admittedAt - b.admittedAt,
  );
}

function openStay({ patientId, stayId, wardId, admittedAt, demographics }: PatientState): OpenStay {
  return {
    patientId,
    stayId,
    wardId,
    admittedAt,
    demographics,
    endAt: admittedAt,
    observations: 0,
    alarms: new Map(),
    times: [],
    signals: Object.fromEntries(SIGNALS.map((id) => [id, [] as number[]])) as Record<SignalId, number[]>,
    charted: emptyChart(),
    failure: new FailureNow(),
  };
}

export function emptyChart(): ChartedRows {
  return Object.fromEntries(CHARTED.map((id) => [id, [] as ChartedRows[Charted]])) as ChartedRows;
}

/** Adds a value if endpoints need it and it is plausible. */
export function chart(charted: ChartedRows, variable: number, value: number, time: EpochMs): void {
  const id = CHARTED_AT.get(variable);
  if (id === undefined) return;
  const [low, high] = VARIABLES[variable].plausible;
  if (value >= low && value <= high) charted[id].push([time, value]);
}

function keep(stay: OpenStay, score: Score): void {
  const { times, signals } = stay;
  const { eventTime, wardId, mortality, qsofa, values, ages } = score;
  stay.wardId = wardId;
  const recent = (index: number): number => (ages[index] <= MAX_VITAL_AGE_MS ? values[index] : Number.NaN);
  times.push(eventTime);
  signals.model.push(mortality);
  for (const id of FORECAST_IDS) signals[id].push(score[id] ?? Number.NaN);
  signals.qsofa.push(qsofa ?? Number.NaN);
  signals.map.push(Number.isNaN(recent(MAP_LINE)) ? recent(MAP_CUFF) : recent(MAP_LINE));
  signals.spo2.push(bedsideInputs(values, ages).spo2 ?? Number.NaN);
  for (const { id, of } of BEDSIDE) signals[id].push(of(score) ?? Number.NaN);
  signals.failing.push(stay.failure.see(values, ages, eventTime));
}

const CRITERION_GRADES = new Map(CRITERIA.map(({ id, grade }) => [id, grade]));

function keepAlarm({ alarms }: OpenStay, alert: AlertMessage): void {
  const { alertId, rule: id, state, sequence, eventTime: time } = alert;
  const kind = alert.class === 'technical' ? 'technical' : CRITERION_GRADES.get(id);
  if (kind === undefined) return;
  if (sequence === 0) alarms.set(alertId, { kind, id, time, end: Number.POSITIVE_INFINITY });
  const alarm = alarms.get(alertId);
  if (alarm !== undefined && state === 'RESOLVED') alarm.end = time;
}

/** Ascending in time. */
export function chartedSeries(charted: ChartedRows): Record<Charted, Series> {
  const series = Object.entries(charted).map(([id, rows]) => {
    const sorted = rows.sort((a, b) => a[0] - b[0]);
    const times = Float64Array.from(sorted, ([time]) => time);
    return [id, { times, values: Float64Array.from(sorted, ([, value]) => value) }];
  });
  return Object.fromEntries(series) as Record<Charted, Series>;
}

/** What of a stay is lists of numbers. */
export type StayLists = Pick<ObservedStay, 'times' | 'signals' | 'charted'>;

function finish(stay: OpenStay, isOver: boolean): ObservedStay {
  const { failure: _, ...rest } = stay;
  const charted = chartedSeries(stay.charted);
  const alarms = [...stay.alarms.values()]
    .map((alarm) => ({ ...alarm, end: Math.min(alarm.end, stay.endAt) }))
    .sort((a, b) => a.time - b.time || (a.id < b.id ? -1 : 1));
  return { ...rest, alarms, isOver, ...unpacked(pack(listsOf({ ...stay, charted }))) };
}

/** Times, signals and charted values one after the other. */
export function listsOf({
  times,
  signals,
  charted,
}: {
  readonly times: ArrayLike<number>;
  readonly signals: Readonly<Record<SignalId, ArrayLike<number>>>;
  readonly charted: Readonly<Record<Charted, Series>>;
}): ArrayLike<number>[] {
  return [
    times,
    ...SIGNALS.map((id) => signals[id]),
    ...CHARTED.flatMap((id) => [charted[id].times, charted[id].values]),
  ];
}

/** A stay's lists from lists in the order of `listsOf`. */
export function unpacked([times, ...rest]: readonly Float64Array[]): StayLists {
  const charted = CHARTED.map((id, index) => {
    const at = SIGNALS.length + 2 * index;
    return [id, { times: rest[at], values: rest[at + 1] }];
  });
  return {
    times,
    signals: Object.fromEntries(SIGNALS.map((id, index) => [id, rest[index]])) as ObservedStay['signals'],
    charted: Object.fromEntries(charted) as ObservedStay['charted'],
  };
}

/** A stay that holds its lists, wherever they are kept: spread, it has them too. */
export function inMemory(stay: ObservedStay): ObservedStay {
  const { times, signals, charted } = stay;
  return {
    ...stay,
    times,
    signals: Object.fromEntries(SIGNALS.map((id) => [id, signals[id]])) as ObservedStay['signals'],
    charted: Object.fromEntries(CHARTED.map((id) => [id, charted[id]])) as ObservedStay['charted'],
  };
}

/**
 * The hour at which `wardstream replay --stay` shows what had happened at a time, to a tenth: it counts from the patient's first
 * admission, be it of this stay or of one before.
 */
export function watchHours(
  stays: readonly ObservedStay[],
): (stay: Pick<ObservedStay, 'patientId'>, time: EpochMs) => number {
  const first = new Map<string, EpochMs>();
  for (const { patientId, admittedAt } of stays) {
    first.set(patientId, Math.min(admittedAt, first.get(patientId) ?? admittedAt));
  }
  return ({ patientId }, time) => Math.floor((10 * (time - first.get(patientId)!)) / HOUR_MS + 1) / 10;
}

/** Place of the last moment at or before a time, or −1. */
export function lastMoment(times: Float64Array, time: EpochMs): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle] <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
