import type { Sofa } from '../clinical/sofa.js';
import type { PresentState } from '../clinical/state.js';

/** The records that say how it stands now, of patients and partitions, as they come out of the decoder. */

/** The last known value of a variable, in `unit`. */
export interface ValueNow {
  variable: string;
  value: number;
  unit: string;
  at: number;
}

/** A value that is not used, and why. */
export interface DoubtNow extends ValueNow {
  verdict: string;
  reason: string;
  words: string;
}

/** Where a note states something. */
interface StatementNow {
  at: number;
  noteId: string;
  sentence: string;
}

/** What notes stated of a patient, as far as it counts now. */
export interface ToldNow {
  values: ({ variable: string } & StatementNow)[];
  contradicted: ({ variable: string; value: number; measured: number; unit: string } & StatementNow)[];
  statuses: ({ text: string } & StatementNow)[];
}

/** What a ward shows of a patient now. */
export interface PatientNowMessage {
  patientId: string;
  stayId: string;
  wardId: string | null;
  bedId: string | null;
  admittedAt: number;
  ageYears: number | null;
  sex: string | null;
  eventTime: number;
  scoredAt: number | null;
  mortality: number | null;
  circulatory: number | null;
  hypotension: number | null;
  respiratory: number | null;
  sepsis: number | null;
  deterioration: number | null;
  mortalityTrend: number;
  mortalityHistory: { at: number; mortality: number }[];
  news2: number | null;
  news2Missing: string[];
  qsofa: number | null;
  sofa: Sofa | null;
  states: PresentState[];
  values: ValueNow[];
  doubted: DoubtNow[];
  told: ToldNow | null;
  silent: boolean;
  restored: boolean;
  feed: {
    usualMs: number | null;
    silentAfterMs: number;
    silentSince: number | null;
    silent: readonly string[];
  } | null;
  /** Alert records, encoded. */
  alerts: Buffer[];
  engine: string;
  partition: number;
  positions: Record<string, number>;
}

/** How it stands with a partition, as the engine that reads it says. */
export interface EngineNowMessage {
  engine: string;
  partition: number;
  epoch: number;
  time: number;
  /** `restoring`, `live`, `behind` or `unread`. */
  state: string;
  readThrough: number | null;
  eventTime: number | null;
  lagMs: number;
  patients: number;
}
