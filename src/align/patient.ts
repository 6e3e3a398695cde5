import type { ClinicalEvent, EpochMs } from '../events/event.js';
import type { AdtMessage, Sex, UnitType } from '../events/messages.js';
import { RecentIds } from './recent-ids.js';
import { PatientTimeline, type StepGrid } from './timeline.js';

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

/** A stay that is over, remembered so that stragglers are told from a new stay. */
export interface DischargedStay {
  readonly patientId: string;
  readonly partition: number;
  readonly at: EpochMs;
  readonly appliedTo: AppliedTo | null;
}

/** What was last foretold of a patient, and when: what a page shows until the next score. */
export interface LastScore {
  readonly eventTime: EpochMs;
  readonly risk: number;
  readonly circulatory: number | null;
  readonly respiratory: number | null;
  readonly deterioration: number | null;
  readonly news2: number | null;
  readonly news2Missing: readonly string[];
  readonly qsofa: number | null;
}

/** In a stay's id between patient and admission. */
const AT = '@';

/** When the stay began; NaN where that is no stay's id. */
export function admissionOf(stayId: string): EpochMs {
  return Date.parse(stayId.slice(stayId.lastIndexOf(AT) + 1));
}

/** One stay of one patient: where they lie, who they are, and what was measured. */
export class PatientState {
  readonly patientId: string;
  /** Partition the patient's events come from. */
  readonly partition: number;
  readonly admittedAt: EpochMs;
  /** Tells readmissions apart. */
  readonly stayId: string;
  readonly timeline: PatientTimeline;
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

  /** A stay that begins with the event `first`. */
  constructor(
    first: Pick<ClinicalEvent, 'patientId' | 'partition' | 'eventTime'>,
    grid: StepGrid,
    dedupeWindow: number,
  ) {
    const { patientId, partition, eventTime: admittedAt } = first;
    this.patientId = patientId;
    this.partition = partition;
    this.admittedAt = admittedAt;
    this.stayId = `${patientId}${AT}${new Date(admittedAt).toISOString()}`;
    this.lastEventAt = admittedAt;
    this.timeline = new PatientTimeline(grid, admittedAt);
    this.recentIds = new RecentIds(dedupeWindow);
  }

  /** Takes over what an ADT message says; what it leaves null stays. */
  updateFrom(message: AdtMessage): void {
    this.wardId = message.wardId ?? this.wardId;
    this.bedId = message.bedId ?? this.bedId;
    const { demographics } = this;
    demographics.ageYears = message.ageYears ?? demographics.ageYears;
    demographics.sex = message.sex ?? demographics.sex;
    demographics.heightCm = message.heightCm ?? demographics.heightCm;
    demographics.weightKg = message.weightKg ?? demographics.weightKg;
    demographics.unitType = message.unitType ?? demographics.unitType;
  }
}
