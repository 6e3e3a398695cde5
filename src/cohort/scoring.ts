import { partitionOf } from '../bus/memory.js';
import { type ReplayPart, replayPart } from '../replay/replay.js';
import type { Config } from '../settings/config.js';
import { openSource } from '../sources/open-source.js';
import type { ReplaySource } from '../sources/source.js';
import { type ObservedStay, StayCollector } from './stays.js';
import { type Variant, withVariants } from './variants.js';

/** Stays to be scored: a source, or a share of its patients. Plain data, so that it can go to a worker thread. */
export interface ScoringJob {
  readonly from: string;
  /** Only the first so many stays of the source. */
  readonly patients?: number | undefined;
  /** A user's file over the table of codes. */
  readonly mapping?: string | undefined;
  readonly config: Config;
  /** Only patients whose id falls to this share. */
  readonly share?: { readonly index: number; readonly of: number };
  /** Patients already scored. */
  readonly known?: readonly string[];
  /** Only these patients, and only to count what the source has of them. */
  readonly counted?: readonly string[];
  /** Only these patients, each once in every variant. */
  readonly sample?: { readonly patients: readonly string[]; readonly variants: readonly Variant[] };
}

/** Counts by reason or code, as plain data. */
export type Tally = readonly (readonly [what: string, count: number])[];

/** What a source set aside, as plain data. */
export interface Aside {
  readonly unmapped: Tally;
  readonly values: Tally;
  readonly stays: Tally;
  readonly notes: Tally;
}

/** What came of a job besides its stays. */
export interface ScoredShare {
  readonly part: ReplayPart;
  readonly aside: Aside;
  /** Stays of the whole source. */
  readonly total: number;
  readonly hasClock: boolean;
  /** Stays that were not over when the source was. */
  readonly open: readonly ObservedStay[];
}

export interface ScoringHooks {
  /** Gets every stay when it is over. */
  readonly onStay: (stay: ObservedStay) => void;
  readonly onProgress?: ((patients: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Scores the stays of a job in this thread. */
export async function scoreHere(job: ScoringJob, hooks: ScoringHooks): Promise<ScoredShare> {
  const { config, sample, counted } = job;
  const source = sourceOf(job);
  const collector = new StayCollector(hooks.onStay);
  const replayed =
    sample === undefined ? source : withVariants(source, new Set(sample.patients), sample.variants);
  const part = await replayPart(replayed, {
    config,
    speed: 'max',
    sinks: counted === undefined ? [collector] : [],
    explainsAlerts: false,
    asksModel: counted === undefined,
    signal: hooks.signal,
    ...(hooks.onProgress === undefined ? {} : { onProgress: hooks.onProgress }),
  });
  return {
    part,
    aside: asideOf(source),
    total: source.total,
    hasClock: source.hasClock ?? true,
    open: collector.open(),
  };
}

function sourceOf({
  from,
  patients,
  mapping,
  config,
  share,
  known,
  counted,
  sample,
}: ScoringJob): ReplaySource {
  const done = new Set(known);
  const asked = sample?.patients ?? counted;
  const wanted = asked === undefined ? null : new Set(asked);
  const keep = (patientId: string) => {
    if (share !== undefined && partitionOf(`share ${patientId}`, share.of) !== share.index) return false;
    return (wanted === null || wanted.has(patientId)) && !done.has(patientId);
  };
  return openSource(from, patients, mapping, keep, config);
}

function asideOf({ ledger }: ReplaySource): Aside {
  const tally = (counts: ReadonlyMap<string, number> | undefined): Tally => [...(counts ?? [])];
  return {
    unmapped: tally(ledger?.unmapped),
    values: tally(ledger?.values),
    stays: tally(ledger?.stays),
    notes: tally(ledger?.notes),
  };
}
