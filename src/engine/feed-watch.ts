import type { NoticeBoard } from '../alerts/notices.js';
import type { PatientState } from '../align/patient.js';
import { VARIABLES } from '../clinical/variables.js';
import { MINUTE_MS, SECOND_MS } from '../durations.js';
import type { EpochMs, ObservationEvent } from '../events/event.js';
import { type Due, dueOf, type FeedLimits, silentVariables } from './feed-schedule.js';

export const FEED_SILENT = 'feed-silent';
export const FEEDS_SILENT = 'feeds-silent';

/** How often the vital signs of a patient come, and whether they have ceased. */
export interface FeedState {
  readonly patientId: string;
  /** How often the quickest comes, in milliseconds; null: too few have come to tell. */
  readonly usualMs: number | null;
  /** The feed is silent so long after its last value, in milliseconds. */
  readonly silentAfterMs: number;
  /** When its last value came (event time), where it is silent; null: it is not. */
  readonly silentSince: EpochMs | null;
  /** Ids of the variables that are silent, each by how often it comes itself. */
  readonly silent: readonly string[];
}

/** So often it is looked, by the time that the input tells. */
const LOOK_MS = SECOND_MS;
/** Found so often in a row before it is told: beds that fall silent together are one notice. */
const TIMES = 2;
/** Beds that fall silent within this are an outage, where they are at least so many and half of those that spoke. */
const TOGETHER_MS = MINUTE_MS;
const FEWEST_BEDS = 3;
/** A limit that moves by less is told no anew. */
const WORTH_TELLING = 0.25;

type Patients = readonly { readonly patientId: string }[];

/** What a batch led to; `feeds` is added to. */
export interface Noted {
  readonly observations: readonly ObservationEvent[];
  readonly discharged: Patients;
  readonly released: Patients;
  readonly silent: Patients;
  readonly feeds: FeedState[];
}

export interface FeedWatchOptions {
  readonly limits: FeedLimits;
  readonly patients: ReadonlyMap<string, PatientState>;
  /** Event time up to which all of a partition is processed: only then nothing having come is a silence. */
  readonly watermarks: ReadonlyMap<number, EpochMs>;
  readonly board: NoticeBoard;
  readonly onWarning: (message: string) => void;
}

interface Watched {
  version: number;
  due: Due | null;
  /** How far the newest values lay back when they came: of a sender whose clock is behind, they always do. */
  lagMs: number;
  /** When a variable may fall silent next. */
  nextAt: EpochMs;
  /** Looks in a row at which the feed was silent. */
  found: number;
  silentFrom: EpochMs;
  told: FeedState | null;
  isRaised: boolean;
}

/** A ward as of one look. */
interface WardLook {
  speaking: number;
  silent: Watched[];
  beds: [PatientState, Watched][];
}

/**
 * Watches that of each patient values go on to come. A feed is silent where all of its quickest variables are overdue, by how often
 * they come themselves; a patient of whom nothing was ever sent has none. It is told once a bed, or where most beds of a ward fall silent
 * together once for the ward.
 */
