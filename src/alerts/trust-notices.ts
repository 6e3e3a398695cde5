import { isCriticalPressure } from '../clinical/state.js';
import { reasonCode, reasonOf } from '../clinical/trust.js';
import { VARIABLES, variableIndex } from '../clinical/variables.js';
import { PRIORITIES, type Priority } from '../contract/priorities.js';
import { MINUTE_MS } from '../durations.js';
import type { EpochMs } from '../events/event.js';
import type { NoticeBoard } from './notices.js';
import { PAST_MS } from './values-behind.js';

export const POSSIBLE_ARREST = 'possible-arrest';
export const POSSIBLE_APNOEA = 'possible-apnoea';
export const UNWATCHED = 'patient-unwatched';
export const NOT_USED = 'value-not-used';

/** What is not used of a patient's values as of a moment: all of it. */
export interface TrustState {
  readonly patientId: string;
  /** Null where it is not known. */
  readonly wardId: string | null;
  /** Event time of what was judged last. */
  readonly time: EpochMs;
  readonly doubts: readonly {
    readonly variable: number;
    readonly value: number;
    readonly at: EpochMs;
    readonly code: number;
    /** What the source says that contradicts it; NaN: nothing. */
    readonly against: number;
  }[];
  /** Since when the patient may be in cardiac arrest; null where nothing says so. */
  readonly mayBeArrestedSince: EpochMs | null;
  /** Since when the patient may not breathe; null where nothing says so. */
  readonly mayBeApnoeicSince: EpochMs | null;
  /** Nothing of what is told lately is used. */
  readonly isUnwatched: boolean;
}

type Patients = readonly { readonly patientId: string }[];
interface Noted {
  readonly trust: readonly TrustState[];
  readonly discharged: Patients;
  readonly released: Patients;
  readonly silent: Patients;
}

interface Telling {
  readonly kind: string;
  readonly priority: Priority;
  readonly detail: string;
}
/** A notice that is open, and since when (the clock) nothing asks for it; NaN: something does. */
interface Open extends Telling {
  unwantedSince: EpochMs;
}

/** So long nothing must ask for a notice before it ends: what comes and goes is one notice. Ours. */
const LASTS_MS = MINUTE_MS;
/** The same of apnoea: periodic breathing has cycles of one to two minutes. */
const APNOEA_LASTS_MS = 2 * MINUTE_MS;

/** Variables of one probe, cuff or line. */
const SOURCES: readonly (readonly [name: string, prefix: RegExp])[] = [
  ['arterial line', /^(sbp|dbp|map)Invasive$/],
  ['cuff', /^(sbp|dbp|map)Cuff$/],
];
const SOURCE_OF = VARIABLES.map(({ id }) => SOURCES.find(([, pattern]) => pattern.test(id))?.[0] ?? id);

const RESP_RATE = variableIndex('respRate');
const OTHER_BED = reasonCode('other-bed');
const CONTRADICTED = reasonCode('contradicted');
/** Of breaths: that there are none, or that none is read. */
const BREATHLESS = new Set(['no-reading', 'maybe-apnoea'].map(reasonCode));
/** Reasons for which somebody has to look before long. */
const MEDIUM = new Set(['contradicted', 'unit', 'maybe-unit', 'lead-off'].map(reasonCode));
const HIGH = new Set(['other-patient', 'other-bed', 'swapped'].map(reasonCode));

/**
 * Values that are not used, told to staff as technical notices: one a patient and probe, until it is read again; one for all where
 * nobody can be watched by what comes; and at once one of the highest priority where it may be an arrest. They are what the newest
 * state says, so a restart tells them again. They raise no clinical alert and resolve none. A notice ends once nothing has asked for it for
 * a minute or two, so that a lead that is loose, or breaths that pause, are one notice.
 */
export class TrustNotices {
  readonly #board: NoticeBoard;
  readonly #lagOf: (patientId: string) => number;
  /** By patient and subject, what is open. */
  readonly #open = new Map<string, Map<string, Open>>();
  /** Patients of whom something is open that nothing asks for any more. */
  readonly #ending = new Set<string>();

  /** `lagOf` tells how far (ms) the clock of a patient's monitor is known to be behind. */
  constructor(board: NoticeBoard, lagOf: (patientId: string) => number = () => 0) {
    this.#board = board;
    this.#lagOf = lagOf;
  }

  /** Takes note of what is not used; `now` is the clock's time. The end of the watch over a patient ends its notices. */
  note({ trust, discharged, released, silent }: Noted, now: EpochMs): void {
    for (const state of trust) this.#show(state, now);
    for (const { patientId } of [...discharged, ...released, ...silent]) this.#endAll(patientId);
    for (const patientId of this.#ending) this.#endDue(patientId, now);
  }

  #show(state: TrustState, now: EpochMs): void {
    const { patientId, wardId, time } = state;
    const isPast = time + this.#lagOf(patientId) < now - PAST_MS;
    const wanted = isPast ? new Map<string, Telling>() : tellingsOf(state);
    const open = this.#open.get(patientId) ?? new Map<string, Open>();
    for (const [subject, telling] of open) {
      if (wanted.has(subject)) telling.unwantedSince = Number.NaN;
      else if (Number.isNaN(telling.unwantedSince)) telling.unwantedSince = now;
      if (Number.isNaN(telling.unwantedSince)) continue;
      this.#ending.add(patientId);
      // Each value that is not used is in the one for all.
      if (state.isUnwatched && telling.kind === NOT_USED) this.#end(open, subject);
    }
    for (const [subject, telling] of wanted) {
      const before = open.get(subject);
      if (before !== undefined && rankOf(before.priority) >= rankOf(telling.priority)) continue;
      const { kind, priority, detail } = telling;
      // A graver one takes its place.
      this.#board.clear(kind, subject);
      open.set(subject, { ...telling, unwantedSince: Number.NaN });
      this.#board.raise({ kind, subject, wardId, patientId, priority, detail });
    }
    if (open.size > 0) this.#open.set(patientId, open);
    else this.#open.delete(patientId);
  }

