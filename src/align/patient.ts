import type { Sofa } from '../clinical/sofa.js';
import type { AdtMessage, Sex, UnitType } from '../contract/messages.js';
import type { Outcomes } from '../contract/outcomes.js';
import type { ClinicalEvent, EpochMs } from '../events/event.js';
import { FeedTimes } from './feed-times.js';
import { NoteMemory } from './note-memory.js';
import { RecentIds } from './recent-ids.js';
import { PatientTimeline, type StepGrid } from './timeline.js';
import { Trust } from './trust.js';
import { type Place, placedBefore, type ToldPlace, Whereabouts } from './whereabouts.js';

/** What is known of a patient beyond measurements; null is unknown. */
export interface Demographics {
  ageYears: number | null;
  sex: Sex | null;
  heightCm: number | null;
  weightKg: number | null;
  unitType: UnitType | null;
}

/** Next offset of each topic in a patient's partition, as of some moment. */
export type AppliedTo = Readonly<Record<string, number>>;

/** In a stay's id between patient and its beginning. */
const AT = '@';
const DEMOGRAPHICS = ['ageYears', 'sex', 'heightCm', 'weightKg', 'unitType'] as const;

/** When the stay with this id began; NaN where that is no stay's id. */
export function openingOf(stayId: string): EpochMs {
  return Date.parse(stayId.slice(stayId.lastIndexOf(AT) + 1));
}

/** What of a patient an ADT message changed. */
export interface Changes {
  /** Ward, bed or admission. */
  readonly stay: boolean;
  readonly demographics: boolean;
}

/** What was last foretold of a patient, and when: what a page shows until the next score. */
export interface LastScore extends Outcomes {
  readonly eventTime: EpochMs;
  readonly news2: number | null;
  readonly news2Missing: readonly string[];
  readonly qsofa: number | null;
  /** Null: of a snapshot of an earlier version. */
  readonly sofa: Sofa | null;
}

/** What ADT messages told of a stay, as JSON has it; times that are not finite are null. */
export interface ToldFacts {
  readonly admittedAt: EpochMs;
  readonly earliest: EpochMs | null;
  readonly newestAdmission: EpochMs | null;
  /** Missing in older snapshots. */
  readonly newestTransfer?: EpochMs | null;
  readonly reopened: number;
  readonly places: readonly ToldPlace[];
  readonly demographics: Readonly<Record<keyof Demographics, EpochMs | null>>;
}

/** One stay of one patient: where they lie, who they are, and what was measured. */
export class PatientState {
  readonly patientId: string;
  /** Partition the patient's events come from. */
  readonly partition: number;
  /** Event time of the stay's first event, from which its steps count. */
  readonly openedAt: EpochMs;
  /** Tells readmissions apart. */
  readonly stayId: string;
  readonly timeline: PatientTimeline;
  /** What is known of how far values can be trusted. */
  readonly trust = new Trust();
  /** What notes stated. */
  readonly notes = new NoteMemory();
  /** When values came, and how often they do. */
  readonly feed = new FeedTimes();
  readonly recentIds: RecentIds;
  readonly demographics: Demographics = {
    ageYears: null,
    sex: null,
    heightCm: null,
    weightKg: null,
    unitType: null,
  };
  wardId: string | null = null;
  bedId: string | null = null;
  /** When the stay began: as an ADMIT told, or else with its first event. */
  admittedAt: EpochMs;
  /** What is older is of an earlier stay: an ADMIT tells. */
  earliest: EpochMs = Number.NEGATIVE_INFINITY;
  /** Event time of the newest ADMIT. */
  newestAdmission: EpochMs = Number.NEGATIVE_INFINITY;
  /** Event time of the newest TRANSFER: the patient was here then. */
  newestTransfer: EpochMs = Number.NEGATIVE_INFINITY;
  /** How often a discharge was taken back. */
  reopened = 0;
  /** Newest event time applied. */
  lastEventAt: EpochMs;
  lastScoreAt: EpochMs = Number.NEGATIVE_INFINITY;
  /** The newest score whose batch has run. */
  lastScore: LastScore | null = null;
  /** Event time at which a score has become due and waits for the rest of that moment's events; NaN: none. */
  scorePendingAt: EpochMs = Number.NaN;
  /** A late event changed the past since the last score. */
  revised = false;
  /** Of a patient from a snapshot: all before these offsets, by topic, is in it. */
  appliedTo: AppliedTo | null = null;
  readonly #whereabouts = new Whereabouts();
  /** When each demographic field was told last. */
  readonly #toldAt = new Map<keyof Demographics, EpochMs>();