export class FeedWatch {
  readonly #options: FeedWatchOptions;
  readonly #watched = new Map<string, Watched>();
  /** Wards that are told of as a whole. */
  readonly #out = new Set<string>();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: FeedWatchOptions) {
    this.#options = options;
  }

  /** What a batch led to, once it is processed. */
  note(outputs: Noted): void {
    const { patients, watermarks } = this.#options;
    for (const { kind, patientId, isRepeated, partition } of outputs.observations) {
      const patient = patients.get(patientId);
      if (kind !== 'vitals' || isRepeated || patient === undefined) continue;
      const lag = (watermarks.get(partition) ?? Number.NEGATIVE_INFINITY) - patient.feed.newest;
      this.#of(patientId).lagMs = Math.max(0, lag);
    }
    for (const gone of [outputs.discharged, outputs.released, outputs.silent])
      for (const { patientId } of gone) this.#forget(patientId);
    const now = Math.max(...watermarks.values());
    if (!(now - this.#lookedAt >= LOOK_MS)) return;
    this.#lookedAt = now;
    this.#look(outputs.feeds);
  }

  #look(feeds: FeedState[]): void {
    const { patients, watermarks } = this.#options;
    const wards = new Map<string, WardLook>();
    for (const patient of patients.values()) {
      const now = watermarks.get(patient.partition) ?? Number.NEGATIVE_INFINITY;
      if (!Number.isFinite(now)) continue;
      const watched = this.#of(patient.patientId);
      const state = this.#judge(patient, watched, now);
      if (state !== null) feeds.push(state);
      if (watched.due === null) continue;
      const ward = wards.get(patient.wardId ?? '') ?? { speaking: 0, silent: [], beds: [] };
      wards.set(patient.wardId ?? '', ward);
      ward.beds.push([patient, watched]);
      if (watched.found === 0) ward.speaking++;
      else if (now - watched.silentFrom <= TOGETHER_MS || this.#out.has(patient.wardId ?? ''))
        ward.silent.push(watched);
    }
    for (const [wardId, ward] of wards) this.#tell(wardId, ward);
    for (const wardId of this.#out) if (!wards.has(wardId)) this.#end(wardId);
  }

  /** What is to be told of the patient; null where that is what was told. */
  #judge({ patientId, feed }: PatientState, watched: Watched, now: EpochMs): FeedState | null {
    const { limits } = this.#options;
    const isNew = watched.version !== feed.version;
    if (isNew) {
      watched.version = feed.version;
      watched.due = dueOf(feed, limits);
    }
    const { due, lagMs, told } = watched;
    if (due === null) return null;
    const isSilent = now > due.at + lagMs;
    if (isSilent && watched.found === 0) watched.silentFrom = now;
    watched.found = isSilent ? watched.found + 1 : 0;
    let silent = told?.silent ?? [];
    if (isNew || now > watched.nextAt + lagMs) {
      const looked = silentVariables(feed, now - lagMs, limits);
      watched.nextAt = looked.nextAt;
      const ids = looked.silent.map((each) => VARIABLES[each].id);
      if (ids.join() !== silent.join()) silent = ids;
    }
    const silentSince = watched.found >= TIMES ? due.last : null;
    const state = { patientId, usualMs: due.usualMs, silentAfterMs: due.afterMs, silentSince, silent };
    if (told !== null && isAlike(told, state)) return null;
    watched.told = state;
    return state;
  }

  #tell(wardId: string, { speaking, silent, beds }: WardLook): void {
    const { board, onWarning } = this.#options;
    const isMost = (count: number) => count >= FEWEST_BEDS && count >= speaking;
    const isKnown = this.#out.has(wardId);
    if (isKnown && !isMost(silent.length)) this.#end(wardId);
    if (!isKnown && isMost(silent.filter(({ found }) => found >= TIMES).length)) {
      this.#out.add(wardId);
      for (const [patient, watched] of beds) this.#over(patient.patientId, watched);
      const where = wardId === '' ? '' : ` of ${wardId}`;
      const what = 'othing comes any more of the monitors of';
      onWarning(`n${what} ${silent.length} of ${beds.length} beds${where}`);
      const detail = `N${what} most beds${where}. These patients are not watched: look at them and at their monitors, and have the interface that sends their values looked at.`;
      board.raise({
        kind: FEEDS_SILENT,
        subject: wardId,
        wardId: wardId || null,
        priority: 'HIGH',
        detail,
      });
    }
    for (const [patient, watched] of beds) {
      if (watched.found === 0) this.#over(patient.patientId, watched);
      else if (watched.found >= TIMES && !isMost(silent.length)) this.#raise(patient, watched);
    }
  }

  #raise({ patientId, wardId, bedId }: PatientState, watched: Watched): void {
    if (watched.isRaised || watched.due === null) return;
    const { board, onWarning } = this.#options;
    watched.isRaised = true;
    const { usualMs, afterMs } = watched.due;
    const usually = usualMs === null ? '' : `; usually some come every ${spanText(usualMs)}`;
    const what = `no vital sign has come for ${spanText(afterMs)}${usually}`;
    onWarning(`${bedId ?? patientId}: ${what}`);
    const detail = `N${what.slice(1)}. The patient is not watched: look at the patient and at the bedside monitor, and have its connection looked at.`;
    board.raise({ kind: FEED_SILENT, subject: patientId, patientId, wardId, priority: 'MEDIUM', detail });
  }

  #over(patientId: string, watched: Watched): void {
    if (!watched.isRaised) return;
    watched.isRaised = false;
    this.#options.board.clear(FEED_SILENT, patientId);
  }

  #end(wardId: string): void {
    this.#out.delete(wardId);
    this.#options.onWarning(`values of ${wardId === '' ? 'most beds' : `most beds of ${wardId}`} come again`);
    this.#options.board.clear(FEEDS_SILENT, wardId);
  }

  #of(patientId: string): Watched {
    const known = this.#watched.get(patientId);
    if (known !== undefined) return known;
    const watched: Watched = {
      version: -1,
      due: null,
      lagMs: 0,
      nextAt: Number.NEGATIVE_INFINITY,
      found: 0,
      silentFrom: Number.NaN,
      told: null,
      isRaised: false,
    };
    this.#watched.set(patientId, watched);
    return watched;
  }

  #forget(patientId: string): void {
    const watched = this.#watched.get(patientId);
    if (watched === undefined) return;
    this.#over(patientId, watched);
    this.#watched.delete(patientId);
  }
}

function isAlike(told: FeedState, state: FeedState): boolean {
  return (
    told.silentSince === state.silentSince &&
    told.silent === state.silent &&
    (told.usualMs === null) === (state.usualMs === null) &&
    Math.abs(told.silentAfterMs - state.silentAfterMs) <= WORTH_TELLING * told.silentAfterMs
  );
}

/** `12 s`, `3 min`, `2 h` */
function spanText(ms: number): string {
  if (ms < 2 * MINUTE_MS) return `${Math.round(ms / SECOND_MS)} s`;
  const minutes = Math.round(ms / MINUTE_MS);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