  /** Ends what nothing has asked for long enough. */
  #endDue(patientId: string, now: EpochMs): void {
    const open = this.#open.get(patientId) ?? new Map<string, Open>();
    let isWaiting = false;
    for (const [subject, { kind, unwantedSince }] of open) {
      const lasts = kind === POSSIBLE_APNOEA ? APNOEA_LASTS_MS : LASTS_MS;
      if (now - unwantedSince >= lasts) this.#end(open, subject);
      else if (!Number.isNaN(unwantedSince)) isWaiting = true;
    }
    if (!isWaiting) this.#ending.delete(patientId);
    if (open.size === 0) this.#open.delete(patientId);
  }

  #endAll(patientId: string): void {
    const open = this.#open.get(patientId);
    for (const subject of open?.keys() ?? []) this.#end(open!, subject);
    this.#open.delete(patientId);
  }

  #end(open: Map<string, Open>, subject: string): void {
    const { kind } = open.get(subject)!;
    open.delete(subject);
    this.#board.clear(kind, subject);
  }
}

/** The notices that a state asks for, by subject. */
function tellingsOf({
  patientId,
  doubts,
  mayBeArrestedSince,
  mayBeApnoeicSince,
  isUnwatched,
}: TrustState): Map<string, Telling> {
  const wanted = new Map<string, Telling>();
  if (mayBeArrestedSince !== null) {
    wanted.set(`${patientId}/arrest`, {
      kind: POSSIBLE_ARREST,
      priority: 'HIGH',
      detail:
        'No heart beat, no pressure or no pulse is seen: cardiac arrest, or the ECG or the line is off. Look at the patient now.',
    });
  }
  if (mayBeApnoeicSince !== null) {
    wanted.set(`${patientId}/apnoea`, {
      kind: POSSIBLE_APNOEA,
      priority: 'HIGH',
      detail: 'No breath is seen: apnoea, or the breaths are not read. Look at the patient now.',
    });
  }
  if (isUnwatched) {
    const what = [...new Set(doubts.map(({ variable }) => VARIABLES[variable].label))].join(', ');
    const isElsewhere = doubts.some(({ code }) => code === OTHER_BED);
    const bed = isElsewhere ? ' The monitor says that it is at another bed than the patient.' : '';
    wanted.set(`${patientId}/all`, {
      kind: UNWATCHED,
      priority: 'HIGH',
      detail: `Nobody can be watched like this: nothing of what comes is used (${what}).${bed} Look at the patient, the probes and the monitor.`,
    });
    return wanted;
  }
  for (const doubt of doubts) {
    const { variable } = doubt;
    const subject = `${patientId}/${SOURCE_OF[variable]}`;
    const known = wanted.get(subject);
    const priority = priorityOf(doubt);
    if (known !== undefined && rankOf(known.priority) >= rankOf(priority)) continue;
    wanted.set(subject, { kind: NOT_USED, priority, detail: detailOf(doubt) });
  }
  return wanted;
}

type Doubt = TrustState['doubts'][number];

function priorityOf(doubt: Doubt): Priority {
  const { variable, code } = doubt;
  if (HIGH.has(code) || isCriticalAgainst(doubt)) return 'HIGH';
  if (MEDIUM.has(code) || isBreathless(variable, code)) return 'MEDIUM';
  return 'LOW';
}

function isBreathless(variable: number, code: number): boolean {
  return variable === RESP_RATE && BREATHLESS.has(code);
}

/** Whether a pressure would be a critical state were it not for another source, which may be the wrong one. */
function isCriticalAgainst({ variable, value, code }: Doubt): boolean {
  return code === CONTRADICTED && isCriticalPressure(variable, value);
}

function rankOf(priority: Priority): number {
  return PRIORITIES.indexOf(priority);
}

function detailOf(doubt: Doubt): string {
  const { variable, value, code, against } = doubt;
  const apnoea = isBreathless(variable, code) ? ' It may be apnoea.' : '';
  const what = `${VARIABLES[variable].label} ${shown(variable, value)} is not used: ${reasonOf(code).words}`;
  const other = Number.isNaN(against) ? '' : `, and the other one says ${shown(variable, against)}`;
  const toDo = isCriticalAgainst(doubt)
    ? 'It would be critical. Look at the patient now, and measure again.'
    : 'Look at the patient and the device.';
  return `${what}${other}.${apnoea} ${toDo}`;
}

function shown(variable: number, value: number): string {
  const { unit, decimals } = VARIABLES[variable];
  return `${Number(value.toFixed(decimals))} ${unit}`;
}