  /** A stay that begins with the event `first`. */
  constructor(
    first: Pick<ClinicalEvent, 'patientId' | 'partition' | 'eventTime'>,
    grid: StepGrid,
    dedupeWindow: number,
  ) {
    const { patientId, partition, eventTime: openedAt } = first;
    this.patientId = patientId;
    this.partition = partition;
    this.openedAt = openedAt;
    this.admittedAt = openedAt;
    this.stayId = `${patientId}${AT}${new Date(openedAt).toISOString()}`;
    this.lastEventAt = openedAt;
    this.timeline = new PatientTimeline(grid, openedAt);
    this.recentIds = new RecentIds(dedupeWindow);
  }

  /**
   * Takes over what an ADT message says; what it leaves null stays, and so does what a newer one said, whatever the order in
   * which they came.
   */
  updateFrom(message: AdtMessage): Changes {
    const { wardId, bedId, admittedAt } = this;
    const { type, eventTime } = message;
    if (type === 'ADMIT') {
      this.newestAdmission = Math.max(this.newestAdmission, eventTime);
      if (eventTime <= this.openedAt) this.#beginAt(eventTime);
    }
    if (type === 'TRANSFER') this.newestTransfer = Math.max(this.newestTransfer, eventTime);
    this.#rememberPlace();
    if (this.#whereabouts.tell(message)) this.#takePlace();
    const isMoved = wardId !== this.wardId || bedId !== this.bedId;
    return { stay: isMoved || admittedAt !== this.admittedAt, demographics: this.#describe(message) };
  }

  /** An earlier stay ended at `time`, before this one's first event: what was told up to then was of that one. */
  beginAfter(time: EpochMs): Changes {
    const { wardId, bedId, admittedAt } = this;
    this.earliest = Math.max(this.earliest, time);
    if (this.admittedAt <= time) this.admittedAt = this.openedAt;
    this.#rememberPlace();
    this.#whereabouts.forgetUntil(time);
    this.#takePlace();
    const isMoved = wardId !== this.wardId || bedId !== this.bedId;
    return { stay: isMoved || admittedAt !== this.admittedAt, demographics: false };
  }

  /** Where the patient lay at a time; null where that is not known. */
  bedAt(time: EpochMs): string | null {
    return time >= this.#whereabouts.newest ? this.bedId : this.#whereabouts.bedAt(time);
  }

  /** What ADT messages told, for `restoreFacts`. */
  get facts(): ToldFacts {
    const { admittedAt, earliest, newestAdmission, newestTransfer, reopened } = this;
    const toldAt = DEMOGRAPHICS.map((field) => [field, this.#toldAt.get(field) ?? null]);
    return {
      admittedAt,
      earliest: finite(earliest),
      newestAdmission: finite(newestAdmission),
      newestTransfer: finite(newestTransfer),
      reopened,
      places: this.#whereabouts.told,
      demographics: Object.fromEntries(toldAt) as ToldFacts['demographics'],
    };
  }

  /** Continues from what was known; `facts` is missing in older snapshots. */
  restoreFacts(place: Place, demographics: Partial<Demographics>, facts: ToldFacts | undefined): void {
    this.wardId = place.wardId;
    this.bedId = place.bedId;
    Object.assign(this.demographics, demographics);
    if (facts === undefined) return;
    this.admittedAt = facts.admittedAt;
    this.earliest = facts.earliest ?? Number.NEGATIVE_INFINITY;
    this.newestAdmission = facts.newestAdmission ?? Number.NEGATIVE_INFINITY;
    this.newestTransfer = facts.newestTransfer ?? Number.NEGATIVE_INFINITY;
    this.reopened = facts.reopened;
    this.#whereabouts.restore(facts.places);
    for (const field of DEMOGRAPHICS) {
      const time = facts.demographics[field];
      if (time !== null) this.#toldAt.set(field, time);
    }
  }

  #beginAt(time: EpochMs): void {
    if (time < this.earliest) return;
    this.earliest = time;
    this.admittedAt = time;
  }

  /** A place that no message here told is from before them. */
  #rememberPlace(): void {
    if (this.#whereabouts.told.length === 0) this.#whereabouts.restore(placedBefore(this));
  }

  #takePlace(): void {
    const { wardId, bedId } = this.#whereabouts.place;
    this.wardId = wardId;
    this.bedId = bedId;
  }

  #describe(message: AdtMessage): boolean {
    let isChanged = false;
    for (const field of DEMOGRAPHICS) {
      const told = message[field];
      if (told === null || message.eventTime < (this.#toldAt.get(field) ?? Number.NEGATIVE_INFINITY))
        continue;
      this.#toldAt.set(field, message.eventTime);
      if (this.demographics[field] === told) continue;
      Object.assign(this.demographics, { [field]: told });
      isChanged = true;
    }
    return isChanged;
  }
}

function finite(time: EpochMs): EpochMs | null {
  return Number.isFinite(time) ? time : null;
}
